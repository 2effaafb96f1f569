"""Endpoints of people's decisions about parties, predictions and cases of double payments."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from graph.api.idempotent_view import IdempotentView
from graph.api.past_view import PastView
from graph.api.question_view import NOT_FOUND, PROBLEMS
from graph.api.shapes import case_serializers as of_cases
from graph.api.shapes import decision_serializers as shapes
from graph.api.shapes.common_serializers import AsOfQuery, NoQuery
from graph.api.tenant_view import TenantView
from graph.http.scopes import REVIEW
from graph.models.choices import ResolutionDecision
from graph.questions import cases
from graph.questions.decisions import case_decisions, predictions, resolutions
from graph.questions.rows import merge_preview

OF_ROWS = {status: PROBLEMS[status] for status in (400, 401)}
MEANWHILE = {409: OpenApiResponse(description="Somebody has decided it since you looked")}


def person(request: Request) -> str:
    """Return the name that histories show for the user who decides: the e-mail address if there is
    one."""
    return str(getattr(request.user, "email", request.user))


def following(offset: int, limit: int, count: int) -> int | None:
    """Return the `offset` of the page after this one of a list with `count` rows, or None if this
    page is the last."""
    return offset + limit if offset + limit < count else None


class ResolutionsView(IdempotentView):
    query = shapes.ResolutionsQuery
    scope = REVIEW

    @extend_schema(
        operation_id="graph_resolutions",
        summary="Pairs of entities that may be one party",
        parameters=[shapes.ResolutionsQuery],
        responses={200: shapes.ResolutionsAnswer, **OF_ROWS},
    )
    def get(self, request: Request) -> Response:
        """Pairs of entities that may be one party, with the requested decision: open, merged or
        kept apart."""
        fields = self.parameters(request)
        most, offset = fields["limit"], fields["offset"]
        pairs, count = resolutions.listed(
            self.tenant(request), ResolutionDecision(fields["decided"]), most=most, offset=offset
        )
        answer = {"count": count, "results": pairs, "next": following(offset, most, count)}
        return Response(shapes.ResolutionsAnswer(answer).data)

    @extend_schema(
        operation_id="graph_resolutions_decide_parties",
        summary="Merge any two parties, or keep them apart",
        request=shapes.PartiesDecisionBody,
        responses={200: shapes.PairDecisionAnswer, **OF_ROWS, **NOT_FOUND, **MEANWHILE},
    )
    def post(self, request: Request) -> Response:
        """Decide whether any two vendors, customers or employees are one party."""
        self.parameters(request, NoQuery)
        fields = shapes.PartiesDecisionBody(data=request.data).checked()
        pair = resolutions.one_party(
            self.tenant(request), fields["one"], fields["other"], fields["decision"],
            by=person(request), seen=fields.get("seen"),
        )  # fmt: skip
        return Response(shapes.PairDecisionAnswer({"pair": pair}).data)


class MergePreviewView(TenantView):
    query = shapes.PreviewQuery

    @extend_schema(
        operation_id="graph_resolutions_preview",
        summary="What merging two parties would bring together",
        parameters=[shapes.PreviewQuery],
        responses={200: shapes.MergePreviewAnswer, **PROBLEMS, **NOT_FOUND},
    )
    def get(self, request: Request) -> Response:
        """The rows, sums and spellings of two parties, of each and together. Nothing is changed."""
        answer = merge_preview.preview(self.tenant(request), **self.parameters(request))
        return Response(shapes.MergePreviewAnswer(answer).data)


@extend_schema(parameters=[OpenApiParameter("pair_id", OpenApiTypes.UUID, "path")])
class ResolutionView(IdempotentView):
    scope = REVIEW

    @extend_schema(
        operation_id="graph_resolution_decide",
        summary="Merge a pair, keep it apart, or undo a decision",
        request=shapes.PairDecisionBody,
        responses={200: shapes.PairDecisionAnswer, **OF_ROWS, **NOT_FOUND, **MEANWHILE},
    )
    def post(self, request: Request, pair_id: str) -> Response:
        """Merge the pair, keep it apart, or undo the decision on it."""
        self.parameters(request)
        fields = shapes.PairDecisionBody(data=request.data).checked()
        pair = resolutions.decide(
            self.tenant(request),
            pair_id,
            fields["decision"],
            seen=fields.get("seen"),
            by=person(request),
        )
        return Response(shapes.PairDecisionAnswer({"pair": pair}).data)


class PredictionsView(TenantView):
    query = shapes.PredictionsQuery

    @extend_schema(
        operation_id="graph_predictions",
        summary="Expected payments that a person has dismissed",
        parameters=[shapes.PredictionsQuery],
        responses={200: shapes.PredictionsAnswer, **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        """Expected payments that a person has dismissed (`dismiss`), because they will not come.

        insights/prediction/ has the predictions that are still expected.
        """
        fields = self.parameters(request)
        most, offset = fields["limit"], fields["offset"]
        rows, count = predictions.dismissed(self.tenant(request), most=most, offset=offset)
        answer = {"count": count, "results": rows, "next": following(offset, most, count)}
        return Response(shapes.PredictionsAnswer(answer).data)


@extend_schema(parameters=[OpenApiParameter("prediction_id", OpenApiTypes.UUID, "path")])
class PredictionView(IdempotentView):
    scope = REVIEW

    @extend_schema(
        operation_id="graph_prediction_decide",
        summary="Dismiss an expected payment, or expect it again",
        request=shapes.PredictionDecisionBody,
        responses={200: shapes.PredictionAnswer, **PROBLEMS, **NOT_FOUND, **MEANWHILE},
    )
    def post(self, request: Request, prediction_id: str) -> Response:
        """Dismiss a prediction (`dismiss`), or expect the payment again (`expect`).

        If several sources saw the payment, all their predictions get the same decision.
        """
        self.parameters(request)
        fields = shapes.PredictionDecisionBody(data=request.data).checked()
        answer = predictions.decide(
            self.tenant(request), prediction_id, fields["action"], by=person(request)
        )
        return Response(shapes.PredictionAnswer(answer).data)


class CasesView(PastView):
    query = of_cases.CasesQuery

    @extend_schema(
        operation_id="graph_cases",
        parameters=[of_cases.CasesQuery],
        responses={200: of_cases.CasesAnswer, **OF_ROWS},
    )
    def get(self, request: Request) -> Response:
        """Possible double payments, each listed once, with the totals at risk and recovered."""
        answer = cases.cases(self.tenant(request), **self.parameters(request))
        return Response(of_cases.CasesAnswer(answer).data)


@extend_schema(parameters=[OpenApiParameter("case_id", OpenApiTypes.UUID, "path")])
class CaseView(PastView):
    query = AsOfQuery

    @extend_schema(
        operation_id="graph_case",
        parameters=[AsOfQuery],
        responses={200: of_cases.CaseDetailAnswer, **OF_ROWS, **NOT_FOUND},
    )
    def get(self, request: Request, case_id: str) -> Response:
        """One case with all its rows in all sources, and its history."""
        self.parameters(request)
        answer = cases.case(self.tenant(request), case_id)
        return Response(of_cases.CaseDetailAnswer(answer).data)


@extend_schema(parameters=[OpenApiParameter("case_id", OpenApiTypes.UUID, "path")])
class DecisionView(IdempotentView):
    scope = REVIEW

    @extend_schema(
        operation_id="graph_case_decide",
        request=of_cases.DecisionBody,
        responses={
            200: of_cases.CaseDetailAnswer,
            **OF_ROWS,
            **NOT_FOUND,
            **MEANWHILE,
        },
    )
    def post(self, request: Request, case_id: str) -> Response:
        """Confirm, dismiss, recover, reopen, assign or note a case. Returns the case's new
        state."""
        self.parameters(request)
        decision = of_cases.DecisionBody(data=request.data).checked()
        answer = case_decisions.decide(
            self.tenant(request),
            case_id,
            decision.pop("action"),
            by=person(request),
            **decision,
        )
        return Response(of_cases.CaseDetailAnswer(answer).data)
