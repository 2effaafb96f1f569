"""The base of all question endpoints: their schema and their time limit."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from graph.api import conditional
from graph.api.conditional import Versioned
from graph.api.shapes import graph_serializers as shapes
from graph.api.shapes.common_serializers import Answer, NoQuery, Problem, StrictQuery
from graph.database import deadlines
from graph.questions import days
from graph.view import version as view_version
from graph.view.version import StateChanged

PROBLEMS = {
    400: OpenApiResponse(description="A parameter is invalid; the response names it"),
    401: OpenApiResponse(Problem, description="No token, or an invalid one"),
    503: OpenApiResponse(
        Problem, description="The view cannot be read, or the question took too long"
    ),
}
NOT_FOUND = {404: OpenApiResponse(description="Not in your graph")}


HEAVY: dict[int, Any] = {
    202: OpenApiResponse(
        shapes.QuestionAnswer,
        description="A worker answers it. Location is the address, Retry-After the seconds",
    ),
    422: OpenApiResponse(description="A worker reached its time limit. Narrow the question"),
    429: OpenApiResponse(
        description="Too many requests, or too many of your questions are being answered"
    ),
}
PREFER = OpenApiParameter(
    "Prefer",
    str,
    OpenApiParameter.HEADER,
    description="respond-async (RFC 7240): let a worker answer it, even if it is small",
)


def described[View: Callable[..., Response]](
    query: type[StrictQuery],
    answer: type[Answer],
    *,
    name: str,
    may_be_missing: bool = False,
    heavy: bool = False,
) -> Callable[[View], View]:
    """Return a decorator that declares the schema of a question: its parameters, answer and
    errors."""
    responses = {
        200: conditional.of(answer),
        **conditional.NOT_MODIFIED,
        **PROBLEMS,
        **(NOT_FOUND if may_be_missing else {}),
        **(HEAVY if heavy else {}),
    }
    described_by: Callable[[View], View]
    parameters: list[Any] = [] if query is NoQuery else [query]
    parameters += [conditional.IF_NONE_MATCH, *([PREFER] if heavy else [])]
    described_by = extend_schema(operation_id=name, parameters=parameters, responses=responses)
    return described_by


class Question(Versioned):
    """The base of endpoints of questions. A request has at most `QUESTIONS["request_seconds"]`
    seconds.

    A request first relies on the state that the process remembers, so that one statement checks the
    state and reads the answer. If the state is another one now, the request is answered once more
    from the state that it reads itself.
    """

    may_assume = True

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with deadlines.seconds(settings.QUESTIONS["request_seconds"]):
            if self.may_assume:
                with suppress(StateChanged), view_version.seen_once(may_assume=True):
                    return super().dispatch(request, *args, **kwargs)
            with view_version.seen_once():
                return super().dispatch(request, *args, **kwargs)


class DatedQuestion(Question):
    """A question whose answer depends on today's date in the tenant's time zone.

    A stored answer is valid on that day only.
    """

    today: date

    def read_version(self, user_id: UUID) -> str:
        self.today, version = days.today_and_version(user_id)
        self.day = self.today
        return version

    def variant(self) -> str:
        return f"-{self.today.isoformat()}{super().variant()}"

    def dated(self, request: Request) -> dict[str, Any]:
        """Return the validated parameters, and under `today` the tenant's current date, or the day
        of the past that is read."""
        parameters = self.parameters(request)
        return {"today": getattr(self, "past_today", None) or self.today, **parameters}
