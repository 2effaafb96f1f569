"""Turns GraphErrors and the REST framework's exceptions into problem responses."""

import math
from typing import Any

import adbc_driver_manager
from django.core.exceptions import PermissionDenied
from django.db.utils import InterfaceError, OperationalError
from django.http import Http404
from psycopg.errors import QueryCanceled
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from graph.api.problems import of_exception, response
from graph.errors import (
    DecidedMeanwhile,
    GraphError,
    KeyInUse,
    KeyReused,
    Later,
    NotFound,
    QuestionError,
    TookTooLong,
    TooMany,
    TooOld,
)
from graph.http import problems

AWAY = "The database cannot be reached just now. Try again in a moment."


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem response to an error, or None for an unexpected error.

    The status is 400 for a wrong argument, 404 for a missing object, 429 if the tenant runs too
    much at once, 503 if the view cannot be read.
    """
    request: Request = context["request"]
    if isinstance(error, QuestionError):
        return of_field(request, STATUSES.get(type(error), 400), error.field, error)
    if timed_out(error):
        error = TookTooLong()
    if isinstance(error, Later):
        return _later(error)
    if isinstance(error, GraphError):
        return response(503, str(error))
    if isinstance(error, OperationalError | InterfaceError):
        return response(503, AWAY, headers={"Retry-After": "2"})
    if isinstance(error, Http404):
        error = exceptions.NotFound(*error.args)
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied(*error.args)
    if isinstance(error, exceptions.APIException):
        return of_exception(error, str(request.method))
    return None


def timed_out(error: Exception) -> bool:
    """Return whether the error says that PostgreSQL cancelled a statement, as it does when a time
    limit is over."""
    if isinstance(error, adbc_driver_manager.Error):
        return bool(error.sqlstate == QueryCanceled.sqlstate)
    return isinstance(error, OperationalError) and isinstance(error.__cause__, QueryCanceled)


def _later(error: Later) -> Response:
    after = {"Retry-After": str(math.ceil(error.after))}
    if isinstance(error, TookTooLong):
        return response(503, str(error), headers=after, type=problems.urn("took-too-long"))
    return response(429 if isinstance(error, TooMany) else 503, str(error), headers=after)


STATUSES: dict[type[QuestionError], int] = {
    NotFound: 404,
    DecidedMeanwhile: 409,
    KeyInUse: 409,
    TooOld: 410,
    KeyReused: 422,
}


def of_field(request: Request, status: int, field: str, error: Exception, **more: Any) -> Response:
    """Return a problem response with this status that names `field` as the wrong value.

    The field may be in the request's path, headers, query or body. `more` has further members of
    the problem, and `headers`.
    """
    wrong = problems.named(field, str(error), _where(request, field))
    headers = more.pop("headers", None)
    return response(status, str(error), [wrong], headers, **more)


def _where(request: Request, field: str) -> problems.Where:
    of_path = (request.parser_context or {}).get("kwargs", {})
    if field == "id" or field in of_path or f"{field}_id" in of_path:
        return "path"
    if field.title() in request.headers:
        return "header"
    return "query" if request.method in {"GET", "HEAD"} else "body"
