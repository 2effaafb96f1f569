"""The MCP endpoint /mcp, and the metadata about its tokens (RFC 9728)."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from finley.auth.authentication import TokenAuthentication
from finley.mcp import origins
from finley.mcp.session_manager import SESSIONS
from graph.database import deadlines
from graph.http.scopes import READ


@extend_schema(exclude=True)
class McpView(APIView):
    """Answers one MCP message per POST. The token's scopes and rate limit, the time limit of a
    question and the limits of concurrent requests apply as in the API."""

    authentication_classes = [TokenAuthentication]
    scope = READ

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with deadlines.seconds(settings.QUESTIONS["request_seconds"]):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        origins.check(request._request)
        super().initial(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """The response to an exception. A refused token's response says where the tokens are
        described."""
        response = super().handle_exception(exc)
        if response.status_code == 401:
            described = self.request.build_absolute_uri(reverse("mcp-metadata"))
            response["WWW-Authenticate"] = f'Bearer resource_metadata="{described}", scope="{READ}"'
        return response

    def post(self, request: Request) -> HttpResponse:
        plain: Any = request._request
        return SESSIONS.answer(plain, plain.tenant_id)


@require_safe
def metadata(request: HttpRequest) -> JsonResponse:
    """The metadata of the protected resource: tokens are made on finley's account page, and there
    is no authorization server."""
    return JsonResponse(
        {
            "resource": request.build_absolute_uri(reverse("mcp")),
            "resource_name": "finley",
            "bearer_methods_supported": ["header"],
            "scopes_supported": [READ],
            "resource_documentation": request.build_absolute_uri(reverse("account")),
        },
        headers={"Access-Control-Allow-Origin": "*"},
    )
