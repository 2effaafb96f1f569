"""What the published schema says of every operation alike, and its examples: real answers."""

import json
from importlib.resources import files
from typing import Any

from graph.api.idempotent import KEY, KEY_LENGTH, REPLAYED
from graph.http.problems import MEDIA_TYPE

PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}
EVERYWHERE = {
    "406": "Only JSON is given: no Accept, or one that takes application/json",
    "429": "Too many requests: ask again after Retry-After seconds",
}
EXAMPLES: dict[str, dict[str, Any]] = json.loads(
    (files("graph.api") / "examples.json").read_text(encoding="utf-8")
)
SPARSE = ("FoundEntity", "RelationshipAnswer")
KEYED = {
    "409": "The request with this Idempotency-Key is under way",
    "422": "This Idempotency-Key was given with another request",
}
KEY_PARAMETER = {
    "in": "header",
    "name": KEY,
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH},
    "description": "Of the client's choice: what comes again with it within 24 hours is answered "
    f"as before ({REPLAYED}: true) and does nothing",
}
AUTHORISED = {"403": "The token's scopes, or its user, do not allow it"}


def problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Every status from 400 on is a problem; some can come of any request."""
    for path in result["paths"].values():
        for method, operation in path.items():
            keyed = method == "post" and bool(operation.get("security"))
            if keyed:
                operation.setdefault("parameters", []).append(KEY_PARAMETER)
            _mend(operation, KEYED if keyed else {})
    for name in SPARSE:  # with ?fields= a row has only those
        result["components"]["schemas"][name].pop("required", None)
    return result


def _mend(operation: dict[str, Any], more: dict[str, str]) -> None:
    common = EVERYWHERE | more | (AUTHORISED if operation.get("security") else {})
    given = {code: {"description": said} for code, said in common.items()}
    for code, answer in {**given, **operation["responses"]}.items():
        if code >= "400":
            answer["content"] = {MEDIA_TYPE: dict(PROBLEM)}
        operation["responses"][code] = answer
        _illustrate(answer.get("content", {}), operation["operationId"], code)
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _illustrate(contents: dict[str, Any], name: str, code: str) -> None:
    """A real answer of that status: the operation's own, or one that any could give."""
    if name not in EXAMPLES:
        return
    example: Any = EXAMPLES[name].get(code, EXAMPLES["problems"].get(code))
    for kind, content in contents.items():
        several = len(contents) > 1
        if several and kind in example:
            content["example"] = example[kind]
        elif not several:
            content["example"] = example
