"""Decides which scope of a token or session a request needs."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

from graph.http.scopes import READ, REVIEW, SYNC, allowed


class Scoped(IsAuthenticated):
    """Requires a scope of the token or session: read for safe methods, else the view's `scope`.

    A view without `scope` requires sync.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        needed = getattr(view, "scope", None) or (READ if request.method in SAFE_METHODS else SYNC)
        if request.method in SAFE_METHODS and needed == REVIEW:
            needed = READ
        credentials: Any = request.auth
        self.message = f"{credentials.called} does not have the scope {needed}."
        return needed in allowed(credentials.scopes)
