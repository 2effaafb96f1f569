"""The base view of all requests for a tenant's rows."""

from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from graph.api.shapes.common_serializers import NoQuery, StrictQuery
from graph.http.tenant_request import TenantRequest

ParameterTexts = tuple[tuple[str, tuple[str, ...]], ...]  # names and their values
REMEMBERED = 500  # characters of parameters whose check is remembered


class TenantView(APIView):
    """A view of a tenant's rows. `query` validates its parameters."""

    query: type[StrictQuery] = NoQuery

    def parameters(
        self, request: Request, query: type[StrictQuery] | None = None
    ) -> dict[str, Any]:
        """Return the validated parameters. Raises ValidationError that names each wrong
        parameter."""
        texts = tuple((name, tuple(values)) for name, values in request.query_params.lists())
        check = _validated if _length(texts) <= REMEMBERED else _validated.__wrapped__
        return dict(check(query or self.query, texts))

    def tenant(self, request: Request) -> UUID:
        """Return the id of the tenant whose rows the request is about, which the authentication
        determined.

        It is the token's user. Only staff may name another tenant, and their requests are logged.
        """
        return cast(TenantRequest, request._request).tenant_id


def _length(texts: ParameterTexts) -> int:
    return sum(len(name) + sum(map(len, values)) for name, values in texts)


@lru_cache(maxsize=4096)
def _validated(query: type[StrictQuery], texts: ParameterTexts) -> dict[str, Any]:
    """Return the parameters' validated values by name. `texts` has (name, texts) of each parameter.

    The result is cached, because clients repeat their requests. Raises ValidationError that names
    each wrong, unknown or repeated parameter.
    """
    repeated = {name: ["Given more than once."] for name, values in texts if len(values) > 1}
    if repeated:
        raise ValidationError(repeated)
    validator = query(data={name: values[-1] for name, values in texts})
    validator.is_valid(raise_exception=True)
    return cast(dict[str, Any], validator.validated_data)
