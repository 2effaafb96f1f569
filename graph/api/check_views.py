"""Payments before they are made, over HTTP."""

from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from graph.api import check_serializers as shapes
from graph.api.idempotent_view import Repeatable
from graph.api.question_view import PROBLEMS
from graph.database import deadlines
from graph.http.scopes import READ
from graph.questions import check


class CheckView(Repeatable):
    """Compares only: a token that may read is enough."""

    scope = READ

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with deadlines.seconds(settings.QUESTIONS["request_seconds"]):
            return super().dispatch(request, *args, **kwargs)

    @extend_schema(
        operation_id="graph_check",
        request=shapes.CheckBody,
        responses={
            200: OpenApiResponse(shapes.CheckAnswer),
            **{status: PROBLEMS[status] for status in (400, 401, 503)},
        },
    )
    def post(self, request: Request) -> Response:
        """Payments before they are made: paid already, probably a duplicate, new bank details, an
        unusual amount, not expected, or fine. Nothing is stored."""
        self.parameters(request)
        body = shapes.CheckBody(data=request.data)
        body.is_valid(raise_exception=True)
        payments = body.validated_data["payments"]
        candidates = [shapes.candidate(one, number) for number, one in enumerate(payments, 1)]
        answer = check.check(
            self.tenant(request), candidates, source=body.validated_data.get("source")
        )
        return Response(shapes.CheckAnswer(answer).data)
