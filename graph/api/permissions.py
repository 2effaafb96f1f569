"""Who may: whoever shows a token with the scope that it takes."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

from graph.http.scopes import READ, SYNC


class Scoped(IsAuthenticated):
    """The token has the view's `scope`; without one: read to ask, sync to do."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        needed = getattr(view, "scope", None) or (READ if request.method in SAFE_METHODS else SYNC)
        token: Any = request.auth
        self.message = f"This token has not the scope {needed}."
        return needed in token.scopes
