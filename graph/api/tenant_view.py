"""The base view of all requests for a tenant's rows."""

from typing import Any, cast
from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from graph.api.common_serializers import NoQuery, StrictQuery
from graph.http.tenant_request import TenantRequest


class TenantView(APIView):
    """A view of a tenant's rows. `query` validates its parameters."""

    query: type[StrictQuery] = NoQuery

    def parameters(
        self, request: Request, query: type[StrictQuery] | None = None
    ) -> dict[str, Any]:
        """The validated parameters. Raises ValidationError that names each wrong field."""
        repeated = {
            name: ["Given more than once."]
            for name, values in request.query_params.lists()
            if len(values) > 1
        }
        if repeated:
            raise ValidationError(repeated)
        validator = (query or self.query)(data=request.query_params.dict())
        validator.is_valid(raise_exception=True)
        return dict(validator.validated_data)

    def tenant(self, request: Request) -> UUID:
        """The tenant whose rows are requested, which is the token's user.

        Only staff may name another tenant. Such requests are logged.
        """
        return cast(TenantRequest, request._request).tenant_id
