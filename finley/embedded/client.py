"""Hold the servers from a finley process: find the guardian, or start it."""

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

from finley.embedded import logs, paths
from finley.embedded.errors import EmbeddedServerError, from_os
from finley.embedded.paths import Places
from finley.embedded.servers import Servers

ANSWER_SECONDS = 360.0  # more than the guardian gives its servers
RETRY_SECONDS = 120.0
PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class _Hold:
    """A connection that process `pid` keeps open, on purpose, until it ends."""

    pid: int
    descriptor: int
    servers: Servers

    def lasts(self) -> bool:
        """Whether it is this process's own and the guardian is alive (it never speaks first)."""
        if self.pid != os.getpid():
            return False
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        return not poll.poll(0)


_holds: dict[Path, _Hold] = {}
_lock = threading.RLock()


def _forget_the_parents_lock() -> None:
    """A fork copies a lock that another thread may hold, and that thread is not copied."""
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_forget_the_parents_lock)


def ensure(state: Path) -> Servers:
    """The running servers of `state`, started if need be and held until this process ends.

    Cheap when they are held already. A forked child takes a hold of its own. Raises
    EmbeddedServerError.
    """
    at = paths.of(state)
    with _lock:
        hold = _holds.get(at.state)
        if hold is None or not hold.lasts():
            if hold is not None and hold.pid == os.getpid():
                os.close(hold.descriptor)
            _holds.pop(at.state, None)
            hold = _holds[at.state] = _take(at)
        return hold.servers


def _take(at: Places) -> _Hold:
    paths.prepare(at)
    deadline = time.monotonic() + RETRY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionError):  # it was just stopping: begin again
            connection, said = _found(at) or _started(at)
            servers = Servers(said["app_url"], said["owner_url"], said["redis_url"])
            return _Hold(os.getpid(), connection.detach(), servers)
        time.sleep(0.01)
    raise EmbeddedServerError(
        f"The guardian of {at.state} keeps ending: see {at.log('guardian')}, then try again."
    )


def connect(at: Places) -> socket.socket | None:
    """A connection to the running guardian; None if there is none."""
    if not paths.trusted(at.sockets):
        return None
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(ANSWER_SECONDS)
    try:
        connection.connect(str(at.guardian_socket))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


def ask(connection: socket.socket, request: str) -> dict[str, Any]:
    """The guardian's answer. Raises EmbeddedServerError, or ConnectionError if it ends unsaid."""
    heard = b""
    try:
        connection.sendall(request.encode() + b"\n")
        while not heard.endswith(b"\n"):
            part = connection.recv(65536)
            if not part:
                raise ConnectionResetError("the guardian is gone")
            heard += part
    except TimeoutError:
        raise EmbeddedServerError("The guardian does not answer: see guardian.log.") from None
    said: dict[str, Any] = json.loads(heard)
    if "error" in said:
        raise EmbeddedServerError(said["error"])
    return said


def _held(connection: socket.socket) -> tuple[socket.socket, dict[str, Any]]:
    try:
        return connection, ask(connection, "hold")
    except BaseException:
        connection.close()
        raise


def _found(at: Places) -> tuple[socket.socket, dict[str, Any]] | None:
    connection = connect(at)
    return None if connection is None else _held(connection)


def _started(at: Places) -> tuple[socket.socket, dict[str, Any]]:
    """A hold on a new guardian; on another process's if that was quicker."""
    with _locked(at.start_lock):
        found = _found(at)
        if found is not None:
            return found
        log = at.log("guardian")
        try:
            start = logs.begin(log)
            connection = _launch(at)
        except OSError as error:
            raise from_os(error, at.state) from error
        try:
            return _held(connection)
        except ConnectionError:
            last = " / ".join(logs.since(log, start).strip().splitlines()[-3:])
            raise EmbeddedServerError(
                f"The guardian of the embedded servers ended at once; {log} ends with: {last}"
            ) from None


def _launch(at: Places) -> socket.socket:
    """Start a guardian in a session of its own, out of Ctrl-C's reach; our end of its hold."""
    ours, its = socket.socketpair()
    ours.settimeout(ANSWER_SECONDS)
    path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
    program = [sys.executable, "-P", "-m", "finley.embedded.guardian"]
    with its, at.log("guardian").open("ab") as log:
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
