"""Passes bytes from a producing thread to a reader, with a bounded buffer and a timeout."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from contextvars import copy_context
from queue import Empty, Full, Queue

log = logging.getLogger(__name__)

CHUNK = 1 << 16  # bytes of a chunk, approximately
AHEAD = 16  # chunks produced and not yet read, at most
LOOK = 1.0  # seconds between two checks whether the producer is alive


class Broken(Exception):
    """The producer ended before its data was complete."""


class Pipe:
    """Runs `make` in a thread of its own, and passes on the bytes that it yields, in chunks.

    The thread ends when all bytes are produced, when the pipe is closed, or when nobody has read
    for `timeout` seconds. It then closes what it opened, and calls `ended`. Both happen before the
    reader sees the end or an error, so that a reader can start the next export at once.
    """

    def __init__(
        self,
        make: Callable[[], AbstractContextManager[Iterator[bytes]]],
        timeout: float,
        ended: Callable[[], None],
    ) -> None:
        self._timeout = timeout
        self._closed = threading.Event()
        self._chunks: Queue[bytes | Exception] = Queue(AHEAD)
        run = copy_context().run
        arguments = (self._work, make, ended)
        self._thread = threading.Thread(target=run, args=arguments, name="pipe", daemon=True)
        self._thread.start()

    def read(self) -> bytes:
        """Return the next chunk, or b"" at the end. Raises the producer's exception, or Broken."""
        while True:
            alive = self._thread.is_alive()
            try:
                chunk = self._chunks.get(timeout=LOOK if alive else 0)
            except Empty:
                if not alive:
                    raise Broken("The pipe was closed, or not read for too long.") from None
                continue
            if isinstance(chunk, Exception):
                raise chunk
            return chunk

    def close(self) -> None:
        """End the thread. `read` must not be called afterwards."""
        self._closed.set()
        with suppress(Empty):
            while True:  # the producer may wait for room in the queue
                self._chunks.get_nowait()

    def _work(
        self,
        make: Callable[[], AbstractContextManager[Iterator[bytes]]],
        ended: Callable[[], None],
    ) -> None:
        try:
            last = self._produced(make)
        finally:
            ended()
        if last is not None:
            self._taken(last)

    def _produced(
        self, make: Callable[[], AbstractContextManager[Iterator[bytes]]]
    ) -> bytes | Exception | None:
        """Put the chunks that the producer yields into the queue.

        Returns the last item for the reader: b"" at the end, or the producer's exception. Returns
        None if nobody reads.
        """
        try:
            with make() as pieces:
                for chunk in _chunks(pieces):
                    if not self._taken(chunk):
                        return None
        except Exception as error:  # noqa: BLE001 - the reader raises it
            return error
        return b""

    def _taken(self, what: bytes | Exception) -> bool:
        """Put the item into the queue. Return False if that is impossible, because the pipe is
        closed or nobody has read in time."""
        if self._closed.is_set():
            return False
        try:
            self._chunks.put(what, timeout=self._timeout)
        except Full:
            log.warning("Nobody has read for %g s: the export was stopped", self._timeout)
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
