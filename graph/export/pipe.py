"""From a thread that makes bytes to whoever reads them: never far ahead, never left alone."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from contextvars import copy_context
from queue import Empty, Full, Queue

log = logging.getLogger(__name__)

CHUNK = 1 << 16  # bytes, about
AHEAD = 16  # chunks that are made and not read yet, at most
LOOK = 1.0  # seconds between two looks whether the maker still lives


class Broken(Exception):
    """The maker has ended before its end."""


class Pipe:
    """The bytes that `make` opens, made in a thread of its own, in chunks.

    The thread ends, and closes what it has opened, when all is made, when the pipe is closed, or
    when nobody has read for `patience` seconds; then it calls `ended`.
    """

    def __init__(
        self,
        make: Callable[[], AbstractContextManager[Iterator[bytes]]],
        patience: float,
        ended: Callable[[], None],
    ) -> None:
        self._patience = patience
        self._closed = threading.Event()
        self._chunks: Queue[bytes | Exception] = Queue(AHEAD)
        run = copy_context().run
        given = (self._work, make, ended)
        self._thread = threading.Thread(target=run, args=given, name="pipe", daemon=True)
        self._thread.start()

    def read(self) -> bytes:
        """The next chunk; b"" at the end. Raises what the maker raised, Broken where it gave up."""
        while True:
            alive = self._thread.is_alive()
            try:
                found = self._chunks.get(timeout=LOOK if alive else 0)
            except Empty:
                if not alive:
                    raise Broken("Nobody read for too long, or it was closed.") from None
                continue
            if isinstance(found, Exception):
                raise found
            return found

    def close(self) -> None:
        """Nobody reads any more."""
        self._closed.set()
        with suppress(Empty):
            while True:  # the maker may wait for room
                self._chunks.get_nowait()

    def _work(
        self,
        make: Callable[[], AbstractContextManager[Iterator[bytes]]],
        ended: Callable[[], None],
    ) -> None:
        try:
            with make() as pieces:
                for chunk in _chunks(pieces):
                    if not self._taken(chunk):
                        return
            self._taken(b"")
        except Exception as error:  # noqa: BLE001 - the reader gets it
            self._taken(error)
        finally:
            ended()

    def _taken(self, what: bytes | Exception) -> bool:
        """False: nobody reads it."""
        if self._closed.is_set():
            return False
        try:
            self._chunks.put(what, timeout=self._patience)
        except Full:
            log.warning("nobody has read for %g s: the rest is not made", self._patience)
            return False
        return True


def _chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    gathered, size = [], 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(gathered)
            gathered, size = [], 0
    if size:
        yield b"".join(gathered)
