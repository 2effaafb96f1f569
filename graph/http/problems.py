"""RFC 9457: every error response is an `application/problem+json` object.

`type` is a URN for the kind of problem, `title` names the kind. `detail` says what is wrong with
this request and what to do. `request_id` is the request's id in the log. `errors` has one entry per
wrong value: `in` names the part of the request, `pointer` is a JSON Pointer (RFC 6901) into it.
"""

from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, Literal

MEDIA_TYPE = "application/problem+json"
Where = Literal["query", "body", "path", "header"]
Errors = list[dict[str, str]]
request_id: ContextVar[str] = ContextVar("finley_request_id", default="")

KINDS = {
    400: "invalid-request",
    401: "not-authenticated",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "conflict",
    410: "gone",
    413: "too-large",
    415: "unsupported-media-type",
    422: "key-reused",
    429: "too-many-requests",
    500: "our-fault",
    503: "unavailable",
}


def body(status: int, detail: str, errors: Errors | None = None, **more: Any) -> dict[str, Any]:
    """Return the problem as a dict for JSON.

    A `type` in `more` replaces the kind that `status` implies.
    """
    kind = KINDS.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "-")
    return {
        "type": urn(kind),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": request_id.get(),
        **({"errors": errors} if errors else {}),
        **more,
    }


def urn(kind: str) -> str:
    return f"urn:finley:problem:{kind}"


def named(field: str, detail: str, where: Where) -> dict[str, str]:
    """Return the entry of `errors` for one wrong value."""
    return {"in": where, "pointer": pointer(field), "detail": detail}


def pointer(*path: str | int) -> str:
    """Return the path as a JSON Pointer (RFC 6901) in URI fragment form."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "/".join(("#", *steps))


def summary(errors: Errors) -> str:
    """Return one text with a sentence for each wrong value."""
    return " ".join(
        f"{error['pointer'][2:]}: {error['detail']}".removeprefix(": ") for error in errors
    )
