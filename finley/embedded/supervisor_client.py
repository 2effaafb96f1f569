"""Holds the servers for a finley process: connects to the supervisor, or starts it."""

import contextlib
import fcntl
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finley.embedded import server_logs, state_paths
from finley.embedded.errors import EmbeddedServerError, from_os
from finley.embedded.servers import Servers
from finley.embedded.state_paths import StatePaths

ANSWER_SECONDS = 360.0  # longer than the supervisor waits for its servers
RETRY_SECONDS = 120.0
PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class _Hold:
    """A connection to the supervisor that the process `pid` keeps open until it ends, and the
    addresses of the servers."""

    pid: int
    descriptor: int
    servers: Servers

    def lasts(self) -> bool:
        """Return whether this process opened the connection and the supervisor is still alive.

        The supervisor never sends without a request, so a readable connection means that it has
        ended.
        """
        if self.pid != os.getpid():
            return False
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        return not poll.poll(0)


_holds: dict[Path, _Hold] = {}
_lock = threading.RLock()


def _renew_lock() -> None:
    """Replace the lock after a fork. A thread of the parent, which the child lacks, may hold the
    old one."""
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_renew_lock)


def ensure(state: Path) -> Servers:
    """The running servers of `state`, started if necessary and held until this process ends.

    It is cheap if they are held already. A forked child gets a hold of its own. Raises
    EmbeddedServerError.
    """
    at = state_paths.of(state)
    with _lock:
        hold = _holds.get(at.state)
        if hold is None or not hold.lasts():
            if hold is not None and hold.pid == os.getpid():
                os.close(hold.descriptor)
            _holds.pop(at.state, None)
            hold = _holds[at.state] = _take(at)
        return hold.servers


def _take(at: StatePaths) -> _Hold:
    state_paths.prepare(at)
    deadline = time.monotonic() + RETRY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionError):  # the supervisor was stopping: try again
            connection, answer = _found(at) or _started(at)
            servers = Servers(answer["app_url"], answer["owner_url"], answer["redis_url"])
            return _Hold(os.getpid(), connection.detach(), servers)
        time.sleep(0.01)
    raise EmbeddedServerError(
        f"The supervisor of {at.state} keeps ending. See {at.log('supervisor')}, then try again."
    )


def connect(at: StatePaths) -> socket.socket | None:
    """A connection to the running supervisor, or None if there is none."""
    if not state_paths.trusted(at.sockets):
        return None
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(ANSWER_SECONDS)
    try:
        connection.connect(str(at.supervisor_socket))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


def ask(connection: socket.socket, request: str) -> dict[str, Any]:
    """Send the request to the supervisor and return its answer. Raises EmbeddedServerError, and
    ConnectionError if the supervisor ends before it answers."""
    received = b""
    try:
        connection.sendall(request.encode() + b"\n")
        while not received.endswith(b"\n"):
            part = connection.recv(65536)
            if not part:
                raise ConnectionResetError("the supervisor has ended")
            received += part
    except TimeoutError:
        raise EmbeddedServerError("The supervisor does not answer. See supervisor.log.") from None
    answer: dict[str, Any] = json.loads(received)
    if "error" in answer:
        raise EmbeddedServerError(answer["error"])
    return answer


def _held(connection: socket.socket) -> tuple[socket.socket, dict[str, Any]]:
    try:
        return connection, ask(connection, "hold")
    except BaseException:
        connection.close()
        raise


def _found(at: StatePaths) -> tuple[socket.socket, dict[str, Any]] | None:
    connection = connect(at)
    return None if connection is None else _held(connection)


def _started(at: StatePaths) -> tuple[socket.socket, dict[str, Any]]:
    """Start a supervisor, unless another process was faster. Return a connection that holds the
    servers, and the supervisor's answer."""
    with _locked(at.start_lock):
        existing = _found(at)
        if existing is not None:
            return existing
        log = at.log("supervisor")
        try:
            start = server_logs.begin(log)
            connection = _launch(at)
        except OSError as error:
            raise from_os(error, at.state) from error
        try:
            return _held(connection)
        except ConnectionError:
            last = " / ".join(server_logs.since(log, start).strip().splitlines()[-3:])
            raise EmbeddedServerError(
                f"The supervisor of the embedded servers ended at once; {log} ends with: {last}"
            ) from None


def _launch(at: StatePaths) -> socket.socket:
    """Start a supervisor in a session of its own, so that Ctrl-C does not reach it. Return our end
    of the connection that is its first holder."""
    ours, its = socket.socketpair()
    ours.settimeout(ANSWER_SECONDS)
    path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
    program = [sys.executable, "-P", "-m", "finley.embedded.supervisor"]
    with its, at.log("supervisor").open("ab") as log:
        subprocess.run(
            [*program, str(at.state), str(its.fileno())],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**os.environ, "PYTHONPATH": path},
            pass_fds=[its.fileno()],
            start_new_session=True,
            umask=0o077,
        )
    return ours


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        lock = path.open("ab")
    except OSError as error:
        raise from_os(error, path) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
