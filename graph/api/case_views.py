"""Cases over HTTP: the list, one of them, and what people decide."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from graph.api import sum_serializers as sums
from graph.api.decision_views import MEANWHILE, person
from graph.api.idempotent_view import Repeatable
from graph.api.question_view import NOT_FOUND, PROBLEMS
from graph.api.tenant_view import Asked
from graph.http.scopes import REVIEW
from graph.questions import cases

OF_ROWS = {status: PROBLEMS[status] for status in (400, 401)}


class CasesView(Asked):
    query = sums.CasesQuery

    @extend_schema(
        operation_id="graph_cases",
        parameters=[sums.CasesQuery],
        responses={200: sums.CasesAnswer, **OF_ROWS},
    )
    def get(self, request: Request) -> Response:
        """Possible double payments, each told once, and what is at risk and recovered in all."""
        answer = cases.cases(self.tenant(request), **self.parameters(request))
        return Response(sums.CasesAnswer(answer).data)


@extend_schema(parameters=[OpenApiParameter("case_id", OpenApiTypes.UUID, "path")])
class CaseView(Asked):
    @extend_schema(
        operation_id="graph_case", responses={200: sums.CaseDetailAnswer, **OF_ROWS, **NOT_FOUND}
    )
    def get(self, request: Request, case_id: str) -> Response:
        """One case with all its rows in all sources, and its history."""
        self.parameters(request)
        answer = cases.case(self.tenant(request), case_id)
        return Response(sums.CaseDetailAnswer(answer).data)


@extend_schema(parameters=[OpenApiParameter("case_id", OpenApiTypes.UUID, "path")])
class DecisionView(Repeatable):
    scope = REVIEW

    @extend_schema(
        operation_id="graph_case_decide",
        request=sums.DecisionBody,
        responses={
            200: sums.CaseDetailAnswer,
            **OF_ROWS,
            **NOT_FOUND,
            **MEANWHILE,
        },
    )
    def post(self, request: Request, case_id: str) -> Response:
        """Confirm, dismiss, recover, reopen, assign or note: the case as it is then."""
        self.parameters(request)
        decision = sums.DecisionBody(data=request.data).checked()
        answer = cases.decide(
            self.tenant(request),
            case_id,
            decision.pop("action"),
            by=person(request),
            **decision,
        )
        return Response(sums.CaseDetailAnswer(answer).data)
