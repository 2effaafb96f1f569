"""Adds to the published schema what all operations have in common, and examples from real
answers."""

import json
import re
from importlib.resources import files
from typing import Any

from graph.api.idempotent_view import KEY, KEY_LENGTH, REPLAYED
from graph.http.problems import MEDIA_TYPE

PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}
EVERYWHERE = {
    "406": "Responses are JSON: send no Accept header, or one that includes application/json",
    "429": "Too many requests. Repeat it after Retry-After seconds",
}
EXAMPLES: dict[str, dict[str, Any]] = json.loads(
    (files("graph.api") / "examples.json").read_text(encoding="utf-8")
)
SPARSE = ("FoundEntity", "RelationshipAnswer")
KEYED = {
    "409": "The request with this Idempotency-Key is still running",
    "422": "This Idempotency-Key was used with a different request",
}
KEY_PARAMETER = {
    "in": "header",
    "name": KEY,
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH},
    "description": "Chosen by the client. A request repeated with its key within 24 hours gets "
    f"the first response ({REPLAYED}: true) and is not executed again",
}
UNKEYED = frozenset(
    {"session", "members", "invitations", "subscriptions", "tokens", "exports", "erasure"}
)  # the owner's rows, secrets
CHECK = "graph_check"  # takes no Idempotency-Key, because it stores nothing
AUTHORISED = {"403": "The token's scopes, its user, or the session's role do not allow it"}


def problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Return the OpenAPI schema with what all operations share: problems, idempotency keys,
    summaries.

    Every response from status 400 becomes a problem, and problems that any request may get are
    added. drf-spectacular calls it after it has made the schema.
    """
    for path in result["paths"].values():
        for method, operation in path.items():
            keyed = method == "post" and bool(operation.get("security"))
            keyed &= UNKEYED.isdisjoint(operation.get("tags", ()))
            keyed &= operation.get("operationId") != CHECK
            if keyed:
                operation.setdefault("parameters", []).append(KEY_PARAMETER)
            _mend(operation, KEYED if keyed else {})
            operation.setdefault("summary", _summary(operation.get("description", "")))
    for name in SPARSE:  # with ?fields= a row has only the named fields
        result["components"]["schemas"][name].pop("required", None)
    return result


def _summary(description: str) -> str:
    """Return the first words of a description, as one line of less than 80 characters."""
    text = re.split(r"[.;:]\s|[.;:]$", " ".join(description.split()), maxsplit=1)[0]
    while len(text) >= 80 and ", " in text:
        text = text.rpartition(", ")[0]
    return text


def _mend(operation: dict[str, Any], more: dict[str, str]) -> None:
    common = EVERYWHERE | more | (AUTHORISED if operation.get("security") else {})
    shared = {code: {"description": text} for code, text in common.items()}
    for code, answer in {**shared, **operation["responses"]}.items():
        if code >= "400":
            answer["content"] = {MEDIA_TYPE: dict(PROBLEM)}
        operation["responses"][code] = answer
        _add_example(answer.get("content", {}), operation["operationId"], code)
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _add_example(contents: dict[str, Any], name: str, code: str) -> None:
    """Add an example to each media type of a response: the operation's own, or a general one for
    its status.

    `contents` maps media types to their OpenAPI objects, `name` is the operation's id, `code` the
    status as text.
    """
    if name not in EXAMPLES:
        return
    example: Any = EXAMPLES[name].get(code, EXAMPLES["problems"].get(code))
    for kind, content in contents.items():
        several = len(contents) > 1
        if several and kind in example:
            content["example"] = example[kind]
        elif not several:
            content["example"] = example
