"""Questions that may be asked of the past: `as_of` and `valid`."""

from contextlib import ExitStack
from datetime import date, datetime
from typing import Any, cast

from django.http.response import HttpResponseBase
from django.utils.http import http_date
from rest_framework.request import Request
from rest_framework.response import Response

from graph.api.shapes.common_serializers import StrictQuery
from graph.api.tenant_view import TenantView
from graph.database import past
from graph.database.past import Past
from graph.questions import days
from graph.reading import as_of
from graph.view import version

MEMENTO = "Memento-Datetime"


class PastView(TenantView):
    """A view whose GET reads the past if its parameters say so.

    From the moment on that the parameters are validated, the request reads the past. A response
    about what was known at a moment names it in the header Memento-Datetime (RFC 7089).
    """

    day: date | None = None
    zone: str | None = None
    past_today: date | None = None
    memento: str | None = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as self._ends:
            return super().dispatch(request, *args, **kwargs)

    def before_stored_answer(self, request: Request) -> None:
        """Determine the moment, which the day and the tenant's time zone decide together."""
        if not {"as_of", "valid"}.isdisjoint(request.query_params):
            version.confirm(self.tenant(request))  # the past is not read twice
            self._past(request, super().parameters(request))

    def parameters(
        self, request: Request, query: type[StrictQuery] | None = None
    ) -> dict[str, Any]:
        """Return the validated parameters without `as_of` and `valid`, and read the past that these
        two name."""
        parameters = super().parameters(request, query)
        if (of := self._past(request, parameters)) is not None:
            self._ends.enter_context(past.reading(of))
        return parameters

    def _past(self, request: Request, parameters: dict[str, Any]) -> Past | None:
        """Remove `as_of` and `valid` from the parameters. Return what they name, None if nothing.

        Raises QuestionError.
        """
        wanted = {name: parameters.pop(name, None) for name in ("as_of", "valid")}
        if not any(wanted.values()):
            return None
        tenant = self.tenant(request)
        zone = days.time_zone(tenant)
        moment = as_of.moment(tenant, zone, **wanted)
        self.day, self.zone = self.day or datetime.now(zone).date(), zone.key
        self.past_today = moment.today
        if moment.past.recorded is not None:
            self.memento = http_date(moment.past.recorded.timestamp())
        return moment.past

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> Response:
        # A view may return any response, but the REST framework's types know only its own.
        response = cast(Response, response)
        finalized = super().finalize_response(request, response, *args, **kwargs)
        if self.memento is not None:
            finalized.headers[MEMENTO] = self.memento
        return finalized
