"""Endpoints that list payments: those behind a sum of the cash flow or of spending, or of a
series."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from graph.api.past_view import PastView
from graph.api.question_view import DatedQuestion, Question, described
from graph.api.shapes import series_serializers
from graph.api.shapes import summed_serializers as shapes
from graph.errors import NotFound
from graph.questions import cash_flow, relationships, search, series, spend


class CashFlowPaymentsView(PastView, Question):
    query = shapes.CashFlowPaymentsQuery

    @described(
        shapes.CashFlowPaymentsQuery,
        shapes.SummedAnswer,
        may_be_missing=True,
        name="graph_cash_flow_payments",
    )
    def get(self, request: Request) -> Response:
        """The payments that a sum of the cash flow counts, newest first."""
        parameters, tenant = self.parameters(request), self.tenant(request)
        most, offset = parameters.pop("limit"), parameters.pop("offset")
        payments = cash_flow.payments_of(tenant, **parameters)
        return _page(tenant, payments, most, offset)


class SpendPaymentsView(PastView, DatedQuestion):
    query = shapes.SpendPaymentsQuery

    @described(
        shapes.SpendPaymentsQuery,
        shapes.SummedAnswer,
        may_be_missing=True,
        name="graph_spend_payments",
    )
    def get(self, request: Request) -> Response:
        """The payments that a sum of spending counts, newest first."""
        parameters, tenant = self.dated(request), self.tenant(request)
        most, offset = parameters.pop("limit"), parameters.pop("offset")
        name, party = parameters.pop("name", None), parameters.pop("party", None)
        if party is not None:
            name = _name(tenant, party)
        group = (name, None if party is None else str(party), parameters.pop("currency"))
        return _page(tenant, spend.payments_of(tenant, group, **parameters), most, offset)


@extend_schema(parameters=[OpenApiParameter("relationship_id", OpenApiTypes.UUID, "path")])
class SeriesView(DatedQuestion):
    query = series_serializers.SeriesQuery

    @described(
        series_serializers.SeriesQuery,
        series_serializers.SeriesAnswer,
        may_be_missing=True,
        name="graph_series",
    )
    def get(self, request: Request, relationship_id: str) -> Response:
        """The recurring series of a payment: its payments, its prices, and what is expected."""
        answer = series.series(self.tenant(request), relationship_id, **self.dated(request))
        return Response(series_serializers.SeriesAnswer(answer).data)


def _name(user_id: UUID, party: UUID) -> str:
    entities = search.entities_of(user_id, [party])
    if not entities:
        raise NotFound("There is no such entity in your graph.", "party")
    return str(entities[0]["name"])


def _page(user_id: UUID, payments: list[dict[str, Any]], most: int, offset: int) -> Response:
    """Return the page of these payments, as the relationships that they are."""
    end = offset + most
    ids = [UUID(row["id"]) for row in payments[offset:end]]
    answer = {
        "count": len(payments),
        "results": relationships.with_ids(user_id, ids),
        "next": end if end < len(payments) else None,
    }
    return Response(shapes.SummedAnswer(answer).data)
