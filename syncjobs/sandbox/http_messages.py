"""The sandbox's requests and responses."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request. Header names are in lower case. The path has no leading slash and is
    percent-encoded."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The JSON object in the body; {} if the body is anything else."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def at(self, path: str) -> "Request":
        """A copy of the request as the provider gets it: with the provider's path, and without
        Nango's prefix of header names."""
        headers = {name.removeprefix("nango-proxy-"): text for name, text in self.headers.items()}
        return Request(self.method, path, self.query, headers, self.body)


@dataclass
class Answer:
    """A response. `stall` is the number of seconds of silence in the middle of the body. `cut`
    resets the connection there."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    stall: float = 0.0
    cut: bool = False


def of_json(value: object, status: int = 200, **headers: str) -> Answer:
    return Answer(
        status, json.dumps(value).encode(), {"content-type": "application/json"} | headers
    )


def of_google(status: int, reason: str, message: str) -> Answer:
    """An error in the format of Gmail and Drive."""
    errors = [{"domain": "global", "reason": reason, "message": message}]
    return of_json({"error": {"code": status, "message": message, "errors": errors}}, status)


def of_dropbox(summary: str) -> Answer:
    """An error of a Dropbox endpoint: HTTP 409."""
    tags = summary.split("/")
    inner: dict[str, Any] = {".tag": tags[0]}
    if len(tags) > 1:
        inner[tags[0]] = {".tag": tags[1]}
    return of_json({"error_summary": f"{summary}/..", "error": inner}, 409)


def of_zoho(status: int, code: str, text: str) -> Answer:
    body = {"status": {"code": status, "description": text}, "data": {"errorCode": code}}
    return of_json(body, status)


def of_nango(status: int, code: str, message: str, **more: object) -> Answer:
    return of_json({"error": {"code": code, "message": message, **more}}, status)


NOT_FOUND = {
    "gmail": of_google(404, "notFound", "Requested entity was not found."),
    "gdrive": of_google(404, "notFound", "File not found."),
    "dropbox": of_dropbox("path/not_found"),
    "zoho_mail": of_zoho(404, "INVALID_ID", "Invalid Input"),
}
