"""Permissions by the scopes of tokens."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

from graph.http.scopes import READ, SYNC


class Scoped(IsAuthenticated):
    """The token must have the view's `scope`; by default read for safe methods, else sync."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        needed = getattr(view, "scope", None) or (READ if request.method in SAFE_METHODS else SYNC)
        token: Any = request.auth
        self.message = f"This token does not have the scope {needed}."
        return needed in token.scopes
