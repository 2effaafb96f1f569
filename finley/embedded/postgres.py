"""Creates PostgreSQL's data folder, and starts and stops the server."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from finley.embedded import server_logs, server_process
from finley.embedded.errors import EmbeddedServerError, failed, from_os, is_full, no_space
from finley.embedded.state_paths import StatePaths
from finley.embedded.unprivileged import PostgresLocation

MAJOR = "18"
READY_SECONDS = 300  # crash recovery replays up to max_wal_size
FAST = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 6.0), (signal.SIGKILL, 5.0))
CRASH = ((signal.SIGQUIT, 6.0), (signal.SIGKILL, 5.0))
SETUP = Path(__file__).with_name("setup.sql")

INITDB = (
    "--username=postgres",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=trust",
    "--no-clean",  # we delete the folder ourselves, after checking for a full disk
)
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "fsync": "on",
    "autovacuum": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
}


@dataclass
class Postgres:
    """The PostgreSQL server of one state folder. Its methods raise EmbeddedServerError."""

    paths: StatePaths
    location: PostgresLocation
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    name: str = field(default="postgres", init=False)
    death: int = field(default=signal.SIGQUIT, init=False)

    def start(self) -> None:
        """Start the server and wait until it accepts connections, after recovery if it crashed."""
        try:
            self._prepare()
            self._launch()
        except (OSError, subprocess.SubprocessError) as error:
            self.stop(CRASH)
            if isinstance(error, OSError):
                raise from_os(error, self.location.data) from error
            raise EmbeddedServerError(f"PostgreSQL cannot be run: {error}") from error
        except EmbeddedServerError:
            self.stop(CRASH)
            raise

    def stop(self, steps: tuple[tuple[int, float], ...] = FAST) -> None:
        if self.process is not None:
            server_process.stop(self.process, steps)

    def set_up(self) -> None:
        """Create the roles, extensions and the database `finley` that are missing."""
        at = ("-h", str(self.location.sockets), "-U", "postgres", "-d", "template1")
        result = server_process.run([str(self._program("psql")), "-X", "-q", *at, "-f", str(SETUP)])
        if result.returncode:
            raise failed("The setup of PostgreSQL", result.returncode, self._log, result.stderr)

    @property
    def _log(self) -> Path:
        return self.paths.log(self.name)

    def _program(self, name: str) -> Path:
        return self.location.programs / name

    def _prepare(self) -> None:
        data = self.location.data
        for half_made in data.parent.glob("postgres.new-*"):
            shutil.rmtree(half_made, ignore_errors=True)
        if not data.exists():
            self._initialise(data.with_name(f"postgres.new-{os.getpid()}"))
        _check_version(data)
        check_free(data)

    def _initialise(self, fresh: Path) -> None:
        """Run initdb in a folder with another name, so that an incomplete one is never used."""
        fresh.mkdir(mode=0o700)
        if self.location.identity.kind == "dropped":
            os.chown(fresh, self.location.identity.uid, self.location.identity.gid)
        command = [str(self._program("initdb")), "-D", str(fresh), *INITDB]
        result = server_process.run(command, self.location.identity)
        if result.returncode:
            output = result.stdout + result.stderr
            full = is_full(fresh, output)
            shutil.rmtree(fresh, ignore_errors=True)
            sys.stderr.write(output)
            if full:
                raise no_space(self.location.data)
            raise failed("initdb", result.returncode, self.paths.log("supervisor"), result.stderr)
        fresh.rename(self.location.data)

    def _launch(self) -> None:
        start = server_logs.begin(self._log)
        started = server_process.spawn(
            list(self._command()), self._log, self.location.identity, self.death
        )
        self.process = started
        deadline = time.monotonic() + READY_SECONDS
        while not _ready(self.location.data, started.pid):
            if started.poll() is not None or time.monotonic() > deadline:
                output = server_logs.since(self._log, start)
                raise failed("PostgreSQL", started.returncode, self._log, output)
            time.sleep(0.005)

    def _command(self) -> Iterator[str]:
        yield from (str(self._program("postgres")), "-D", str(self.location.data))
        settings = {**SETTINGS, "unix_socket_directories": str(self.location.sockets)}
        if (self.location.programs.parent / "lib" / "pg_stat_statements.so").exists():
            settings["shared_preload_libraries"] = "pg_stat_statements"
        for name, value in settings.items():
            yield from ("-c", f"{name}={value}")


def _check_version(data: Path) -> None:
    try:
        version = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise EmbeddedServerError(
            f"{data} is not a PostgreSQL data folder. Move it away, then try again."
        ) from None
    if version != MAJOR:
        raise EmbeddedServerError(
            f"{data} is of PostgreSQL {version}, but this is {MAJOR}. Dump it with PostgreSQL "
            f"{version} and restore it here, or move it away to start with an empty database."
        )


def _ready(data: Path, pid: int) -> bool:
    """Return whether PostgreSQL accepts connections: the file postmaster.pid names the process
    `pid` and has the status "ready", which pg_ctl checks as well."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def check_free(data: Path) -> None:
    """Make sure that no PostgreSQL runs on this data folder. Raises EmbeddedServerError if one
    does.

    An old postmaster.pid is removed if another program has got its pid by now, which is likely in a
    container. PostgreSQL itself would refuse to start then.
    """
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    if server_process.started(pid) is None:
        return
    if _is_postmaster(pid, data):
        raise EmbeddedServerError(
            f"A PostgreSQL that finley did not start (process {pid}) uses {data}. Stop it with "
            f"`pg_ctl stop -D {data}`, or name another folder in FINLEY_STATE."
        )
    file.unlink(missing_ok=True)


def _is_postmaster(pid: int, data: Path) -> bool:
    if not server_process.LINUX:
        output = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return "postgres" in output.stdout
    try:
        if Path(f"/proc/{pid}/comm").read_text().strip() != "postgres":
            return False
        return Path(f"/proc/{pid}/cwd").samefile(data)
    except PermissionError:  # a PostgreSQL server of another user
        return True
    except OSError:
        return False
