"""Whoever writes payments says so here, in the same transaction: the layers are to follow."""

from uuid import UUID

from django.db.backends.utils import CursorWrapper

from graph import sql


def books_changed(cursor: CursorWrapper, user_id: UUID) -> None:
    """Enrichment is wanted: a worker's duty, or `manage.py enrich`, sees to it."""
    cursor.execute(sql.read("enrich_requests/wanted"), {"user_id": user_id})
