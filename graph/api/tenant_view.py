"""The base view of all requests for a tenant's rows."""

from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from graph.api.common_serializers import NoQuery, StrictQuery
from graph.http.tenant_request import TenantRequest

Given = tuple[tuple[str, tuple[str, ...]], ...]  # names and their values
REMEMBERED = 500  # characters of parameters whose check is remembered


class TenantView(APIView):
    """A view of a tenant's rows. `query` validates its parameters."""

    query: type[StrictQuery] = NoQuery

    def parameters(
        self, request: Request, query: type[StrictQuery] | None = None
    ) -> dict[str, Any]:
        """The validated parameters. Raises ValidationError that names each wrong field."""
        given = tuple((name, tuple(values)) for name, values in request.query_params.lists())
        check = _checked if _length(given) <= REMEMBERED else _checked.__wrapped__
        return dict(check(query or self.query, given))

    def tenant(self, request: Request) -> UUID:
        """The tenant whose rows are requested, which is the token's user.

        Only staff may name another tenant. Such requests are logged.
        """
        return cast(TenantRequest, request._request).tenant_id


def _length(given: Given) -> int:
    return sum(len(name) + sum(map(len, values)) for name, values in given)


@lru_cache(maxsize=4096)
def _checked(query: type[StrictQuery], given: Given) -> dict[str, Any]:
    """The validated parameters, which depend on their texts only. Clients ask the same again."""
    repeated = {name: ["Given more than once."] for name, values in given if len(values) > 1}
    if repeated:
        raise ValidationError(repeated)
    validator = query(data={name: values[-1] for name, values in given})
    validator.is_valid(raise_exception=True)
    return cast(dict[str, Any], validator.validated_data)
