"""The API's exception handler: errors of all packages as HTTP responses."""

from typing import Any

from rest_framework.response import Response

from graph.api import errors as graph
from syncjobs.api import errors as syncjobs


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """The response to an exception from a view; None if the exception is unexpected."""
    return syncjobs.answered(error, context) or graph.handle(error, context)
