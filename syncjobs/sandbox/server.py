"""The sandbox's HTTP/1.1 server on a local port. It can stall, or reset the connection, within a
body."""

import asyncio
import hashlib
import hmac
import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

import h11
import httpx

from syncjobs.sandbox.http_messages import Answer, Request, of_nango
from syncjobs.sandbox.nango_proxy import World

MOST = 64 * 1024 * 1024  # bytes of a request's body
CHUNK = 1 << 16  # bytes


class Sandbox:
    """Runs the server in a thread of its own, inside a `with` block.

    `control` and `truth` call the control endpoint over HTTP, as any other program would.
    """

    def __init__(self, seed: int = 7, port: int = 0, host: str = "127.0.0.1") -> None:
        self.world = World(seed)
        self._address = host, port
        self._ready = threading.Event()
        self.url = ""

    @property
    def secret(self) -> str:
        return self.world.secret

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        self._ready.wait(10)
        if not self.url:
            self._thread.join(10)
            raise OSError(f"cannot listen on {self._address[0]}:{self._address[1]}")
        self._client = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def control(self, connection: str, **description: Any) -> dict[str, Any]:
        """Create or steer a connection. Raises httpx.HTTPStatusError for an invalid request."""
        answer = self._client.post(
            f"/sandbox/connections/{quote(connection, safe='')}", json=description
        )
        body: dict[str, Any] = answer.raise_for_status().json()
        return body

    def truth(self, connection: str) -> dict[str, dict[str, Any]]:
        """The facts of every item that a full sync of the connection must find, by external_id."""
        answer = self._client.get(f"/sandbox/connections/{quote(connection, safe='')}")
        items: dict[str, dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items

    def webhook(self, target: str, key: str, body: Mapping[str, Any]) -> httpx.Response:
        """Send the body to `target` as Nango does, signed with the webhook signing key."""
        raw = json.dumps(body).encode()
        headers = {"content-type": "application/json", "x-nango-hmac-sha256": signature(raw, key)}
        return self._client.post(target, content=raw, headers=headers)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError:
            self.url = ""
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await serve(self.world, *self._address, self._stop, self._listening)

    def _listening(self, url: str) -> None:
        self.url = url
        self._ready.set()


async def serve(
    world: World, host: str, port: int, stop: asyncio.Event, listening: Callable[[str], None]
) -> None:
    """Serve the world on `host` and `port` until `stop` is set. `listening` is called once with the
    URL. Raises OSError if the port is taken."""
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        talks.add(task)
        try:
            await _Talk(world, reader, writer).run()
        except (OSError, h11.ProtocolError, asyncio.CancelledError):
            pass  # the client closed the connection, or the sandbox stops
        finally:
            talks.discard(task)
            writer.close()

    server = await asyncio.start_server(talk, host, port)
    bound = server.sockets[0].getsockname()
    listening(f"http://{bound[0]}:{bound[1]}")
    await stop.wait()
    server.close()
    for task in list(talks):
        task.cancel()
    await asyncio.gather(*talks, return_exceptions=True)


class _Talk:
    """Answers one connection's requests, one after the other."""

    def __init__(
        self, world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._world, self._reader, self._writer = world, reader, writer
        self._http = h11.Connection(h11.SERVER)

    async def run(self) -> None:
        while (request := await self._request()) is not None:
            answer = self._answered(request)
            if answer.stall or answer.cut:
                await self._spoil(answer)
                return
            await self._send(_head(answer), h11.Data(answer.body), h11.EndOfMessage())
            if self._http.our_state is h11.MUST_CLOSE:
                return
            self._http.start_next_cycle()

    def _answered(self, request: Request) -> Answer:
        try:
            return self._world.answer(request)
        except Exception as error:  # noqa: BLE001 - a mistake of the sandbox shows as one
            return of_nango(500, "sandbox_broke", f"{type(error).__name__}: {error}")

    async def _request(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(CHUNK))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MOST:
                    return None
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _request(head, bytes(body))
            else:
                return None

    async def _send(self, *events: h11.Event) -> None:
        for event in events:
            self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()

    async def _spoil(self, answer: Answer) -> None:
        """Send half of the body, then stall, then reset the connection."""
        half = answer.body[: max(len(answer.body) // 2, 1)]
        await self._send(_head(answer, len(answer.body) + 1), h11.Data(half))
        if answer.stall:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._reader.read(1), answer.stall)
        linger = struct.pack("ii", 1, 0)  # closing then sends RST, not FIN
        self._writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger
        )
        self._writer.transport.abort()


def _head(answer: Answer, length: int | None = None) -> h11.Response:
    headers = answer.headers | {"content-length": str(length or len(answer.body))}
    return h11.Response(status_code=answer.status, headers=list(headers.items()))


def _request(head: h11.Request, body: bytes) -> Request:
    url = urlsplit(head.target.decode("ascii", "replace"))
    headers = {name.decode().lower(): text.decode("latin-1") for name, text in head.headers}
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    return Request(head.method.decode(), url.path.lstrip("/"), query, headers, body)


def signature(raw: bytes, key: str) -> str:
    """Nango's X-Nango-Hmac-Sha256 header for these bytes."""
    return hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()


def info(world: World, url: str) -> str:
    """The sandbox's address and connections, as one line of JSON."""
    connections = {key: item.provider for key, item in world.connections.items()}
    return json.dumps({"url": url, "secret_key": world.secret, "connections": connections})
