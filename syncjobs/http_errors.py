"""What an answer that is no success means: Transient or Permanent, with a sentence.

Nango's own errors are told from a provider's by `error.code`: Nango's is a word, Google's a number.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from syncjobs.errors import Permanent, Refused, SyncError, Transient

CAP = 3600.0  # seconds; nobody waits longer on a provider's word
NANGO_WINDOW = 60.0
NANGO_COOL_DOWN = 30.0

# Google says 403 for a limit and for "not allowed" alike; the reason decides.
LIMITS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded"})
SCOPES = frozenset({"insufficientPermissions", "authError", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})

_UNKNOWN = (
    "Nango knows no such integration: correct the integration's id in the settings, then replay "
    "this sync."
)
_NANGO = {
    (402, "plan_limit"): "Nango's plan is used up: raise its limit, then replay this sync.",
    (404, "unknown_provider_config"): _UNKNOWN,
    (400, "unknown_provider_config"): _UNKNOWN,
    (400, "invalid_headers"): (
        "Nango refused the request as malformed: check the connection's id and the integration's "
        "id in the settings."
    ),
}

_QUOTED = 200
_SECRET = re.compile(r"[\w.~+/=-]{32,}")
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Who:
    """Whom we spoke to, for sentences: the provider's title and the connection's id."""

    title: str
    connection_id: str


@dataclass(frozen=True)
class Said:
    """What an error's body says, whoever wrote it."""

    code: str = ""  # Nango's
    reason: str = ""  # Google's reason, Dropbox's error_summary, Zoho's errorCode
    text: str = ""
    after: float | None = None


def refusal(status: int, headers: Mapping[str, str], body: bytes, who: Who) -> SyncError:
    """The error for an answer with `status` >= 300."""
    said = heard(body)
    after = retry_after(headers.get("retry-after"))
    if status >= 500 or status == 408:
        return Transient(f"{who.title} had an error of its own (HTTP {status}).", after)
    return _of_nango(status, said, after, who) or _of_provider(status, said, after, who)


def _of_nango(status: int, said: Said, after: float | None, who: Who) -> SyncError | None:
    if status == 424 and said.code == "connection_refresh_backoff":
        wait = NANGO_COOL_DOWN if after is None else after
        return Transient("Nango waits before it renews the authorisation again.", wait)
    if status == 424:
        return dead(who)
    if status == 429 and said.code == "too_many_request":
        wait = NANGO_WINDOW if after is None else after
        return Transient("Nango's own limit of requests is reached.", wait)
    if sentence := _NANGO.get((status, said.code)):
        return Permanent(f"{sentence} {_quoted(said.text)}".strip())
    if status == 401 and said.code:
        return Permanent("Nango refused our secret key: set the right one in the settings.")
    return None


def _of_provider(status: int, said: Said, after: float | None, who: Who) -> SyncError:
    if status == 401:
        return dead(who)
    if status == 429 or (status == 403 and said.reason in LIMITS):
        daily = CAP if said.reason == "dailyLimitExceeded" else None
        wait = next((each for each in (after, said.after, daily) if each is not None), None)
        return Transient(f"{who.title} asks us to slow down (HTTP {status}).", wait)
    because = _quoted(said.reason) or _quoted(said.text)
    if status == 403:
        return _forbidden(said, because, who)
    return Refused(
        f"{who.title} refused a request (HTTP {status}). {because}".strip(), status, said.reason
    )


def _forbidden(said: Said, because: str, who: Who) -> Refused:
    if said.reason in SCOPES:
        do = f"connect {who.title} again and grant the access it asks for"
    else:
        do = f"ask an administrator of {who.title} to allow it"
    return Refused(
        f"{who.title} does not allow connection {who.connection_id} to read this: {do}, then "
        f"replay this sync. {because}".strip(),
        403,
        said.reason,
        reauthorise=said.reason in SCOPES,
    )


def dead(who: Who) -> Permanent:
    """Nobody but the person can help: the authorisation is gone."""
    return Permanent(
        f"{who.title} no longer accepts the authorisation of connection {who.connection_id}: "
        f"connect {who.title} again, then replay this sync.",
        reauthorise=True,
    )


def heard(body: bytes) -> Said:
    """What the body says; for plain text, that text."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return Said(text=body[:_QUOTED].decode(errors="replace"))
    if not isinstance(said, dict):
        return Said()
    error = said.get("error")
    if isinstance(error, dict):
        return _of_error(error, said)
    if isinstance(error, str):
        return Said(reason=error, text=str(said.get("error_description", "")))
    return _of_zoho(said)


def _of_error(error: dict[str, Any], said: dict[str, Any]) -> Said:
    code = error.get("code")
    summary = said.get("error_summary")
    return Said(
        code=code if isinstance(code, str) else "",
        reason=summary if isinstance(summary, str) else _reason(error.get("errors")),
        text=str(error.get("message") or error.get("errors") or ""),
        after=_seconds(error.get("retry_after")),
    )


def _reason(errors: object) -> str:
    given = [each.get("reason") for each in _list(errors) if isinstance(each, dict)]
    reasons = [each for each in given if isinstance(each, str)]
    return next((each for each in reasons if each in LIMITS), reasons[0] if reasons else "")


def _of_zoho(said: dict[str, Any]) -> Said:
    data, status = said.get("data"), said.get("status")
    reason = data.get("errorCode") if isinstance(data, dict) else None
    text = status.get("description") if isinstance(status, dict) else None
    return Said(reason=str(reason or ""), text=str(text or ""))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After (RFC 9110, 10.2.3: a number or a date), at most CAP."""
    if value is None:
        return None
    if (seconds := _seconds(value.strip())) is not None:
        return seconds
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, IndexError, OverflowError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return _seconds((when - (now or datetime.now(UTC))).total_seconds())


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return None if math.isnan(seconds) else min(max(seconds, 0.0), CAP)


def _quoted(text: str) -> str:
    """A provider's words, short, on one line, and without what looks like a token."""
    plain = _SPACES.sub(" ", _SECRET.sub("[masked]", text)).strip()
    return f"It said: {plain[:_QUOTED]}" if plain else ""
