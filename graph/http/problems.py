"""RFC 9457: every refusal is an `application/problem+json` object.

`type` is a URN that names the kind, `title` says it in words, `detail` what is wrong here and what
to do, `request_id` what the log calls this request; `errors` has one entry a wrong value, whose
`pointer` is a JSON Pointer (RFC 6901) into the part of the request that `in` names.
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
    """The problem, ready for JSON. `type` among the others is a kind of its own."""
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
    """One wrong value."""
    return {"in": where, "pointer": pointer(field), "detail": detail}


def pointer(*path: str | int) -> str:
    """RFC 6901, as a URI fragment."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "/".join(("#", *steps))


def summary(errors: Errors) -> str:
    """The wrong values in one sentence each."""
    return " ".join(
        f"{each['pointer'][2:]}: {each['detail']}".removeprefix(": ") for each in errors
    )
