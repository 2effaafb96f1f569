"""Who signs in with a password: users are read as the owner, for the application's role sees no
password."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from finley.models import User
from graph.database.role import as_owner


class PasswordBackend(ModelBackend):
    """Django's, with every query run as the owner."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,
    ) -> User | None:
        with as_owner():
            user = super().authenticate(request, username=username, password=password, **more)
        return user if isinstance(user, User) else None

    def get_user(self, user_id: Any) -> User | None:
        with as_owner():
            user = super().get_user(user_id)
        return user if isinstance(user, User) else None
