"""The webhook endpoint for Nango, authenticated by a signature instead of a token."""

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from graph.api.problems import response
from graph.api.shapes.common_serializers import Problem
from syncjobs import webhook_events
from syncjobs.api import serializers as shapes
from syncjobs.api.bodies import decoded, raw
from syncjobs.nango import signed

HEADER = "X-Nango-Hmac-Sha256"
UNSIGNED = f"{HEADER} is not the body's signature with the webhook signing key."
NO_KEY = "The server has no webhook signing key. Set NANGO_WEBHOOK_KEY."


class NangoView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="webhooks_nango",
        auth=[],
        parameters=[
            OpenApiParameter(
                HEADER,
                OpenApiTypes.STR,
                "header",
                required=True,
                description="The hex HMAC-SHA256 of the raw body",
            )
        ],
        request=OpenApiTypes.OBJECT,
        responses={
            200: shapes.HintAnswer,
            400: OpenApiResponse(Problem, description="The body is not a JSON object"),
            401: OpenApiResponse(Problem, description="No signature, or an invalid one"),
            413: OpenApiResponse(Problem, description="The body is larger than 1 MiB"),
            503: OpenApiResponse(Problem, description="The server has no webhook signing key"),
        },
    )
    def post(self, request: Request) -> Response:
        """Receive an event from Nango. A sync then finds out whether it is true."""
        key = settings.NANGO["webhook_key"]
        if not key:
            return response(503, NO_KEY)
        body = raw(request)
        if not signed(body, request.headers.get(HEADER), key):
            challenge = {"WWW-Authenticate": HEADER}
            return response(401, UNSIGNED, headers=challenge)
        event = decoded(body)
        if not isinstance(event, dict):
            raise ParseError("The body must be a JSON object.")
        return Response(shapes.HintAnswer(webhook_events.take(webhook_events.read(event))).data)
