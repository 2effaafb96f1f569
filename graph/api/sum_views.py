"""Questions with sums over HTTP: cash flow, open items."""

from rest_framework.request import Request
from rest_framework.response import Response

from graph.api import sum_serializers as sums
from graph.api.common_serializers import NoQuery
from graph.api.question_view import DatedQuestion, Question, described
from graph.questions import cash_flow, open_items, reconcile, spend


class CashFlowView(DatedQuestion):
    query = sums.CashFlowQuery

    @described(sums.CashFlowQuery, sums.CashFlowAnswer, may_be_missing=True, name="graph_cash_flow")
    def get(self, request: Request) -> Response:
        """Money in and out by month and currency, what is owed, and the predicted months."""
        answer = cash_flow.cash_flow(self.tenant(request), **self.dated(request))
        return Response(sums.CashFlowAnswer(answer).data)


class OpenItemsView(DatedQuestion):
    query = sums.OpenItemsQuery

    @described(
        sums.OpenItemsQuery, sums.OpenItemsAnswer, may_be_missing=True, name="graph_open_items"
    )
    def get(self, request: Request) -> Response:
        """Invoices, credit notes, refunds and payments that are not used up, by age."""
        answer = open_items.open_items(self.tenant(request), **self.dated(request))
        return Response(sums.OpenItemsAnswer(answer).data)


class ReconcileView(Question):
    @described(NoQuery, sums.ReconcileAnswer, name="graph_reconcile")
    def get(self, request: Request) -> Response:
        """Opening + movements = closing, for each account and month with a running balance."""
        self.parameters(request)
        return Response(sums.ReconcileAnswer(reconcile.reconcile(self.tenant(request))).data)


class SpendView(DatedQuestion):
    query = sums.SpendQuery

    @described(sums.SpendQuery, sums.SpendAnswer, may_be_missing=True, name="graph_spend")
    def get(self, request: Request) -> Response:
        """What was paid by party, department or category, and how that changed."""
        answer = spend.spend(self.tenant(request), **self.dated(request))
        return Response(sums.SpendAnswer(answer).data)
