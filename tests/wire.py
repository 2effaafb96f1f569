"""Listens between a client and PostgreSQL, and records the statements and answers on the wire.

It reads the frontend's messages (PostgreSQL documentation, "Frontend/Backend Protocol") and changes
none. Connections must be plain: it refuses requests for encryption.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

ENCRYPTION = {80877103, 80877104}  # SSLRequest, GSSENCRequest
CHUNK = 1 << 16


@dataclass
class Wire:
    """Listens on a free port of localhost and forwards everything to PostgreSQL.

    `executed` lists the statements that were run, in order, simple or prepared. `prepared` lists
    those that were parsed. `answers` are the bytes of the answers. `made` counts the connections
    that were opened, and `held` those that are open. `before(text)` is called before a statement is
    forwarded; the client waits until it returns.
    """

    conninfo: str
    executed: list[str] = field(default_factory=list)
    prepared: list[str] = field(default_factory=list)
    answers: bytearray = field(default_factory=bytearray)
    made: int = 0
    held: int = 0
    before: Callable[[str], None] = lambda _: None

    def __enter__(self) -> Self:
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for item in self._open:
            with suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for item in self._open:
            item.close()

    @property
    def through(self) -> str:
        """The conninfo of the same database through this listener."""
        port = self._listener.getsockname()[1]
        return make_conninfo(self.conninfo, host="127.0.0.1", port=port)

    def forget(self) -> None:
        """Set the records back to empty. Connections stay open."""
        self.executed.clear()
        self.prepared.clear()
        self.answers.clear()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                client, _ = self._listener.accept()
                server = _dial(self.conninfo)
                self._open += [client, server]
                self.made += 1
                self.held += 1
                self._start(self._requests, client, server)
                self._start(self._replies, server, client)

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        session = Session(self)
        with _ending(server), client.makefile("rb") as stream:
            while (startup := _startup(stream.read)) is not None:
                if _is_encryption(startup):
                    client.sendall(b"N")
                    continue
                server.sendall(startup)
                break
            for kind, body in _messages(stream.read):
                session.hear(kind, body)
                server.sendall(kind + struct.pack("!i", len(body) + 4) + body)
        self.held -= 1

    def _replies(self, server: socket.socket, client: socket.socket) -> None:
        with _ending(client):
            while chunk := server.recv(CHUNK):
                self.answers += chunk
                client.sendall(chunk)


class Session:
    """One connection's prepared statements and portals, by name."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._statements: dict[bytes, str] = {}
        self._portals: dict[bytes, str] = {}

    def hear(self, kind: bytes, body: bytes) -> None:
        first, _, rest = body.partition(b"\0")
        second = rest.partition(b"\0")[0]
        if kind == b"P":  # Parse: statement, text, parameter types
            self._statements[first] = second.decode()
            self._wire.prepared.append(second.decode())
        elif kind == b"B":  # Bind: portal, statement, values
            self._portals[first] = self._statements[second]
        elif kind == b"E":  # Execute: portal, rows
            self._run(self._portals[first])
        elif kind == b"Q":  # a simple query: text
            self._run(first.decode())

    def _run(self, text: str) -> None:
        self._wire.executed.append(text)
        self._wire.before(text)


Read = Callable[[int], bytes]


def _startup(read: Read) -> bytes | None:
    """The first message, which has no type byte; None if the client has left."""
    length = read(4)
    return length + read(struct.unpack("!i", length)[0] - 4) if len(length) == 4 else None


def _is_encryption(startup: bytes) -> bool:
    return struct.unpack("!i", startup[4:8])[0] in ENCRYPTION


def _messages(read: Read) -> Iterator[tuple[bytes, bytes]]:
    while len(header := read(5)) == 5:
        kind, length = struct.unpack("!ci", header)
        yield kind, read(length - 4)


def _dial(conninfo: str) -> socket.socket:
    """Open a connection to PostgreSQL as libpq would: through the socket's folder, or over TCP."""
    place = conninfo_to_dict(conninfo)
    host, port = str(place.get("host", "localhost")), int(place.get("port", 5432))
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    server = socket.socket(socket.AF_UNIX)
    server.connect(str(Path(host) / f".s.PGSQL.{port}"))
    return server


@contextmanager
def _ending(other: socket.socket) -> Iterator[None]:
    """When the block ends because one side has closed its connection, close the connection to the
    other side."""
    try:
        with suppress(OSError):
            yield
    finally:
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)
