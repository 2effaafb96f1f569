"""The API's schema, generated once per format.

Generating it takes half a second of processor time, and anybody may request it.
"""

from threading import Lock
from typing import Any, cast

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

_lock = Lock()
_made: dict[str, tuple[bytes, dict[str, str]]] = {}


class SchemaView(SpectacularAPIView):
    """drf-spectacular's view with a cache. Only the format changes the schema; it has no languages
    or versions."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        form = request.accepted_renderer.format
        with _lock:
            if form not in _made:
                _made[form] = self._rendered(request, *args, **kwargs)
            body, headers = _made[form]
        return HttpResponse(body, headers=headers)

    def _rendered(
        self, request: Request, *args: Any, **kwargs: Any
    ) -> tuple[bytes, dict[str, str]]:
        response: Response = cast(Any, super()).get(request, *args, **kwargs)  # untyped
        self.finalize_response(request, response)
        response.render()
        header_names = ("Content-Type", "Content-Disposition")
        return response.content, {name: response[name] for name in header_names if name in response}
