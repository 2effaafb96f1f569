"""The supervisor: a small process that owns both servers and runs as long as a process holds it.

Every finley process holds one connection to it. The kernel closes this connection however the
process ends, even by kill -9. So the last end-of-file reliably means that no process is left. The
supervisor has one thread only, because the kernel signals the servers' death when the thread that
started them ends.

`finley.embedded.supervisor_client` starts it: `python -m finley.embedded.supervisor STATE FD`,
where FD is the first hold. A request is one line (`hold`, `status`, `restart-postgres fast|crash`,
`stop-redis SECONDS`), and the answer is one line of JSON.
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

from finley.embedded import postgres, server_process, state_paths, unprivileged
from finley.embedded.errors import EmbeddedServerError, from_os
from finley.embedded.restart import ServerRestarter
from finley.embedded.servers import Servers
from finley.embedded.state_paths import StatePaths
from finley.embedded.valkey import Valkey

GRACE_SECONDS = 0.3  # a command that starts within this time finds the servers running
PREDECESSOR_SECONDS = 60.0
LEFTOVER_SECONDS = 15.0
LONGEST_REQUEST = 256  # bytes


@dataclass
class Supervisor:
    """The supervisor's state: the two servers, the connections that hold them, and the time since
    which nothing holds them."""

    paths: StatePaths
    database: postgres.Postgres
    cache: Valkey
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    received: dict[socket.socket, bytes] = field(default_factory=dict)
    holders: set[socket.socket] = field(default_factory=set)
    began: float = field(default_factory=time.time)
    idle_since: float | None = None
    stop_requested: bool = False

    def __post_init__(self) -> None:
        self.postgres, self.valkey = ServerRestarter(self.database), ServerRestarter(self.cache)

    @property
    def restarters(self) -> tuple[ServerRestarter, ServerRestarter]:
        return self.postgres, self.valkey

    @property
    def servers(self) -> Servers:
        return Servers.over(self.database.location.sockets, self.paths.valkey_socket)

    def start(self) -> None:
        """Start both servers at the same time. Raises EmbeddedServerError."""
        self.cache.launch()
        self.database.start()
        self.database.set_up()
        self.cache.wait()
        for restarter in self.restarters:
            restarter.note_start()
        self.record()

    def stop(self) -> None:
        for restarter in self.restarters:
            restarter.server.stop()
        server_process.end_orphans(())

    def record(self) -> None:
        """Write the servers' pids to a file, for a successor in case this process is killed."""
        running = [
            {
                "pid": restarter.pid,
                "began": server_process.started(restarter.pid),
                "signal": restarter.server.death,
            }
            for restarter in self.restarters
            if restarter.pid is not None
        ]
        draft = self.paths.record.with_suffix(".new")
        draft.write_text(json.dumps(running))
        draft.replace(self.paths.record)

    def serve(self, first: socket.socket) -> None:
        """Answer requests until the grace period after the last hold, or until a signal requests
        the end."""
        wakeup, listener = _wakeup(), _listen(self.paths.supervisor_socket)
        self.selector.register(listener, selectors.EVENT_READ, self.accept)
        self.selector.register(wakeup, selectors.EVENT_READ, _drain)
        self.admit(first)
        self.holders.add(first)
        while not self.stop_requested and not self.idle_too_long():
            for key, _ in self.selector.select(self.timeout()):
                key.data(key.fileobj)
            self.tend()
        # Remove the socket before the servers stop: new clients then start a successor.
        self.paths.supervisor_socket.unlink(missing_ok=True)
        listener.close()

    def timeout(self) -> float | None:
        """Seconds until the next action is due; None if there is none."""
        dues = [restarter.due for restarter in self.restarters if restarter.due is not None]
        if self.idle_since is not None:
            dues.append(self.idle_since + GRACE_SECONDS)
        return max(0.0, min(dues) - time.monotonic()) if dues else None

    def idle_too_long(self) -> bool:
        return self.idle_since is not None and time.monotonic() >= self.idle_since + GRACE_SECONDS

    def accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the client gave up while it waited
            self.admit(listener.accept()[0])

    def admit(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.received[connection] = b""
        self.selector.register(connection, selectors.EVENT_READ, self.hear)

    def hear(self, connection: socket.socket) -> None:
        try:
            part = connection.recv(LONGEST_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        line = self.received[connection] + part
        if not part or len(line) > LONGEST_REQUEST:
            self.dismiss(connection)
        elif line.endswith(b"\n"):
            self.received[connection] = b""
            self.answer(connection, line.decode(errors="replace").split())
        else:
            self.received[connection] = line

    def dismiss(self, connection: socket.socket) -> None:
        self.selector.unregister(connection)
        self.received.pop(connection)
        connection.close()
        if connection in self.holders:
            self.holders.remove(connection)
            self.idle_since = None if self.holders else time.monotonic()

    def answer(self, connection: socket.socket, request: list[str]) -> None:
        try:
            answer = self.hold(connection) if request == ["hold"] else self.obey(request)
        except EmbeddedServerError as error:
            answer = {"error": str(error)}
        _reply(connection, answer)

    def hold(self, connection: socket.socket) -> dict[str, Any]:
        """Make the connection a holder, after starting the servers if necessary."""
        self.revive()
        self.holders.add(connection)
        self.idle_since = None
        return self.status()

    def obey(self, request: list[str]) -> dict[str, Any]:
        """Execute one request and return the answer. Raises EmbeddedServerError."""
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
                raise EmbeddedServerError(f"The supervisor does not know the request {request!r}.")
        return self.status()

    def revive(self) -> None:
        """Start the servers that are down, except those stopped on request, for a new holder."""
        for restarter in self.restarters:
            if restarter.pid is None and not restarter.held_down:
                restarter.start()
                self.record()

    def tend(self) -> None:
        for restarter in self.restarters:
            others = {
                other.pid for other in self.restarters if other is not restarter and other.pid
            }
            if restarter.tend(others):
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


def _reply(connection: socket.socket, answer: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the client has gone; its end-of-file follows
        connection.sendall(json.dumps(answer).encode() + b"\n")


def _refuse(first: socket.socket, error: EmbeddedServerError) -> None:
    sys.stderr.write(f"{error}\n")
    # Read the request first: closing a socket with unread bytes would discard our answer.
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
    """A socket that becomes readable after any signal, so that a child's death wakes the loop."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    return reader


def _drain(reader: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        reader.recv(4096)


@contextlib.contextmanager
def _alone(state_paths: StatePaths) -> Iterator[None]:
    """Make this process the state's only supervisor. Wait while another one stops its servers."""
    deadline = time.monotonic() + PREDECESSOR_SECONDS
    with state_paths.supervisor_lock.open("ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"The supervisor of {state_paths.state} has been stopping for a minute. "
                        f"See {state_paths.log('supervisor')}."
                    ) from None
                time.sleep(0.01)
        yield


def _end_leftovers(state_paths: StatePaths) -> None:
    """End the servers of a supervisor that was killed, if the kernel has not ended them."""
    try:
        recorded = json.loads(state_paths.record.read_text())
    except (OSError, ValueError):
        return
    for server in recorded:
        if not server_process.end_leftover(
            server["pid"], server["began"], server["signal"], LEFTOVER_SECONDS
        ):
            raise EmbeddedServerError(
                f"Process {server['pid']} is left from an earlier run and does not end. Run "
                f"`kill -9 {server['pid']}`, then try again."
            )


def _guard(state: StatePaths, first: socket.socket) -> None:
    with _alone(state):
        _end_leftovers(state)
        state_paths.make_private(state.sockets)
        try:
            _run(state, first)
        finally:
            _clear(state)


def _run(state: StatePaths, first: socket.socket) -> None:
    home = unprivileged.choose(state)
    supervisor = Supervisor(state, postgres.Postgres(state, home), Valkey(state))
    _obey_signals(supervisor)
    try:
        supervisor.start()
        supervisor.serve(first)
    finally:
        supervisor.stop()


def _clear(state: StatePaths) -> None:
    state.record.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        for path in state.sockets.iterdir():
            path.unlink()
        state.sockets.rmdir()


def _obey_signals(supervisor: Supervisor) -> None:
    def stop(number: int, _frame: object) -> None:
        sys.stderr.write(f"stopping on signal {number}\n")
        supervisor.stop_requested = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)


def main(state: str, descriptor: str) -> None:
    """Supervise the servers of `state` until nobody holds them any more."""
    if os.fork():  # the client waits only for this process; init then reaps the child
        os._exit(0)
    server_process.adopt_orphans()
    with socket.socket(fileno=int(descriptor)) as first:
        try:
            _guard(StatePaths(Path(state)), first)
        except EmbeddedServerError as error:
            _refuse(first, error)
        except OSError as error:
            _refuse(first, from_os(error, Path(state)))
            raise


if __name__ == "__main__":
    main(*sys.argv[1:])
