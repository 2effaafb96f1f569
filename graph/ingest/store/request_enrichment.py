"""Requests enrichment in the transaction that writes payments."""

from uuid import UUID

from django.db.backends.utils import CursorWrapper

from graph import sql


def books_changed(cursor: CursorWrapper, user_id: UUID) -> None:
    """Request enrichment; a worker's periodic task or `manage.py enrich` does it."""
    cursor.execute(sql.read("enrich_requests/wanted"), {"user_id": user_id})
