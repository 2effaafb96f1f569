"""A connection's script of faults: a JSON list of behaviours, which says what goes wrong and when.

{"at": 3, "do": "429", "retry_after": 2}: the third request from now on gets this response. `times`:
how many requests in a row, null for all (default 1). `on`: only requests whose path contains this
text are counted and affected. The values of `do`, with their further keys:

Responses: 429, plain_text_429, 429_nango (retry_after, http_date); 403_rate, 403_forbidden
(reason); 401; 424_exhausted (the connection is dead from then on); 424_backoff; 400_server_error
(dead: from then on); 400_invalid_headers; 404_config; 402_plan; 404; 500, 503 (retry_after);
200_access_denied; wrong_json; wrong_shape; redirect; stall (seconds); reset_mid_body.

Events before the response: cursor_expired (status: 410 or 400, for Drive); added, changed, deleted
(count).

Forms of a listing's page: empty_page, endless, same_cursor, no_id.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from syncjobs.sandbox.account_contents import Account
from syncjobs.sandbox.http_messages import Answer, of_google, of_json, of_nango, of_zoho

HAPPENS = {"cursor_expired", "added", "changed", "deleted"}
LOOKS = {"empty_page", "endless", "same_cursor", "no_id"}
SPOILS = {"stall", "reset_mid_body"}
_HTML = b"<html><body>Bad gateway</body></html>"


@dataclass(frozen=True)
class Behaviour:
    do: str
    at: int = 1
    times: int | None = 1
    on: str = ""
    retry_after: float | None = None
    http_date: bool = False
    reason: str = ""
    seconds: float = 3600.0
    count: int = 1
    dead: bool = False
    status: int = 410


@dataclass(frozen=True)
class Look:
    """The form of a listing's page, as the script's faults change it. `nonce` is a number that
    makes the page's token unique."""

    nonce: int
    empty: bool = False
    endless: bool = False
    same: bool = False
    no_id: bool = False

    def cut[T](self, things: list[T], size: int) -> tuple[list[T], bool]:
        """The first `size` things, and whether there are more. A page that is empty, endless or has
        a repeated cursor has no things and claims that there are more."""
        if self.empty or self.endless or self.same:
            return [], True
        return things[:size], len(things) > size

    def token(self, new: str, previous: str | None) -> str:
        return (previous or new) if self.same else new


def behaviour(description: dict[str, Any]) -> Behaviour:
    """The behaviour that the object describes. Raises ValueError for an unknown one."""
    try:
        result = Behaviour(**description)
    except TypeError as error:
        raise ValueError(f"no such behaviour: {description}") from error
    if result.do not in HAPPENS | LOOKS | SPOILS | ANSWERS.keys():
        raise ValueError(f"no such behaviour: {result.do!r}")
    return result


def kills(due: list[Behaviour]) -> bool:
    """Return whether one of these behaviours ends the connection's authorisation."""
    return any(item.dead or item.do == "424_exhausted" for item in due)


class Script:
    """Counts the requests and returns the behaviours that are due."""

    def __init__(self, descriptions: list[dict[str, Any]]) -> None:
        self._behaviours = [behaviour(item) for item in descriptions]
        self._seen = [0] * len(self._behaviours)

    def due(self, path: str) -> list[Behaviour]:
        items = []
        for number, item in enumerate(self._behaviours):
            if item.on not in path:
                continue
            self._seen[number] += 1
            past = self._seen[number] - item.at
            if past >= 0 and (item.times is None or past < item.times):
                items.append(item)
        return items


def look(due: list[Behaviour], nonce: int) -> Look:
    actions = {item.do for item in due}
    return Look(
        nonce,
        "empty_page" in actions,
        "endless" in actions,
        "same_cursor" in actions,
        "no_id" in actions,
    )


def happen(account: Account, item: Behaviour, key: str | None) -> None:
    """Do the event `item` at the provider before it responds. An event that deletes takes the thing
    with the key `key`, if it names one."""
    match item.do:
        case "cursor_expired":
            account.expire(item.status)
        case "added":
            account.add(item.count)
        case "changed":
            account.change(item.count)
        case "deleted":
            account.delete(item.count, key)


def spoilt(answer: Answer, due: list[Behaviour]) -> Answer:
    for item in due:
        if item.do == "stall":
            answer = replace(answer, stall=item.seconds)
        elif item.do == "reset_mid_body":
            answer = replace(answer, cut=True)
    return answer


def scripted(item: Behaviour) -> Answer | None:
    """The response that this behaviour prescribes; None if it leaves the provider's own response
    unchanged."""
    make = ANSWERS.get(item.do)
    if make is None:
        return None
    answer = make(item)
    if item.retry_after is not None:
        answer.headers["retry-after"] = _after(item)
    return answer


def _after(item: Behaviour) -> str:
    seconds = item.retry_after or 0.0
    if item.http_date:
        return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    return f"{seconds:g}"


def _denied(_: Behaviour) -> Answer:
    return of_json({"status": {"code": 1, "description": "Access Denied"}, "data": {}})


ANSWERS: dict[str, Callable[[Behaviour], Answer]] = {
    "429": lambda _: of_google(429, "rateLimitExceeded", "Too many requests"),
    "plain_text_429": lambda _: Answer(429, b"Too many requests", {"content-type": "text/plain"}),
    "429_nango": lambda _: of_nango(429, "too_many_request", "Rate limit exceeded"),
    "403_rate": lambda each: of_google(403, each.reason or "userRateLimitExceeded", "Slow down"),
    "403_forbidden": lambda each: of_google(403, each.reason or "forbidden", "Not allowed"),
    "401": lambda _: of_google(401, "authError", "Invalid Credentials"),
    "424_exhausted": lambda _: of_nango(424, "server_error", "Refresh limit reached"),
    "424_backoff": lambda _: of_nango(424, "connection_refresh_backoff", "Try again later"),
    "400_server_error": lambda _: of_nango(400, "server_error", "Failed to get connection"),
    "400_invalid_headers": lambda _: of_nango(
        400, "invalid_headers", "", errors=[{"code": "invalid_string", "message": "connection-id"}]
    ),
    "404_config": lambda _: of_nango(404, "unknown_provider_config", "Provider does not exist"),
    "402_plan": lambda _: of_nango(402, "plan_limit", "Plan limit reached"),
    "500": lambda _: of_nango(500, "server_error", "Oops"),
    "503": lambda _: Answer(503, _HTML, {"content-type": "text/html"}),
    "200_access_denied": _denied,
    "wrong_json": lambda _: Answer(200, b'{"messages": [', {"content-type": "application/json"}),
    "wrong_shape": lambda _: of_json([1, 2, 3]),
    "redirect": lambda _: Answer(302, b"", {"location": "https://example.com/"}),
    "404": lambda _: of_zoho(404, "INVALID_ID", "Not found"),
}
