"""Keep one server running: start it again when it dies by itself, later each time it does."""

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Protocol

from finley.embedded import process
from finley.embedded.errors import EmbeddedServerError

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
STEADY_SECONDS = 30.0  # a server that ran this long has earned a short pause again


class Server(Protocol):
    """What Postgres and Valkey have in common; `death` is the signal that ends all of it."""

    name: str
    death: int
    process: subprocess.Popen[bytes] | None

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass
class Keeper:
    """One server and when it is to be started (monotonic seconds; None while it runs)."""

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
        """Stop the server and start it again `seconds` later."""
        self.server.stop()
        self.due, self.held_down = time.monotonic() + seconds, True

    def tend(self, others: set[int]) -> bool:
        """Notice a death, start again when it is time. True if the server was started.

        `others` are our children that are not this server's; all else is a dead one's and goes.
        """
        if self.pid is not None:
            return False
        if self.due is None:
            self._plan()
        if self.due is not None and time.monotonic() < self.due:
            return False
        process.end_orphans(others)
        try:
            self.start()
        except EmbeddedServerError as error:
            sys.stderr.write(f"{error}\n")
            self._plan()
            return False
        return True

    def start(self) -> None:
        """Start now. Raises EmbeddedServerError."""
        self.server.start()
        self.note_start()
        sys.stderr.write(f"{self.server.name} runs again as {self.pid}\n")

    def _plan(self) -> None:
        now = time.monotonic()
        if self.since and now - self.since > STEADY_SECONDS:
            self.pause = FIRST_PAUSE
        self.since = 0.0
        sys.stderr.write(f"{self.server.name} is down: starting it in {self.pause} s\n")
        self.due, self.pause = now + self.pause, min(self.pause * 2, LONGEST_PAUSE)
