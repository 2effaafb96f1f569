"""Every room's errors as HTTP answers: the API's exception handler."""

from typing import Any

from rest_framework.response import Response

from graph.api import errors as graph
from syncjobs.api import errors as syncjobs


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an error that a view let through; None for one that nobody expected."""
    return syncjobs.answered(error, context) or graph.handle(error, context)
