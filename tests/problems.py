"""Checks that a refusal is a problem of RFC 9457."""

from typing import Any

from django.http import HttpResponseBase


def problem(answer: HttpResponseBase) -> dict[str, Any]:
    """The members of the problem in the answer. Fails if the answer is not a problem, or if its
    body and its headers disagree."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"].startswith("urn:finley:problem:")
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer.headers["X-Request-ID"]
    return body


def unnamed(answer: HttpResponseBase) -> dict[str, Any]:
    """The problem without the request's id, so that the problems of two requests can be
    compared."""
    return {name: value for name, value in problem(answer).items() if name != "request_id"}


def wrong(answer: HttpResponseBase) -> dict[str, list[str]]:
    """The errors that the problem lists: the name of the wrong value → the sentences about it."""
    by_key: dict[str, list[str]] = {}
    for item in problem(answer).get("errors", []):
        assert item["in"] in {"query", "body", "path", "header"}
        assert item["pointer"] == "#" or item["pointer"].startswith("#/")
        by_key.setdefault(item["pointer"][2:] or "detail", []).append(item["detail"])
    return by_key
