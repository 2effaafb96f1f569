"""Restarts a server when it ends by itself, after a pause that doubles each time."""

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Protocol

from finley.embedded import server_process
from finley.embedded.errors import EmbeddedServerError

FIRST_PAUSE = 0.1  # seconds
LONGEST_PAUSE = 5.0  # seconds
STEADY_SECONDS = 30.0  # after running this long, the pause is short again


class Server(Protocol):
    """The methods that Postgres and Valkey share.

    `death` is the signal that ends all its processes.
    """

    name: str
    death: int
    process: subprocess.Popen[bytes] | None

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass
class ServerRestarter:
    """Starts one server again after it has ended. `due` is the time of the next start in monotonic
    seconds; None while the server runs."""

    server: Server
    due: float | None = None
    pause: float = FIRST_PAUSE
    since: float = 0.0
    held_down: bool = False

    @property
    def pid(self) -> int | None:
        running = self.server.process
        return running.pid if running is not None and running.poll() is None else None

    def note_start(self) -> None:
        self.due, self.held_down, self.since = None, False, time.monotonic()

    def hold_down(self, seconds: float) -> None:
        """Stop the server, and start it again after this many seconds."""
        self.server.stop()
        self.due, self.held_down = time.monotonic() + seconds, True

    def tend(self, others: set[int]) -> bool:
        """Start the server if it has ended and its next start is due. Return whether it was
        started.

        `others` are the pids of our other servers. All other children of this process belong to the
        ended server and are killed first.
        """
        if self.pid is not None:
            return False
        if self.due is None:
            self._plan()
        if self.due is not None and time.monotonic() < self.due:
            return False
        server_process.end_orphans(others)
        try:
            self.start()
        except EmbeddedServerError as error:
            sys.stderr.write(f"{error}\n")
            self._plan()
            return False
        return True

    def start(self) -> None:
        """Start the server now. Raises EmbeddedServerError."""
        self.server.start()
        self.note_start()
        sys.stderr.write(f"{self.server.name} runs again as {self.pid}\n")

    def _plan(self) -> None:
        now = time.monotonic()
        if self.since and now - self.since > STEADY_SECONDS:
            self.pause = FIRST_PAUSE
        self.since = 0.0
        sys.stderr.write(f"{self.server.name} is down; it starts again in {self.pause} s\n")
        self.due, self.pause = now + self.pause, min(self.pause * 2, LONGEST_PAUSE)
