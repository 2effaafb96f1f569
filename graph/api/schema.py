"""What the published schema says of every operation alike."""

from typing import Any

from graph.problems import MEDIA_TYPE

PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}
EVERYWHERE = {
    "406": "Only JSON is given: no Accept, or one that takes application/json",
    "429": "Too many requests: ask again after Retry-After seconds",
}
SPARSE = ("FoundEntity", "RelationshipAnswer")
AUTHORISED = {"403": "The token's scopes, or its user, do not allow it"}


def problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Every status from 400 on is a problem; some can come of any request."""
    for path in result["paths"].values():
        for operation in path.values():
            _mend(operation)
    for name in SPARSE:  # with ?fields= a row has only those
        result["components"]["schemas"][name].pop("required", None)
    return result


def _mend(operation: dict[str, Any]) -> None:
    common = EVERYWHERE | (AUTHORISED if operation.get("security") else {})
    given = {code: {"description": said} for code, said in common.items()}
    for code, answer in {**given, **operation["responses"]}.items():
        if code >= "400":
            answer["content"] = {MEDIA_TYPE: PROBLEM}
        operation["responses"][code] = answer
    operation["responses"] = dict(sorted(operation["responses"].items()))
