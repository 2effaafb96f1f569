"""Endpoints of questions that may be heavy. They return the answer, or the URL of a worker's
answer."""

import json
from typing import ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from graph.api import computations
from graph.api.computations import Computation
from graph.api.problems import response
from graph.api.question_view import NOT_FOUND, PROBLEMS, Question, described
from graph.api.shapes import graph_serializers as shapes
from graph.api.shapes import path_serializers
from graph.api.shapes.common_serializers import NoQuery
from graph.api.tenant_view import TenantView
from graph.http.problems import urn
from graph.http.scopes import READ
from graph.models import AskedQuestion
from graph.models.choices import QuestionFailure, QuestionStatus
from graph.models.questions import ACTIVE
from graph.questions import entities
from graph.questions.heavy import deferred
from graph.questions.heavy.deferred import QuestionKey
from graph.reading import cursors
from graph.view import version as view_version

ASYNC = "respond-async"
POLL = "2"  # seconds until the next poll
AGAIN = "60"  # seconds until a retry after a failure of the server
_SEEN = {code: PROBLEMS[code] for code in (400, 401)}


class Computed(Question):
    """The base of endpoints that compute a question on the whole graph, or leave it to a worker.

    `asks` is the question. A request computes it if its estimated steps are few.
    """

    asks: ClassVar[Computation]

    def computed(self, request: Request, **of_path: str) -> Response:
        parameters = {**self.parameters(request), **of_path}
        user_id, asks = self.tenant(request), self.asks
        view_version.confirm(user_id)
        preferred = _prefers_a_worker(request)
        if not preferred and asks.light(user_id, parameters, self.version):
            return Response(asks.compute(user_id, parameters))
        key = QuestionKey(asks.name, asks.as_text(parameters), self.version)
        question = deferred.known(user_id, key)
        if question is None:
            for field in asks.entities:
                entities.representative(
                    user_id, parameters[field], "id" if field in of_path else field
                )
            if not preferred and asks.light_when_narrowed(user_id, parameters, self.version):
                return Response(asks.compute(user_id, parameters))
            question = deferred.accept(user_id, key)
        return _response(question, preferred)


def _prefers_a_worker(request: Request) -> bool:
    """Return whether the client sent `Prefer: respond-async` (RFC 7240)."""
    preferences = request.headers.get("Prefer", "").split(",")
    return any(word.partition(";")[0].strip().lower() == ASYNC for word in preferences)


def _response(question: AskedQuestion, preferred: bool) -> Response:
    """Return the response to a question that a worker answers: 200 with the answer if it is done,
    202 with its URL in Location if it is not, or a problem if it failed.

    `preferred` says that the client sent `Prefer: respond-async`.
    """
    where = reverse("graph-question", [question.pk])
    applied = {"Preference-Applied": ASYNC} if preferred else {}
    if question.status == QuestionStatus.DONE:
        return Response(json.loads(question.answer or ""), headers={"Content-Location": where})
    if question.status == QuestionStatus.FAILED:
        return _failed(question)
    headers = {"Location": where, "Retry-After": POLL, **applied}
    return Response(shapes.QuestionAnswer(question).data, status.HTTP_202_ACCEPTED, headers=headers)


def _failed(question: AskedQuestion) -> Response:
    question_id = str(question.pk)
    if question.failure == QuestionFailure.TOO_LONG:
        return response(422, question.error, type=urn("took-too-long"), question=question_id)
    return response(503, question.error, headers={"Retry-After": AGAIN}, question=question_id)


class StatsView(Computed):
    asks = computations.STATS

    @described(NoQuery, shapes.StatsAnswer, heavy=True, name="graph_stats")
    def get(self, request: Request) -> Response:
        """Key figures of the whole graph: nodes, edges, degree, density, components, and edges by
        layer."""
        return self.computed(request)


class PathsView(Computed):
    asks = computations.PATH
    query = path_serializers.PathsQuery

    @described(
        path_serializers.PathsQuery,
        path_serializers.PathAnswer,
        may_be_missing=True,
        heavy=True,
        name="graph_path",
    )
    def get(self, request: Request) -> Response:
        """The shortest path between two entities, with the relationships it takes."""
        return self.computed(request)


class KShortestView(Computed):
    asks = computations.K_SHORTEST
    query = path_serializers.KShortestQuery

    @described(
        path_serializers.KShortestQuery,
        path_serializers.KShortestAnswer,
        may_be_missing=True,
        heavy=True,
        name="graph_k_shortest",
    )
    def get(self, request: Request) -> Response:
        """The k shortest paths between two entities, without repeated entities."""
        return self.computed(request)


@extend_schema(parameters=[OpenApiParameter("entity_id", OpenApiTypes.UUID, "path")])
class NeighbourhoodView(Computed):
    asks = computations.NEIGHBOURHOOD
    query = path_serializers.NeighbourhoodQuery

    @described(
        path_serializers.NeighbourhoodQuery,
        path_serializers.NeighbourhoodAnswer,
        may_be_missing=True,
        heavy=True,
        name="graph_neighbourhood",
    )
    def get(self, request: Request, entity_id: str) -> Response:
        """The entities within a number of edges of an entity, and the relationships among them."""
        return self.computed(request, entity=entity_id)


class ImportanceView(Computed):
    asks = computations.IMPORTANCE
    query = shapes.ImportanceQuery

    @described(shapes.ImportanceQuery, shapes.ImportanceAnswer, heavy=True, name="graph_importance")
    def get(self, request: Request) -> Response:
        """The most important entities by a centrality."""
        return self.computed(request)


class CommunitiesView(Computed):
    asks = computations.COMMUNITIES
    query = shapes.CommunitiesQuery

    @described(
        shapes.CommunitiesQuery, shapes.CommunitiesAnswer, heavy=True, name="graph_communities"
    )
    def get(self, request: Request) -> Response:
        """Groups of entities that deal with one another more than with the rest."""
        return self.computed(request)


QUESTION_ID = OpenApiParameter("question_id", OpenApiTypes.UUID, "path")


class QuestionsView(TenantView):
    query = shapes.QuestionsQuery

    @extend_schema(
        operation_id="graph_questions_list",
        parameters=[shapes.QuestionsQuery],
        responses={200: shapes.QuestionsAnswer, **_SEEN},
    )
    def get(self, request: Request) -> Response:
        """Your questions that a worker answers or has answered, the newest first."""
        parameters = self.parameters(request)
        rows, following = deferred.listed(
            self.tenant(request),
            status=parameters.get("status"),
            most=parameters["limit"],
            after=parameters.get("cursor"),
        )
        answer = {"results": rows, "next": cursors.cursor(following)}
        return Response(shapes.QuestionsAnswer(answer).data)


@extend_schema(parameters=[QUESTION_ID])
class QuestionView(TenantView):
    scope = READ  # a person who may ask a question may also cancel it

    @extend_schema(
        operation_id="graph_questions_read",
        responses={200: shapes.QuestionDetailAnswer, **_SEEN, **NOT_FOUND},
    )
    def get(self, request: Request, question_id: str) -> Response:
        """The state of a question that a worker answers, and the answer once there is one."""
        self.parameters(request)
        question = deferred.get(self.tenant(request), question_id)
        waits = {"Retry-After": POLL} if question.status in ACTIVE else {}
        return Response(shapes.QuestionDetailAnswer(question).data, headers=waits)

    @extend_schema(
        operation_id="graph_questions_forget",
        responses={
            204: OpenApiResponse(description="It ends within seconds; an answer is deleted"),
            **_SEEN,
            **NOT_FOUND,
        },
    )
    def delete(self, request: Request, question_id: str) -> Response:
        """Cancel a question, or delete its answer. A repeated question is then computed again."""
        self.parameters(request)
        deferred.forget(self.tenant(request), question_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
