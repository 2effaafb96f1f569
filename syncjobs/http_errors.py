"""Classifies HTTP errors as Transient or Permanent, with a message for the user.

In Nango's own errors `error.code` is a word; in Google's it is a number.
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

CAP = 3600.0  # seconds; the longest wait that a provider may ask for
NANGO_WINDOW = 60.0
NANGO_COOL_DOWN = 30.0

# Google uses 403 both for rate limits and for missing permissions. The reason tells which.
LIMITS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded"})
SCOPES = frozenset({"insufficientPermissions", "authError", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})

_UNKNOWN = (
    "Nango knows no such integration. Correct the integration's id in the settings, then replay "
    "this sync."
)
_NANGO = {
    (402, "plan_limit"): "Nango's plan is used up. Raise its limit, then replay this sync.",
    (404, "unknown_provider_config"): _UNKNOWN,
    (400, "unknown_provider_config"): _UNKNOWN,
    (400, "invalid_headers"): (
        "Nango refused the request as malformed. Check the connection's id and the integration's "
        "id in the settings."
    ),
}

_QUOTED = 200  # characters of a provider's text
_SECRET = re.compile(r"[\w.~+/=-]{32,}")
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Peer:
    """The provider's title and the connection's id, for messages."""

    title: str
    connection_id: str


@dataclass(frozen=True)
class ErrorBody:
    """What an error response from Nango or a provider says: a code, a reason and a text, each empty
    if it is missing, and the seconds to wait (`after`), if any."""

    code: str = ""  # Nango's
    reason: str = ""  # Google's reason, Dropbox's error_summary, Zoho's errorCode
    text: str = ""
    after: float | None = None


def refusal(status: int, headers: Mapping[str, str], body: bytes, peer: Peer) -> SyncError:
    """The error to raise for a response with `status` >= 300: Transient if the request may be tried
    again, else Permanent."""
    details = error_body(body)
    after = retry_after(headers.get("retry-after"))
    if status >= 500 or status == 408:
        return Transient(f"{peer.title} had an internal error (HTTP {status}).", after)
    return _of_nango(status, details, after, peer) or _of_provider(status, details, after, peer)


def _of_nango(status: int, details: ErrorBody, after: float | None, peer: Peer) -> SyncError | None:
    if status == 424 and details.code == "connection_refresh_backoff":
        wait = NANGO_COOL_DOWN if after is None else after
        return Transient("Nango waits before it renews the authorisation again.", wait)
    if status == 424:
        return dead(peer)
    if status == 429 and details.code == "too_many_request":
        wait = NANGO_WINDOW if after is None else after
        return Transient("Nango's own rate limit is reached.", wait)
    if sentence := _NANGO.get((status, details.code)):
        return Permanent(f"{sentence} {_quoted(details.text)}".strip())
    if status == 401 and details.code:
        return Permanent("Nango refused our secret key. Set the right one in the settings.")
    return None


def _of_provider(status: int, details: ErrorBody, after: float | None, peer: Peer) -> SyncError:
    if status == 401:
        return dead(peer)
    if status == 429 or (status == 403 and details.reason in LIMITS):
        daily = CAP if details.reason == "dailyLimitExceeded" else None
        wait = next((s for s in (after, details.after, daily) if s is not None), None)
        return Transient(f"{peer.title} asks us to slow down (HTTP {status}).", wait)
    because = _quoted(details.reason) or _quoted(details.text)
    if status == 403:
        return _forbidden(details, because, peer)
    return Refused(
        f"{peer.title} refused a request (HTTP {status}). {because}".strip(), status, details.reason
    )


def _forbidden(details: ErrorBody, because: str, peer: Peer) -> Refused:
    if details.reason in SCOPES:
        do = f"connect {peer.title} again and grant the access it asks for"
    else:
        do = f"ask an administrator of {peer.title} to allow it"
    return Refused(
        f"{peer.title} does not allow connection {peer.connection_id} to read this. {do}, then "
        f"replay this sync. {because}".strip(),
        403,
        details.reason,
        reauthorise=details.reason in SCOPES,
    )


def dead(peer: Peer) -> Permanent:
    """The error for a connection that the user must authorise again."""
    return Permanent(
        f"{peer.title} no longer accepts the authorisation of connection {peer.connection_id}. "
        f"Connect {peer.title} again, then replay this sync.",
        reauthorise=True,
    )


def error_body(body: bytes) -> ErrorBody:
    """Parse the body of an error response. If it is not JSON, its beginning is the message."""
    try:
        details = json.loads(body)
    except (ValueError, RecursionError):
        return ErrorBody(text=body[:_QUOTED].decode(errors="replace"))
    if not isinstance(details, dict):
        return ErrorBody()
    error = details.get("error")
    if isinstance(error, dict):
        return _of_error(error, details)
    if isinstance(error, str):
        return ErrorBody(reason=error, text=str(details.get("error_description", "")))
    return _of_zoho(details)


def _of_error(error: dict[str, Any], details: dict[str, Any]) -> ErrorBody:
    code = error.get("code")
    summary = details.get("error_summary")
    return ErrorBody(
        code=code if isinstance(code, str) else "",
        reason=summary if isinstance(summary, str) else _reason(error.get("errors")),
        text=str(error.get("message") or error.get("errors") or ""),
        after=_seconds(error.get("retry_after")),
    )


def _reason(errors: object) -> str:
    values = [item.get("reason") for item in _list(errors) if isinstance(item, dict)]
    reasons = [reason for reason in values if isinstance(reason, str)]
    return next((reason for reason in reasons if reason in LIMITS), reasons[0] if reasons else "")


def _of_zoho(details: dict[str, Any]) -> ErrorBody:
    data, status = details.get("data"), details.get("status")
    reason = data.get("errorCode") if isinstance(data, dict) else None
    text = status.get("description") if isinstance(status, dict) else None
    return ErrorBody(reason=str(reason or ""), text=str(text or ""))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After header (RFC 9110, 10.2.3: a number or a date), at most CAP."""
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
    """The sentence "It said: …" with the provider's text, shortened to one line, with everything
    that looks like a secret masked; "" if there is no text."""
    plain = _SPACES.sub(" ", _SECRET.sub("[masked]", text)).strip()
    return f"It said: {plain[:_QUOTED]}" if plain else ""
