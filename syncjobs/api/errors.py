"""HTTP responses to RequestErrors, which name the wrong field."""

import math
from typing import Any

from rest_framework import status
from rest_framework.response import Response

from graph.api.errors import of_field
from graph.api.problems import response
from syncjobs.errors import (
    AlreadyActive,
    AlreadyConnected,
    AlreadyEnded,
    ConnectionUnknown,
    ConnectionUnusable,
    NangoUnavailable,
    RequestError,
    RunUnknown,
)

STATUSES: dict[type[RequestError], int] = {
    ConnectionUnknown: status.HTTP_404_NOT_FOUND,
    RunUnknown: status.HTTP_404_NOT_FOUND,
    ConnectionUnusable: status.HTTP_409_CONFLICT,
    AlreadyActive: status.HTTP_409_CONFLICT,
    AlreadyEnded: status.HTTP_409_CONFLICT,
    AlreadyConnected: status.HTTP_409_CONFLICT,
    NangoUnavailable: status.HTTP_503_SERVICE_UNAVAILABLE,
}


def answered(error: Exception, context: dict[str, Any]) -> Response | None:
    """The response to a RequestError (400 unless STATUSES has its type), or None for any other
    error."""
    if not isinstance(error, RequestError):
        return None
    code = next((STATUSES[kind] for kind in type(error).mro() if kind in STATUSES), 400)
    if isinstance(error, NangoUnavailable):
        after = {"Retry-After": str(math.ceil(error.after))}
        return response(code, str(error), headers=after)
    more = {"run": str(error.run_id)} if isinstance(error, AlreadyActive) else {}
    return of_field(context["request"], code, error.field, error, **more)
