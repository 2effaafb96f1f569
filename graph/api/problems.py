"""Problems (RFC 9457) as responses of the REST framework."""

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response

from graph.http.problems import MEDIA_TYPE, Errors, Where, body, pointer, summary


def response(
    status: int,
    detail: str,
    errors: Errors | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """Return the problem as the response of a view or of the exception handler."""
    answer = Response(body(status, detail, errors, **more), status, headers=dict(headers or {}))
    answer.content_type = MEDIA_TYPE
    return answer


def of_exception(error: APIException, method: str) -> Response:
    """Return the problem response to an exception of the REST framework.

    The response to a ValidationError lists each wrong value. `method` is the request's HTTP method:
    a GET's values come from the query, others from the body.
    """
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(max(1, round(wait)))
    if not isinstance(error, ValidationError):
        return response(error.status_code, str(error.detail), headers=headers)
    where: Where = "query" if method in {"GET", "HEAD", "OPTIONS"} else "body"
    errors = list(_leaves(error.detail, (), getattr(error, "where", where)))
    return response(error.status_code, summary(errors), errors, headers)


def sentences(error: ValidationError) -> list[str]:
    """Return one sentence per wrong value of the error. Each sentence names the value."""
    return [summary([one]) for one in _leaves(error.detail, (), "body")]


def _leaves(detail: Any, path: tuple[str | int, ...], where: Where) -> Iterator[dict[str, str]]:
    if path == ("detail",):  # an error of the whole body
        path = ()
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _leaves(inner, (*path, name), where)
    elif isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        for number, inner in enumerate(detail):
            yield from _leaves(inner, (*path, number), where)
    elif isinstance(detail, list):
        for sentence in detail:
            yield {"in": where, "pointer": pointer(*path), "detail": str(sentence)}
    else:
        yield {"in": where, "pointer": pointer(*path), "detail": str(detail)}
