"""Requests to a provider through Nango's proxy. A response is read completely or refused.

https://nango.dev/docs/reference/backend/http-api/proxy
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import quote

import httpx

from syncjobs.errors import Permanent, Refused, SyncError, Transient, Unreadable
from syncjobs.http_errors import Peer, dead, error_body, refusal
from syncjobs.providers import PROVIDERS

HOST = "https://api.nango.dev"
TITLES = {provider.name: provider.title for provider in PROVIDERS}
NO_CONNECTION = frozenset(
    {"not_found", "unknown_connection", "unknown_provider_config", "invalid_credentials"}
)
MOST_BYTES = 64 * 1024 * 1024
LISTING = 16 * 1024 * 1024  # bytes of a response that is kept as a whole
SMALL = 256 * 1024  # bytes; a worker holds only one longer response at a time
REFUSAL = 64 * 1024  # bytes of a refusal that are read
FORWARDED = "Nango-Proxy-"  # Nango forwards headers with this prefix, without the prefix

Query = Mapping[str, str | int | bool]


class ConnectionStatus(StrEnum):
    """The state of a connection at Nango."""

    ALIVE = "alive"
    DEAD = "dead"
    MISSING = "missing"


@dataclass(frozen=True)
class Access:
    """The connection, its integration, and the Nango server."""

    provider: str
    connection_id: str
    secret: str = field(repr=False)
    integration: str = ""
    host: str = HOST

    @property
    def who(self) -> Peer:
        return Peer(TITLES.get(self.provider, self.provider), self.connection_id)


@dataclass(frozen=True)
class Limits:
    """The limits of one connection's requests.

    `silence` is the longest time without a byte, and `answer` the longest time for a whole
    response, in seconds. `pace` is the least time between the starts of two requests, in seconds.
    `most_bytes` limits a response that is processed in pieces or written to a file. A response that
    is kept whole has at most LISTING bytes.
    """

    silence: float = 30.0
    answer: float = 300.0
    most_bytes: int = MOST_BYTES
    pace: float = 0.0


def http_client(limits: Limits | None = None) -> httpx.AsyncClient:
    """An HTTP client for all Nangos of an event loop. They share it, because setting up TLS is
    slow."""
    silence = (limits or Limits()).silence
    return httpx.AsyncClient(timeout=httpx.Timeout(silence, connect=min(silence, 10.0)))


type Sink[T] = Callable[[httpx.Response], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class _Refusal:
    raw: bytes


class Nango:
    """A client for one connection at Nango. All methods raise Transient or Permanent.

    A `client` that is passed in stays open at the end; a client that is made here is closed.
    `large` is a semaphore that admits one response longer than SMALL at a time. The runs of a
    worker share it, so that large responses do not add up in memory. `last_try` says that this is
    the run's last attempt. An item that still fails is then set aside and does not fail the run
    (sources.paging.each_alone).
    """

    def __init__(
        self,
        access: Access,
        client: httpx.AsyncClient | None = None,
        limits: Limits | None = None,
        *,
        large: asyncio.Semaphore | None = None,
        last_try: bool = False,
    ) -> None:
        self.access = access
        self.last_try = last_try
        self._large = large or asyncio.Semaphore(1)
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
        """Request `path` from the provider and return the JSON object of the response."""
        return decoded(await self.read(path, params), self.who)

    async def take[T](
        self, path: str, take: Callable[[dict[str, Any]], T], params: Query | None = None
    ) -> T:
        """Decode the JSON object at `path`, which may have `most_bytes` bytes, and return
        `take(object)`.

        A long response is decoded and processed in a thread, one at a time in the worker. `take`
        should return only a small part of it.
        """
        async with AsyncExitStack() as stack:
            raw = await self._request(path, params, self._gathered(stack, self._limits.most_bytes))
            if len(raw) > SMALL:
                return await asyncio.to_thread(lambda: take(decoded(raw, self.who)))
            return take(decoded(raw, self.who))

    async def save(
        self, path: str, into: Path, params: Query | None = None, **options: Any
    ) -> None:
        """Write the response's bytes to a file; `options` are those of `read`."""
        with into.open("wb") as file:
            await self._request(path, params, self._written(file), **options)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Post `body` as JSON to `path` and return the JSON object of the provider's response."""
        return decoded(await self.read(path, method="POST", body=body), self.who)

    async def read(self, path: str, params: Query | None = None, **options: Any) -> bytes:
        """Request `path` and return the response's bytes, at most LISTING.

        `headers` are sent to the provider; `base` replaces the provider's address; `method` and
        `body` are as in HTTP.
        """
        async with AsyncExitStack() as stack:
            most = min(self._limits.most_bytes, LISTING)
            return await self._request(path, params, self._gathered(stack, most), **options)

    async def _request[T](
        self,
        path: str,
        params: Query | None,
        sink: "Sink[T]",
        *,
        method: str = "GET",
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        base: str | None = None,
    ) -> T:
        request_headers = {FORWARDED + name: value for name, value in (headers or {}).items()}
        request_headers |= {
            "Provider-Config-Key": self.access.integration or self.access.provider,
            "Connection-Id": self.access.connection_id,
            "Retries": "0",
        }
        if base is not None:
            request_headers["Base-Url-Override"] = base
        await self._paced()
        url = f"proxy/{path.lstrip('/')}"
        answer, body_read = await self._exchange(
            method, url, sink, params=params, json=body, headers=request_headers
        )
        if isinstance(body_read, _Refusal):
            raise await self._error(answer, body_read.raw)
        return body_read

    async def connection_status(self, connection_id: str | None = None) -> ConnectionStatus:
        """The connection's state, after Nango has tried to renew its authorisation."""
        answer, raw = await self._looked_up(connection_id or self.access.connection_id)
        code = error_body(raw).code
        if code == "invalid_credentials" or answer.status_code == 424:
            return ConnectionStatus.DEAD
        if answer.is_success:
            return ConnectionStatus.ALIVE
        if answer.status_code in {400, 404} and code in {"not_found", "unknown_connection"}:
            return ConnectionStatus.MISSING
        raise refusal(answer.status_code, answer.headers, raw, self.who)

    async def connection_facts(self) -> dict[str, Any] | None:
        """Read what Nango knows of the connection; None if the connection is missing or dead.

        Its shape: `connectionFullToPublicApi` in packages/server/lib/formatters/connection.ts of
        github.com/NangoHQ/nango.
        """
        answer, raw = await self._looked_up(self.access.connection_id)
        if answer.is_success:
            return decoded(raw, self.who)
        if answer.status_code in {400, 404, 424} and error_body(raw).code in NO_CONNECTION:
            return None
        raise refusal(answer.status_code, answer.headers, raw, self.who)

    async def _looked_up(self, connection_id: str) -> tuple[httpx.Response, bytes]:
        path = f"connections/{quote(connection_id, safe='')}"
        params = {"provider_config_key": self.access.integration or self.access.provider}
        async with AsyncExitStack() as stack:
            sink = self._gathered(stack, LISTING)
            answer, body = await self._exchange("GET", path, sink, params=params, headers={})
        return answer, body.raw if isinstance(body, _Refusal) else body

    async def _error(self, answer: httpx.Response, raw: bytes) -> SyncError:
        """The error to raise for an error response of Nango or the provider.

        Nango's 400 server_error may mean a missing or dead connection. So this asks for the
        connection's state.
        """
        if answer.status_code != 400 or error_body(raw).code != "server_error":
            return refusal(answer.status_code, answer.headers, raw, self.who)
        match await self.connection_status():
            case ConnectionStatus.ALIVE:
                return Transient("Nango could not renew the authorisation this time.")
            case ConnectionStatus.MISSING:
                return Permanent(
                    f"Nango knows no connection {self.who.connection_id}. Connect "
                    f"{self.who.title} again, then replay this sync.",
                    reauthorise=True,
                )
            case _:
                return dead(self.who)

    async def _exchange[T](
        self, method: str, path: str, sink: "Sink[T]", *, headers: Mapping[str, str], **options: Any
    ) -> "tuple[httpx.Response, T | _Refusal]":
        assert self._client is not None  # noqa: S101
        url = f"{self.access.host.rstrip('/')}/{path}"
        headers = {**headers, "Authorization": f"Bearer {self.access.secret}"}
        try:
            async with (
                asyncio.timeout(self._limits.answer),
                self._client.stream(method, url, headers=headers, **options) as answer,
            ):
                if not answer.is_success:
                    return answer, _Refusal(await _beginning(answer))
                return answer, await sink(answer)
        except (TimeoutError, httpx.TimeoutException):
            raise Transient(f"{self.who.title} did not answer in time.") from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError, ValueError):
            raise Permanent(
                "The request to Nango is invalid. Check its address, its secret key and the "
                "connection's id in the settings."
            ) from None
        except httpx.HTTPError as error:
            raise Transient(
                f"The connection to {self.who.title} broke ({type(error).__name__})."
            ) from None

    def _gathered(self, stack: AsyncExitStack, most: int) -> "Sink[bytes]":
        """Return a function that reads a response into memory. It raises an error above `most`
        bytes.

        A response longer than SMALL takes the semaphore `large` until `stack` is closed.
        """

        async def gather(answer: httpx.Response) -> bytes:
            body, waited = bytearray(), False
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > most:
                    raise self._too_long(most)
                if len(body) > SMALL and not waited:
                    waited = True
                    await stack.enter_async_context(self._large)
            return bytes(body)

        return gather

    def _written(self, file: IO[bytes]) -> "Sink[None]":
        async def write(answer: httpx.Response) -> None:
            size = 0
            async for chunk in answer.aiter_bytes():
                size += file.write(chunk)
                if size > self._limits.most_bytes:
                    raise self._too_long(self._limits.most_bytes)

        return write

    def _too_long(self, most: int) -> Unreadable:
        return Unreadable(
            f"{self.who.title} sent more than {most // 1048576} MiB in one answer, which is more "
            "than we read."
        )

    async def _paced(self) -> None:
        """Wait so that requests start at least `pace` seconds apart, even concurrent ones."""
        now = asyncio.get_running_loop().time()
        start = max(now, self._next)
        self._next = start + self._limits.pace
        if start > now:
            await asyncio.sleep(start - now)


async def _beginning(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) >= REFUSAL:
            break
    return bytes(body[:REFUSAL])


def decoded(raw: bytes, who: Peer) -> dict[str, Any]:
    """The JSON object in `raw`. NaN and infinities become None, because PostgreSQL refuses them."""
    try:
        value = json.loads(raw, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise Transient(f"{who.title} sent a response that is not JSON.") from None
    if not isinstance(value, dict):
        raise Transient(f"{who.title} sent JSON of an unexpected shape.")
    return value


def owners(facts: Mapping[str, Any]) -> list[str]:
    """The ids of the connection's owner, as stated in `end_user` and in `tags`.

    `facts` is the response of `GET /connections/{id}`, or the body of an auth webhook.
    https://nango.dev/docs/guides/auth/connection-tags-configuration-metadata
    """
    ids = [
        _within(facts, "end_user", "id"),
        _within(facts, "endUser", "endUserId"),
        _within(facts, "tags", "end_user_id"),
    ]
    return [owner for owner in ids if isinstance(owner, str) and owner]


def _within(facts: Mapping[str, Any], outer: str, inner: str) -> Any:
    inside = facts.get(outer)
    return inside.get(inner) if isinstance(inside, dict) else None


def signed(body: bytes, header: str | None, key: str) -> bool:
    """Return whether `header` is the hexadecimal HMAC-SHA256 of the raw body under the webhook
    signing key.

    Always False without a key. The comparison takes constant time.
    """
    if not key or not header:
        return False
    expected = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.strip().lower().encode())


def unreadable(refused: Refused, what: str, who: Peer) -> SyncError:
    """The error to raise for a refused request: Unreadable if the refusal concerns only the item
    `what`, else `refused` itself."""
    if refused.reauthorise or not 400 <= refused.status < 500:
        return refused
    return Unreadable(f"{who.title} has no bytes for {what}. It is gone or cannot be downloaded.")
