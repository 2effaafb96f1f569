"""Stores the sessions of the pages and the admin as the owner's rows.

The application's role, which reads tenants' rows, can neither read nor write a session. So an
injected SQL statement cannot give its author another user's session.
"""

from typing import Any
from uuid import UUID

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from graph.database.role import as_owner


class SessionStore(db.SessionStore):
    """Django's database sessions, with every query run as the owner."""

    def load(self) -> dict[str, Any]:
        with as_owner():
            return super().load()

    def exists(self, session_key: str) -> bool:
        with as_owner():
            return super().exists(session_key)

    def save(self, must_create: bool = False) -> None:
        with as_owner():
            super().save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        with as_owner():
            super().delete(session_key)

    @classmethod
    def clear_expired(cls) -> None:
        with as_owner():
            super().clear_expired()


def end(person_id: UUID, *, but: str | None = None) -> int:
    """Delete the person's sessions except the one with the key `but`. Return their number. A
    session names its person only inside its data, so all are read."""
    with as_owner():
        ended = [
            session.pk
            for session in Session.objects.iterator()
            if session.pk != but and session.get_decoded().get("_auth_user_id") == str(person_id)
        ]
        Session.objects.filter(pk__in=ended).delete()
    return len(ended)
