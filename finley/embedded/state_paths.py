"""Paths of the embedded servers' files: state in the given folder, sockets in /tmp.

A Unix socket's path is limited to 107 bytes (103 on macOS), which may be too short for the
project's folder. TMPDIR and XDG_RUNTIME_DIR are not used: they differ between sessions of one user,
but all commands on one state need the same socket.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from finley.embedded.errors import EmbeddedServerError, from_os

# A private folder is created and verified below this one.
SOCKETS_ROOT = Path("/tmp")  # noqa: S108


@dataclass(frozen=True)
class StatePaths:
    """All paths that belong to one state folder, which is absolute and resolved."""

    state: Path

    @property
    def digest(self) -> str:
        """A short name for this state and user."""
        return hashlib.sha256(f"{os.geteuid()}:{self.state}".encode()).hexdigest()[:12]

    @property
    def sockets(self) -> Path:
        return SOCKETS_ROOT / f"finley-{self.digest}"

    @property
    def supervisor_socket(self) -> Path:
        return self.sockets / "guardian.sock"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def data(self) -> Path:
        return self.state / "postgres"

    @property
    def valkey(self) -> Path:
        return self.state / "valkey"

    @property
    def start_lock(self) -> Path:
        """The lock file of a process that connects to the supervisor or starts it."""
        return self.state / "start.lock"

    @property
    def supervisor_lock(self) -> Path:
        """The lock file that the supervisor holds until it ends."""
        return self.state / "guardian.lock"

    @property
    def record(self) -> Path:
        """The file that lists the servers of the supervisor as JSON, for a successor."""
        return self.state / "servers.json"

    def log(self, name: str) -> Path:
        return self.state / f"{name}.log"


def of(state: Path) -> StatePaths:
    """The paths of `state`, which may be a relative path."""
    return StatePaths(state.expanduser().resolve())


def prepare(paths: StatePaths) -> None:
    """Create the state folder if it is missing. Raises EmbeddedServerError if it is not ours."""
    state = paths.state
    if state.exists() and not state.is_dir():
        raise EmbeddedServerError(
            f"{state} is a file, but finley keeps its databases in a folder of that name. "
            "Move the file away or name a folder in FINLEY_STATE."
        )
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = state.stat().st_uid
    except OSError as error:
        raise from_os(error, state) from error
    if owner != os.geteuid():
        raise EmbeddedServerError(
            f"{state} belongs to user {owner}, you are user {os.geteuid()}. Run finley as that "
            "user or name a folder of your own in FINLEY_STATE."
        )
    if not os.access(state, os.W_OK | os.X_OK):
        raise from_os(PermissionError(13, "Permission denied"), state)


def trusted(folder: Path) -> bool:
    """Return whether `folder` exists as a private folder of ours.

    Anybody may create folders in /tmp, so another user may have created it to intercept our
    connections. Raises EmbeddedServerError in that case.
    """
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    if ours and not status.st_mode & 0o077:
        return True
    raise EmbeddedServerError(
        f"{folder} must be a folder of user {os.geteuid()} with mode 0700 and is not. "
        "Remove it, then try again."
    )


def make_private(folder: Path) -> None:
    """Create `folder` with mode 0700, or verify the existing one."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        trusted(folder)
    except OSError as error:
        raise from_os(error, folder) from error
