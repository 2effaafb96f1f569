"""What all requests for a tenant's rows have in common."""

from typing import Any
from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from graph.api import serializers as shapes


class Asked(APIView):
    """What asks for a tenant's rows: its parameters are checked by `query`."""

    query: type[shapes.StrictQuery] = shapes.NoQuery

    def parameters(
        self, request: Request, query: type[shapes.StrictQuery] | None = None
    ) -> dict[str, Any]:
        """The checked parameters. Raises ValidationError naming each field that is wrong."""
        repeated = {
            name: ["Given more than once."]
            for name, given in request.query_params.lists()
            if len(given) > 1
        }
        if repeated:
            raise ValidationError(repeated)
        given = (query or self.query)(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def tenant(self, request: Request) -> UUID:
        """Whose rows are asked for, as the authentication has it: the token's user's.

        Nothing else in a request can name another; staff may, in a way that is written down.
        """
        tenant: UUID = request.tenant_id  # type: ignore[attr-defined]
        return tenant
