"""The guardian: a small process that owns both servers and lives as long as somebody holds it.

Every finley process holds one connection to it. The kernel closes a connection however its
process ends, so the last end-of-file is the one sign of life that neither kill -9 nor a crash can
forge. One thread only: the servers' death signals hang on the thread that started them.

Started by `finley.embedded.client`: `python -m finley.embedded.guardian STATE FD`, where FD is the
first hold. A request is one line (`hold`, `status`, `restart-postgres fast|crash`,
`stop-redis SECONDS`), its answer one line of JSON.
"""

import contextlib
import fcntl
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finley.embedded import paths, postgres, process, unprivileged
from finley.embedded.errors import EmbeddedServerError, from_os
from finley.embedded.paths import Places
from finley.embedded.restart import Keeper
from finley.embedded.servers import Servers
from finley.embedded.valkey import Valkey

GRACE_SECONDS = 0.3  # a next command that comes this soon finds the servers running
PREDECESSOR_SECONDS = 60.0
LEFTOVER_SECONDS = 15.0
LONGEST_REQUEST = 256


@dataclass
class Guardian:
    """The servers, who holds them, and since when nobody does."""

    places: Places
    database: postgres.Postgres
    cache: Valkey
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    heard: dict[socket.socket, bytes] = field(default_factory=dict)
    holders: set[socket.socket] = field(default_factory=set)
    began: float = field(default_factory=time.time)
    idle_since: float | None = None
    told_to_stop: bool = False

    def __post_init__(self) -> None:
        self.postgres, self.valkey = Keeper(self.database), Keeper(self.cache)

    @property
    def keepers(self) -> tuple[Keeper, Keeper]:
        return self.postgres, self.valkey

    @property
    def servers(self) -> Servers:
        return Servers.over(self.database.lodging.sockets, self.places.valkey_socket)

    def start(self) -> None:
        """Start both servers, Valkey while PostgreSQL starts. Raises EmbeddedServerError."""
        self.cache.launch()
        self.database.start()
        self.database.set_up()
        self.cache.wait()
        for keeper in self.keepers:
            keeper.note_start()
        self.record()

    def stop(self) -> None:
        for keeper in self.keepers:
            keeper.server.stop()
        process.end_orphans(())

    def record(self) -> None:
        """Write down our servers for a successor, should we be killed."""
        running = [
            {"pid": keeper.pid, "began": process.started(keeper.pid), "signal": keeper.server.death}
            for keeper in self.keepers
            if keeper.pid is not None
        ]
        draft = self.places.record.with_suffix(".new")
        draft.write_text(json.dumps(running))
        draft.replace(self.places.record)

    def serve(self, first: socket.socket) -> None:
        """Answer until the last hold is gone and the grace is over, or a signal says stop."""
        wakeup, listener = _wakeup(), _listen(self.places.guardian_socket)
        self.selector.register(listener, selectors.EVENT_READ, self.accept)
        self.selector.register(wakeup, selectors.EVENT_READ, _drain)
        self.admit(first)
        self.holders.add(first)
        while not self.told_to_stop and not self.idle_too_long():
            for key, _ in self.selector.select(self.patience()):
                key.data(key.fileobj)
            self.tend()
        # Gone before the servers are: who comes now is refused and starts a successor.
        self.places.guardian_socket.unlink(missing_ok=True)
        listener.close()

    def patience(self) -> float | None:
        """Seconds until something is due."""
        dues = [keeper.due for keeper in self.keepers if keeper.due is not None]
        if self.idle_since is not None:
            dues.append(self.idle_since + GRACE_SECONDS)
        return max(0.0, min(dues) - time.monotonic()) if dues else None

    def idle_too_long(self) -> bool:
        return self.idle_since is not None and time.monotonic() >= self.idle_since + GRACE_SECONDS

    def accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it gave up while it was waiting
            self.admit(listener.accept()[0])

    def admit(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.heard[connection] = b""
        self.selector.register(connection, selectors.EVENT_READ, self.hear)

    def hear(self, connection: socket.socket) -> None:
        try:
            part = connection.recv(LONGEST_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        line = self.heard[connection] + part
        if not part or len(line) > LONGEST_REQUEST:
            self.dismiss(connection)
        elif line.endswith(b"\n"):
            self.heard[connection] = b""
            self.answer(connection, line.decode(errors="replace").split())
        else:
            self.heard[connection] = line

    def dismiss(self, connection: socket.socket) -> None:
        self.selector.unregister(connection)
        self.heard.pop(connection)
        connection.close()
        if connection in self.holders:
            self.holders.remove(connection)
            self.idle_since = None if self.holders else time.monotonic()

    def answer(self, connection: socket.socket, request: list[str]) -> None:
        try:
            said = self.hold(connection) if request == ["hold"] else self.obey(request)
        except EmbeddedServerError as error:
            said = {"error": str(error)}
        _reply(connection, said)

    def hold(self, connection: socket.socket) -> dict[str, Any]:
        """Count the connection as a holder, once it can be given working servers."""
        self.revive()
        self.holders.add(connection)
        self.idle_since = None
        return self.status()

    def obey(self, request: list[str]) -> dict[str, Any]:
        """Do what one request says and return the answer. Raises EmbeddedServerError."""
        match request:
            case ["status"]:
                pass
            case ["restart-postgres", "fast" | "crash" as how]:
                self.database.stop(postgres.FAST if how == "fast" else postgres.CRASH)
                self.postgres.start()
                self.record()
            case ["stop-redis", seconds]:
                self.valkey.hold_down(_seconds(seconds))
            case _:
                raise EmbeddedServerError(f"The guardian does not know the request {request!r}.")
        return self.status()

    def revive(self) -> None:
        """A newcomer gets working servers: start what is down, unless it was stopped on request."""
        for keeper in self.keepers:
            if keeper.pid is None and not keeper.held_down:
                keeper.start()
                self.record()

    def tend(self) -> None:
        for keeper in self.keepers:
            others = {other.pid for other in self.keepers if other is not keeper and other.pid}
            if keeper.tend(others):
                self.record()

    def status(self) -> dict[str, Any]:
        return {
            "running": True,
            "guardian": os.getpid(),
            "postgres": self.postgres.pid,
            "valkey": self.valkey.pid,
            "uptime_seconds": round(time.time() - self.began, 1),
            "holders": len(self.holders),
            **self.servers.as_dict(),
        }


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise EmbeddedServerError(f"{text!r} is not a number of seconds.") from None


def _reply(connection: socket.socket, said: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # it is gone; its end-of-file follows
        connection.sendall(json.dumps(said).encode() + b"\n")


def _refuse(first: socket.socket, error: EmbeddedServerError) -> None:
    sys.stderr.write(f"{error}\n")
    # Its request must be read: closing over unread bytes would take our answer back.
    with contextlib.suppress(OSError):
        first.settimeout(5)
        first.recv(LONGEST_REQUEST)
        _reply(first, {"error": str(error)})


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(128)
    listener.setblocking(False)
    return listener


def _wakeup() -> socket.socket:
    """Readable after any signal: a child's death wakes the loop."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    return reader


def _drain(reader: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        reader.recv(4096)


@contextlib.contextmanager
def _alone(places: Places) -> Iterator[None]:
    """Be the state's one guardian; wait for a predecessor that is still stopping its servers."""
    deadline = time.monotonic() + PREDECESSOR_SECONDS
    with places.guardian_lock.open("ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"The guardian of {places.state} has been stopping for a minute: "
                        f"see {places.log('guardian')}."
                    ) from None
                time.sleep(0.01)
        yield


def _end_leftovers(places: Places) -> None:
    """End the servers of a guardian that was killed, where the kernel has not done it already."""
    try:
        recorded = json.loads(places.record.read_text())
    except (OSError, ValueError):
        return
    for server in recorded:
        if not process.end_leftover(
            server["pid"], server["began"], server["signal"], LEFTOVER_SECONDS
        ):
            raise EmbeddedServerError(
                f"Process {server['pid']} is left from an earlier run and does not end: "
                f"`kill -9 {server['pid']}`, then try again."
            )


def _guard(state: Places, first: socket.socket) -> None:
    with _alone(state):
        _end_leftovers(state)
        paths.make_private(state.sockets)
        try:
            _run(state, first)
        finally:
            _clear(state)


def _run(state: Places, first: socket.socket) -> None:
    home = unprivileged.choose(state)
    guardian = Guardian(state, postgres.Postgres(state, home), Valkey(state))
    _obey_signals(guardian)
    try:
        guardian.start()
        guardian.serve(first)
    finally:
        guardian.stop()


def _clear(state: Places) -> None:
    state.record.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        for path in state.sockets.iterdir():
            path.unlink()
        state.sockets.rmdir()


def _obey_signals(guardian: Guardian) -> None:
    def stop(number: int, _frame: object) -> None:
        sys.stderr.write(f"stopping on signal {number}\n")
        guardian.told_to_stop = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)


def main(state: str, descriptor: str) -> None:
    """Guard the servers of `state` until nobody holds them any more."""
    if os.fork():  # our starter waits for this end; its child is init's then, not a zombie of its
        os._exit(0)
    process.adopt_orphans()
    with socket.socket(fileno=int(descriptor)) as first:
        try:
            _guard(Places(Path(state)), first)
        except EmbeddedServerError as error:
            _refuse(first, error)
        except OSError as error:
            _refuse(first, from_os(error, Path(state)))
            raise


if __name__ == "__main__":
    main(*sys.argv[1:])
