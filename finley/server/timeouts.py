"""uvicorn's h11 protocol with timeouts for headers, body and response; uvicorn has none.

REQUEST_TIMEOUTS has the seconds for receiving the headers, for a body, and for reading a response.
A client that sends or reads a byte now and then does not extend them. A slow client occupies a
socket until its timeout, but never a thread.
"""

import fcntl
import json
import socket
import sys
import termios
from asyncio import BaseTransport, TimerHandle, Transport
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import h11
from django.conf import settings
from uvicorn.protocols.http.h11_impl import H11Protocol

from graph.http import problems

READ_AT_LEAST = 32_768  # bytes of the response that a client must read per REQUEST_TIMEOUTS["read"]
TOO_SLOW = "The request did not arrive within {seconds:g} seconds."


class TimeoutProtocol(H11Protocol):
    """One connection. A process has at most CONNECTIONS of them, and a few more for probes only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._coming: tuple[str, object] | None = None  # the expected part, and its request
        self._until: dict[str, TimerHandle] = {}

    def connection_made(self, transport: BaseTransport) -> None:
        transport = cast(Transport, transport)  # of a socket, as uvicorn itself assumes
        super().connection_made(transport)
        _send_at_once(transport)
        beyond = len(self.connections) - settings.CONNECTIONS
        if beyond > 0:
            self.app_state = {**self.app_state, "of_probes": True}
        if beyond > settings.CONNECTIONS_OF_PROBES:
            transport.abort()
        else:
            self._wait_for_request()

    def connection_lost(self, exc: Exception | None) -> None:
        for name in list(self._until):
            self._no_end(name)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait_for_request()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait_for_request()
        self._wait_for_reader()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_reader()

    def _wait_for_reader(self) -> None:
        """Start the read timeout; it is renewed while the client reads fast enough."""
        unread = self._unread()
        self._end("reader", settings.REQUEST_TIMEOUTS["read"], lambda: self._leave(unread))

    def _leave(self, before: int) -> None:
        """Close the connection if the client has read less than READ_AT_LEAST bytes since the last
        check, when `before` bytes were unread.

        While a response is still being written, new unread bytes may be added.
        """
        stands_still = before - self._unread() < READ_AT_LEAST
        if not self.transport.get_write_buffer_size():
            return
        if stands_still and (self.flow.write_paused or self._is_answered()):
            self.transport.abort()
        else:
            self._wait_for_reader()

    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _unread(self) -> int:
        """The number of bytes that were written and that the client has not received: those in our
        buffer and in the system's."""
        return self.transport.get_write_buffer_size() + _of_system(self.transport)

    def _wait_for_request(self) -> None:
        """Start the timeout for the part of the request that has to come next (headers or body),
        unless it runs already."""
        coming = self._part()
        if coming == self._coming:
            return
        self._coming = coming
        self._no_end("request")
        if coming is not None:
            part, _ = coming
            self._end("request", settings.REQUEST_TIMEOUTS[part], lambda: self._give_up(part))

    def _part(self) -> tuple[str, object] | None:
        if self.transport.is_closing():
            return None
        match self.conn.their_state:
            case h11.IDLE:
                return "head", self.cycle
            case h11.SEND_BODY:
                return "body", self.cycle
        return None

    def _give_up(self, part: str) -> None:
        """Close the connection because the client was too slow with the part `part`. Respond with
        408 first if the client has sent a part of a request and no response has begun."""
        has_begun = self.conn.trailing_data[0] or part == "body"
        if has_begun and self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.write(_too_slow(settings.REQUEST_TIMEOUTS[part]))
        if part == "body":
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()
        self._wait_for_reader()

    def _end(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        self._no_end(name)
        self._until[name] = self.loop.call_later(seconds, act)

    def _no_end(self, name: str) -> None:
        if (until := self._until.pop(name, None)) is not None:
            until.cancel()


def _send_at_once(transport: Transport) -> None:
    """Disable Nagle's algorithm, so that a body is sent without waiting for an acknowledgement.

    asyncio does so only for sockets that it opened itself. Unix sockets have no such option.
    """
    with suppress(OSError):
        line = transport.get_extra_info("socket")
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _of_system(transport: Transport) -> int:
    """The number of bytes in the system's send buffer that the client has not acknowledged; 0 if it
    is unknown."""
    line = transport.get_extra_info("socket")
    try:
        unsent = fcntl.ioctl(line.fileno(), termios.TIOCOUTQ, bytes(4))
    except (OSError, ValueError):  # ValueError: the socket is closed
        return 0
    return int.from_bytes(unsent, sys.byteorder)


def _too_slow(seconds: float) -> bytes:
    body = json.dumps(problems.body(408, TOO_SLOW.format(seconds=seconds))).encode()
    head = (
        "HTTP/1.1 408 Request Timeout\r\n"
        f"Content-Type: {problems.MEDIA_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
