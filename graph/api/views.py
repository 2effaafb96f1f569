"""Endpoints of questions: entities, relationships, layers, explanations, cash flow, what is due,
open or spent, and the check of payments. The tenant comes from the authentication only."""

import json
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from graph.api.json_object import JsonObject
from graph.api.past_view import PastView
from graph.api.question_view import PROBLEMS, DatedQuestion, Question, described
from graph.api.shapes import check_serializers as checks
from graph.api.shapes import due_serializers, list_serializers
from graph.api.shapes import graph_serializers as shapes
from graph.api.shapes import sum_serializers as sums
from graph.api.shapes.common_serializers import Answer, AsOfQuery
from graph.api.shapes.request_fields import entity_cursor
from graph.api.tenant_view import TenantView
from graph.database import deadlines
from graph.errors import QuestionError
from graph.http.scopes import READ
from graph.layers import BY_NAME
from graph.questions import (
    cash_flow,
    check,
    days,
    entities,
    explain,
    grouped_sums,
    insights,
    open_items,
    reconcile,
    relationships,
    search,
    source_names,
    spend,
    whole_graph,
)
from graph.questions.expected import due
from graph.reading import cursors, json_rows

ENTITY_FIELDS = tuple(list_serializers.FoundEntity().fields)


class Listed(Question):
    """A question whose answer is one page of a list.

    A client may name the fields of a row that it wants; without names, rows have all fields.
    """

    def page(
        self, answer: type[Answer], rows: list[Any], sparse: list[str] | None, **more: Any
    ) -> Response:
        body = dict(answer({"results": rows, **more}).data)
        if sparse:
            body["results"] = [{name: row[name] for name in sparse} for row in body["results"]]
        return Response(body)


class EntitiesView(Listed):
    query = list_serializers.EntitiesQuery

    @described(
        list_serializers.EntitiesQuery, list_serializers.EntitiesAnswer, name="graph_entities"
    )
    def get(self, request: Request) -> Response:
        """Find entities by name, best match first, or by their ids, in the order of the ids."""
        parameters = self.parameters(request)
        sparse, after = parameters.pop("fields", None), parameters.pop("cursor", None)
        tenant, text = self.tenant(request), parameters.pop("search")
        if ids := parameters.pop("ids", None):
            page = search.EntityPage(search.entities_of(tenant, ids), {}, None)
        else:
            page = search.entities(tenant, text, **parameters, after=after)
        # The rows are plain values already, so no serializer is needed to write them.
        names = sparse or ENTITY_FIELDS
        rows = [{name: row[name] for name in names} for row in page.entities]
        following = entity_cursor(page.following)
        return Response({"results": rows, "kinds": page.kinds, "next": following})


@extend_schema(parameters=[OpenApiParameter("entity_id", OpenApiTypes.UUID, "path")])
class EntityView(PastView, Question):
    query = list_serializers.PartyQuery

    @described(
        list_serializers.PartyQuery,
        list_serializers.PartyAnswer,
        may_be_missing=True,
        name="graph_entity",
    )
    def get(self, request: Request, entity_id: str) -> Response:
        """One entity and its counterparties."""
        parameters, tenant = self.parameters(request), self.tenant(request)
        if written := entities.as_json(tenant, entity_id, **parameters):
            return Response(JsonObject(written))
        answer = entities.party(tenant, entity_id, **parameters)
        return Response(list_serializers.PartyAnswer(answer).data)


@extend_schema(parameters=[OpenApiParameter("entity_id", OpenApiTypes.UUID, "path")])
class SimilarView(Question):
    query = list_serializers.SimilarQuery

    @described(
        list_serializers.SimilarQuery,
        list_serializers.SimilarAnswer,
        may_be_missing=True,
        name="graph_similar",
    )
    def get(self, request: Request, entity_id: str) -> Response:
        """Entities of the same kind with the same counterparties, most similar first."""
        rows = entities.similar(self.tenant(request), entity_id, **self.parameters(request))
        return Response(list_serializers.SimilarAnswer({"results": rows}).data)


class RelationshipsView(PastView, Listed):
    query = list_serializers.RelationshipsQuery

    @described(
        list_serializers.RelationshipsQuery,
        list_serializers.RelationshipsAnswer,
        name="graph_relationships",
    )
    def get(self, request: Request) -> Response:
        """Relationships by type, party, time, amount and layers; or their sums by group."""
        parameters, tenant = self.parameters(request), self.tenant(request)
        sparse, most = parameters.pop("fields", None), parameters.pop("limit")
        after, order = parameters.pop("cursor", None), parameters.pop("order")
        group = parameters.pop("group", None)
        rows: list[Any] = []
        sums, following = None, None
        if group:
            sums = grouped_sums.groups(tenant, parameters, group, most=most)
        elif order == "newest":
            at = None if after is None else _position(after)
            if page := relationships.as_json(tenant, parameters, most=most, after=at):
                return _page_response(page, sparse, groups=None)
            rows, beyond_it = relationships.relationships(tenant, parameters, most=most, after=at)
            following = cursors.cursor(beyond_it)
        else:
            rows, following = relationships.ordered(
                tenant, parameters, order, most=most, after=after
            )
        shape = list_serializers.RelationshipsAnswer
        return self.page(shape, rows, sparse, groups=sums, next=following)


def _page_response(page: json_rows.Page, sparse: list[str] | None = None, **more: Any) -> Response:
    """Return the response with a page whose rows the database has written as JSON.

    Of each row it has the fields in `sparse`, or all if that is None. Beside `results` it has the
    fields of `more`, and `next`, the cursor of the next page.
    """
    rows = page.rows
    if sparse:
        some = [{name: row[name] for name in sparse} for row in json.loads(rows)]
        rows = json.dumps(some, ensure_ascii=False, separators=(",", ":"))
    results = JsonObject(f'{{"results":{rows}}}')
    return Response(results.beside(**more, next=cursors.cursor(page.following)))


def _position(text: str) -> cursors.Position:
    """Return the position that a cursor encodes. Raises QuestionError for a text that is no
    cursor."""
    try:
        return cursors.position(text)
    except ValueError:
        raise QuestionError(
            "This is not a cursor. Use the `next` of an answer.", "cursor"
        ) from None


@extend_schema(parameters=[OpenApiParameter("layer", OpenApiTypes.STR, "path", enum=list(BY_NAME))])
class InsightsView(PastView, DatedQuestion):
    query = shapes.InsightsQuery

    @described(
        shapes.InsightsQuery, shapes.InsightsAnswer, may_be_missing=True, name="graph_insights"
    )
    def get(self, request: Request, layer: str) -> Response:
        """The rows of one layer with their evidence, newest relationships first."""
        parameters = self.dated(request)
        most, after = parameters.pop("limit"), parameters.pop("cursor", None)
        tenant, today = self.tenant(request), parameters["today"]
        dated = {"today": today, "books": days.reach(tenant, today)}
        if page := insights.as_json(tenant, layer, **parameters, most=most, after=after):
            return _page_response(page, **dated)
        rows, following = insights.insights(tenant, layer, **parameters, most=most, after=after)
        answer = {**dated, "results": rows, "next": cursors.cursor(following)}
        return Response(shapes.InsightsAnswer(answer).data)


@extend_schema(parameters=[OpenApiParameter("relationship_id", OpenApiTypes.UUID, "path")])
class RelationshipView(PastView, DatedQuestion):
    query = list_serializers.TodayQuery

    @described(
        list_serializers.TodayQuery,
        list_serializers.RelationshipDetailAnswer,
        may_be_missing=True,
        name="graph_relationship",
    )
    def get(self, request: Request, relationship_id: str) -> Response:
        """One relationship with its nine layers."""
        tenant, dated = self.tenant(request), self.dated(request)
        if written := json_rows.one(tenant, relationship_id, **dated):
            return Response(JsonObject(source_names.in_json(tenant, written)).beside(**dated))
        answer = whole_graph.relationship(tenant, relationship_id, **dated)
        return Response(list_serializers.RelationshipDetailAnswer(answer).data)


@extend_schema(parameters=[OpenApiParameter("relationship_id", OpenApiTypes.UUID, "path")])
class ExplainView(PastView, DatedQuestion):
    query = list_serializers.TodayQuery

    @described(
        list_serializers.TodayQuery,
        list_serializers.ExplainAnswer,
        may_be_missing=True,
        name="graph_explain",
    )
    def get(self, request: Request, relationship_id: str) -> Response:
        """Why a relationship exists: its layers, the rows and evidence behind them, and a text."""
        answer = explain.explain(self.tenant(request), relationship_id, **self.dated(request))
        return Response(list_serializers.ExplainAnswer(answer).data)


class CashFlowView(PastView, DatedQuestion):
    query = sums.CashFlowQuery

    @described(sums.CashFlowQuery, sums.CashFlowAnswer, may_be_missing=True, name="graph_cash_flow")
    def get(self, request: Request) -> Response:
        """Money in and out by month and currency, what is owed, and the predicted months."""
        answer = cash_flow.written(self.tenant(request), **self.dated(request))
        expected = sums.ExpectedMonth(answer.pop("expected"), many=True).data
        texts = (f'"{name}":{answer.pop(name)}' for name in ("months", "obligations"))
        return Response(JsonObject(f"{{{','.join(texts)}}}").beside(**answer, expected=expected))


class DueView(PastView, DatedQuestion):
    query = due_serializers.DueQuery

    @described(due_serializers.DueQuery, due_serializers.DueAnswer, name="graph_due")
    def get(self, request: Request) -> Response:
        """Recurring payments that are due until a day, every occurrence of each, with sums."""
        parameters = self.dated(request)
        until = parameters.pop("until", None) or due.last_day(parameters["today"])
        if status := parameters.pop("status", None):
            parameters["statuses"] = (status,)
        answer = due.due_until(self.tenant(request), until, **parameters)
        end = parameters["offset"] + parameters["limit"]
        following = end if end < answer["count"] else None
        return Response(due_serializers.DueAnswer({**answer, "next": following}).data)


class OpenItemsView(PastView, DatedQuestion):
    query = sums.OpenItemsQuery

    @described(
        sums.OpenItemsQuery, sums.OpenItemsAnswer, may_be_missing=True, name="graph_open_items"
    )
    def get(self, request: Request) -> Response:
        """Invoices, credit notes, refunds and payments that are not used up, by age."""
        answer = open_items.open_items(self.tenant(request), **self.dated(request))
        return Response(sums.OpenItemsAnswer(answer).data)


class ReconcileView(PastView, Question):
    query = AsOfQuery

    @described(AsOfQuery, sums.ReconcileAnswer, name="graph_reconcile")
    def get(self, request: Request) -> Response:
        """Opening + movements = closing, for each account and month with a running balance."""
        self.parameters(request)
        return Response(sums.ReconcileAnswer(reconcile.reconcile(self.tenant(request))).data)


class SpendView(PastView, DatedQuestion):
    query = sums.SpendQuery

    @described(sums.SpendQuery, sums.SpendAnswer, may_be_missing=True, name="graph_spend")
    def get(self, request: Request) -> Response:
        """What was paid by party, department or category, and how that changed."""
        answer = spend.spend(self.tenant(request), **self.dated(request))
        return Response(sums.SpendAnswer(answer).data)


class CheckView(TenantView):
    """Checks payments without storing anything, so the scope read is enough.

    It stores no answers by Idempotency-Key either: a repeated check uses the current books.
    """

    scope = READ

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with deadlines.seconds(settings.QUESTIONS["request_seconds"]):
            return super().dispatch(request, *args, **kwargs)

    @extend_schema(
        operation_id="graph_check",
        request=checks.CheckBody,
        responses={
            200: OpenApiResponse(checks.CheckAnswer),
            **{status: PROBLEMS[status] for status in (400, 401, 503)},
        },
    )
    def post(self, request: Request) -> Response:
        """Check payments before they are made: paid already, probably a duplicate, new bank
        details, an unusual amount, not expected, or fine. Nothing is stored."""
        self.parameters(request)
        body = checks.CheckBody(data=request.data)
        body.is_valid(raise_exception=True)
        payments = body.validated_data["payments"]
        candidates = [checks.candidate(one, number) for number, one in enumerate(payments, 1)]
        answer = check.check(
            self.tenant(request), candidates, source=body.validated_data.get("source")
        )
        return Response(checks.CheckAnswer(answer).data)
