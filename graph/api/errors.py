"""GraphErrors as HTTP answers that name the field."""

from typing import Any

from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from graph.errors import GraphError, NotFound, QuestionError


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """400 for an argument, 404 for what is not there, 503 for a view that cannot be read."""
    if isinstance(error, NotFound):
        return Response({error.field: [str(error)]}, status=status.HTTP_404_NOT_FOUND)
    if isinstance(error, QuestionError):
        return Response({error.field: [str(error)]}, status=status.HTTP_400_BAD_REQUEST)
    if isinstance(error, GraphError):
        return Response({"detail": str(error)}, status=status.HTTP_503_SERVICE_UNAVAILABLE)
    return exception_handler(error, context)
