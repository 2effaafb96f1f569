"""Password sign-in. Users are read as the owner, because the application's role cannot read
passwords."""

from typing import Any

from django.http import HttpRequest

from finley.auth.sign_in import LimitedBackend
from finley.models import User
from graph.database.role import as_owner


class PasswordBackend(LimitedBackend):
    """LimitedBackend with every query run as the owner."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,
    ) -> User | None:
        with as_owner():
            return super().authenticate(request, username, password, **more)

    def get_user(self, user_id: Any) -> User | None:
        with as_owner():
            user = super().get_user(user_id)
        return user if isinstance(user, User) else None
