"""Requests to a provider through Nango's proxy, each answer read whole or refused.

https://nango.dev/docs/reference/backend/http-api/proxy
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from syncjobs.errors import Permanent, Refused, SyncError, Transient, Unreadable
from syncjobs.http_errors import Who, dead, heard, refusal

HOST = "https://api.nango.dev"
TITLES = {
    "gmail": "Gmail",
    "dropbox": "Dropbox",
    "gdrive": "Google Drive",
    "zoho_mail": "Zoho Mail",
}
NO_CONNECTION = frozenset(
    {"not_found", "unknown_connection", "unknown_provider_config", "invalid_credentials"}
)
MOST_BYTES = 64 * 1024 * 1024
FORWARDED = "Nango-Proxy-"  # Nango hands headers of this prefix on, without the prefix

Query = Mapping[str, str | int | bool]


class Standing(StrEnum):
    """What Nango says of a connection."""

    ALIVE = "alive"
    DEAD = "dead"
    MISSING = "missing"


@dataclass(frozen=True)
class Access:
    """Which connection of which integration, on which Nango."""

    provider: str
    connection_id: str
    secret: str = field(repr=False)
    integration: str = ""
    host: str = HOST

    @property
    def who(self) -> Who:
        return Who(TITLES.get(self.provider, self.provider), self.connection_id)


@dataclass(frozen=True)
class Limits:
    """Seconds without a sign of life, seconds for a whole answer, its bytes, seconds between."""

    silence: float = 30.0
    answer: float = 300.0
    most_bytes: int = MOST_BYTES
    pace: float = 0.0


def http_client(limits: Limits | None = None) -> httpx.AsyncClient:
    """A client to share among many Nangos of one event loop: its TLS set-up is the dear part."""
    silence = (limits or Limits()).silence
    return httpx.AsyncClient(timeout=httpx.Timeout(silence, connect=min(silence, 10.0)))


class Nango:
    """One connection. Every method raises Transient or Permanent, and nothing else of its own.

    A `client` that was given stays open at the end; its own is closed.
    """

    def __init__(
        self,
        access: Access,
        client: httpx.AsyncClient | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.access = access
        self.who = access.who
        self._limits = limits or Limits()
        self._own = None if client else http_client(self._limits)
        self._client = client or self._own
        self._next = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._own is not None:
            await self._own.aclose()

    async def get(self, path: str, params: Query | None = None) -> dict[str, Any]:
        """The JSON object at the provider's `path`."""
        return decoded(await self.read(path, params), self.who)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The JSON object that the provider answers to `body`."""
        return decoded(await self.read(path, method="POST", body=body), self.who)

    async def read(
        self,
        path: str,
        params: Query | None = None,
        *,
        method: str = "GET",
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        base: str | None = None,
    ) -> bytes:
        """The answer's bytes. `headers` go to the provider; `base` replaces its address."""
        sent = {FORWARDED + name: value for name, value in (headers or {}).items()}
        sent |= {
            "Provider-Config-Key": self.access.integration or self.access.provider,
            "Connection-Id": self.access.connection_id,
            "Retries": "0",
        }
        if base is not None:
            sent["Base-Url-Override"] = base
        await self._paced()
        url = f"proxy/{path.lstrip('/')}"
        answer, raw = await self._exchange(method, url, params=params, json=body, headers=sent)
        if answer.is_success:
            return raw
        raise await self._trouble(answer, raw)

    async def connection_status(self, connection_id: str | None = None) -> Standing:
        """What Nango knows of the connection, after it tried to renew its authorisation."""
        answer, raw = await self._looked_up(connection_id or self.access.connection_id)
        code = heard(raw).code
        if code == "invalid_credentials" or answer.status_code == 424:
            return Standing.DEAD
        if answer.is_success:
            return Standing.ALIVE
        if answer.status_code in {400, 404} and code in {"not_found", "unknown_connection"}:
            return Standing.MISSING
        raise refusal(answer.status_code, answer.headers, raw, self.who)

    async def connection_facts(self) -> dict[str, Any] | None:
        """What Nango tells of the connection; None where it has none such, or a dead one.

        Its shape: `connectionFullToPublicApi` in packages/server/lib/formatters/connection.ts of
        github.com/NangoHQ/nango.
        """
        answer, raw = await self._looked_up(self.access.connection_id)
        if answer.is_success:
            return decoded(raw, self.who)
        if answer.status_code in {400, 404, 424} and heard(raw).code in NO_CONNECTION:
            return None
        raise refusal(answer.status_code, answer.headers, raw, self.who)

    async def _looked_up(self, connection_id: str) -> tuple[httpx.Response, bytes]:
        path = f"connections/{quote(connection_id, safe='')}"
        params = {"provider_config_key": self.access.integration or self.access.provider}
        return await self._exchange("GET", path, params=params, headers={})

    async def _trouble(self, answer: httpx.Response, raw: bytes) -> SyncError:
        """Nango says 400 server_error of a missing, a dead and an unlucky connection: ask it."""
        if answer.status_code != 400 or heard(raw).code != "server_error":
            return refusal(answer.status_code, answer.headers, raw, self.who)
        match await self.connection_status():
            case Standing.ALIVE:
                return Transient("Nango could not renew the authorisation this time.")
            case Standing.MISSING:
                return Permanent(
                    f"Nango knows no connection {self.who.connection_id}: connect "
                    f"{self.who.title} again, then replay this sync.",
                    reauthorise=True,
                )
            case _:
                return dead(self.who)

    async def _exchange(
        self, method: str, path: str, *, headers: Mapping[str, str], **sent: Any
    ) -> tuple[httpx.Response, bytes]:
        assert self._client is not None  # noqa: S101
        url = f"{self.access.host.rstrip('/')}/{path}"
        headers = {**headers, "Authorization": f"Bearer {self.access.secret}"}
        try:
            async with (
                asyncio.timeout(self._limits.answer),
                self._client.stream(method, url, headers=headers, **sent) as answer,
            ):
                return answer, await self._whole(answer)
        except (TimeoutError, httpx.TimeoutException):
            raise Transient(f"{self.who.title} did not answer in time.") from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError, ValueError):
            raise Permanent(
                "The request to Nango cannot be made: check its address, its secret key and the "
                "connection's id in the settings."
            ) from None
        except httpx.HTTPError as error:
            raise Transient(
                f"The connection to {self.who.title} broke ({type(error).__name__})."
            ) from None

    async def _whole(self, answer: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > self._limits.most_bytes:
                raise Unreadable(
                    f"{self.who.title} sent more than {self._limits.most_bytes // 1048576} MiB "
                    "in one answer, which is more than we read."
                )
        return bytes(body)

    async def _paced(self) -> None:
        """Requests start at least `pace` seconds apart, concurrent ones too."""
        now = asyncio.get_running_loop().time()
        start = max(now, self._next)
        self._next = start + self._limits.pace
        if start > now:
            await asyncio.sleep(start - now)


def decoded(raw: bytes, who: Who) -> dict[str, Any]:
    """The JSON object in `raw`; NaN and its kin, which PostgreSQL refuses, as None."""
    try:
        value = json.loads(raw, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise Transient(f"{who.title} sent an answer that is not JSON.") from None
    if not isinstance(value, dict):
        raise Transient(f"{who.title} sent JSON of an unexpected shape.")
    return value


def owners(facts: Mapping[str, Any]) -> list[str]:
    """Whose connection it is: the end user's id, as `end_user` and as the `tags` state it.

    Takes what `GET /connections/{id}` answers, and the body of an auth webhook.
    https://nango.dev/docs/guides/auth/connection-tags-configuration-metadata
    """
    given = [
        _within(facts, "end_user", "id"),
        _within(facts, "endUser", "endUserId"),
        _within(facts, "tags", "end_user_id"),
    ]
    return [each for each in given if isinstance(each, str) and each]


def _within(facts: Mapping[str, Any], outer: str, inner: str) -> Any:
    held = facts.get(outer)
    return held.get(inner) if isinstance(held, dict) else None


def signed(body: bytes, header: str | None, key: str) -> bool:
    """Whether `header` is the hex HMAC-SHA256 of the raw body under the webhook signing key.

    Never true without a key. Takes the same time wherever the two differ.
    """
    if not key or not header:
        return False
    expected = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.strip().lower().encode())


def unreadable(refused: Refused, what: str, who: Who) -> SyncError:
    """A refusal that is about one item only; one that is about all is handed back as it is."""
    if refused.reauthorise or refused.status not in {400, 403, 404, 409, 410}:
        return refused
    return Unreadable(f"{who.title} has no bytes for {what}: it is gone or cannot be downloaded.")
