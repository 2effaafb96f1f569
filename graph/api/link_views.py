"""Endpoints of people's decisions about links between rows."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from graph.api.decision_views import MEANWHILE, person
from graph.api.idempotent_view import IdempotentView
from graph.api.question_view import NOT_FOUND, PROBLEMS
from graph.api.shapes import link_serializers as shapes
from graph.api.tenant_view import TenantView
from graph.http.scopes import REVIEW
from graph.questions.rows import link_decisions


@extend_schema(parameters=[OpenApiParameter("relationship_id", OpenApiTypes.UUID, "path")])
class LinkDecisionView(IdempotentView):
    scope = REVIEW

    @extend_schema(
        operation_id="graph_relationship_decide",
        summary="Take a wrong link apart, or take that back",
        request=shapes.LinkDecisionBody,
        responses={200: shapes.LinkAnswer, **PROBLEMS, **NOT_FOUND, **MEANWHILE},
    )
    def post(self, request: Request, relationship_id: str) -> Response:
        """Say that the two rows of a link are not the same, or do not belong together.

        If the link took them for one payment, sums count both at once. Later enrichments keep the
        decision.
        """
        self.parameters(request)
        fields = shapes.LinkDecisionBody(data=request.data).checked()
        answer = link_decisions.decide(
            self.tenant(request), relationship_id, fields["decision"], by=person(request)
        )
        return Response(shapes.LinkAnswer(answer).data)


@extend_schema(parameters=[OpenApiParameter("relationship_id", OpenApiTypes.UUID, "path")])
class ApartView(TenantView):
    @extend_schema(
        operation_id="graph_relationship_apart",
        summary="Links of a payment that people took apart",
        responses={200: shapes.ApartAnswer, **PROBLEMS, **NOT_FOUND},
    )
    def get(self, request: Request, relationship_id: str) -> Response:
        """The links of this payment that people took apart. `decide/` with undo takes it back."""
        self.parameters(request)
        rows = link_decisions.taken_apart(self.tenant(request), relationship_id)
        return Response(shapes.ApartAnswer({"results": rows}).data)
