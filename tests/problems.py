"""A refusal as RFC 9457 has it."""

from typing import Any

from django.http import HttpResponseBase


def problem(answer: HttpResponseBase) -> dict[str, Any]:
    """The problem's members, if the answer is one and says the same as its own headers."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == answer.status_code
    assert said["type"].startswith("urn:finley:problem:")
    assert said["title"]
    assert said["detail"]
    assert said["request_id"] == answer.headers["X-Request-ID"]
    return said


def unnamed(answer: HttpResponseBase) -> dict[str, Any]:
    """The problem without its request's id: what two requests can have alike."""
    return {name: said for name, said in problem(answer).items() if name != "request_id"}


def wrong(answer: HttpResponseBase) -> dict[str, list[str]]:
    """What the problem says of each value that it points at."""
    found: dict[str, list[str]] = {}
    for each in problem(answer).get("errors", []):
        assert each["in"] in {"query", "body", "path", "header"}
        assert each["pointer"] == "#" or each["pointer"].startswith("#/")
        found.setdefault(each["pointer"][2:] or "detail", []).append(each["detail"])
    return found
