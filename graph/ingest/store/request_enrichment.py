"""Requests enrichment in the transaction that writes payments."""

from uuid import UUID

from django.db.backends.utils import CursorWrapper

from graph import sql


def books_changed(cursor: CursorWrapper, user_id: UUID) -> None:
    """Record that the tenant's books have changed, so that a worker or `manage.py enrich` computes
    the layers again.

    It is part of the caller's transaction.
    """
    cursor.execute(sql.read("enrich_requests/wanted"), {"user_id": user_id})
