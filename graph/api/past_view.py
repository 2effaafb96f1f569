"""Questions that may be asked of the past: `as_of` and `valid`."""

from contextlib import ExitStack
from datetime import date
from typing import Any, cast

from django.http.response import HttpResponseBase
from django.utils.http import http_date
from rest_framework.request import Request
from rest_framework.response import Response

from graph.api.shapes.common_serializers import StrictQuery
from graph.api.tenant_view import TenantView
from graph.database import past
from graph.questions import days
from graph.reading import as_of

MEMENTO = "Memento-Datetime"


class PastView(TenantView):
    """A view whose GET reads the past if its parameters say so.

    From the moment on that the parameters are validated, the request reads the past. A response
    about what was known at a moment names it in the header Memento-Datetime (RFC 7089).
    """

    past_today: date | None = None
    memento: str | None = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as self._ends:
            return super().dispatch(request, *args, **kwargs)

    def parameters(
        self, request: Request, query: type[StrictQuery] | None = None
    ) -> dict[str, Any]:
        """Return the validated parameters without `as_of` and `valid`, and read the past that these
        two name."""
        parameters = super().parameters(request, query)
        wanted = {name: parameters.pop(name, None) for name in ("as_of", "valid")}
        if any(wanted.values()):
            tenant = self.tenant(request)
            moment = as_of.moment(tenant, days.time_zone(tenant), **wanted)
            self.past_today = moment.today
            if moment.past.recorded is not None:
                self.memento = http_date(moment.past.recorded.timestamp())
            self._ends.enter_context(past.reading(moment.past))
        return parameters

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> Response:
        # A view may return any response, but the REST framework's types know only its own.
        response = cast(Response, response)
        finalized = super().finalize_response(request, response, *args, **kwargs)
        if self.memento is not None:
            finalized.headers[MEMENTO] = self.memento
        return finalized
