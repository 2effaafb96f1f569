"""Where the embedded servers keep their files: state in the given folder, sockets in a short one.

A Unix socket's path is limited to 107 bytes (103 on macOS), which a project's folder may exceed,
so the sockets live in /tmp. TMPDIR and XDG_RUNTIME_DIR differ between one user's sessions; two
commands on one state must meet at the same socket, so neither is asked.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from finley.embedded.errors import EmbeddedServerError, from_os

# A private folder is made and verified below it.
SOCKETS_ROOT = Path("/tmp")  # noqa: S108


@dataclass(frozen=True)
class Places:
    """Every path that belongs to one state folder, which is absolute and resolved."""

    state: Path

    @property
    def digest(self) -> str:
        """Names this state, and this user, wherever a name must be short."""
        return hashlib.sha256(f"{os.geteuid()}:{self.state}".encode()).hexdigest()[:12]

    @property
    def sockets(self) -> Path:
        return SOCKETS_ROOT / f"finley-{self.digest}"

    @property
    def guardian_socket(self) -> Path:
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
        """Held by a process that looks for the guardian or starts it."""
        return self.state / "start.lock"

    @property
    def guardian_lock(self) -> Path:
        """Held by the guardian as long as it lives."""
        return self.state / "guardian.lock"

    @property
    def record(self) -> Path:
        """The servers that a guardian started, as JSON, to know its leftovers by."""
        return self.state / "servers.json"

    def log(self, name: str) -> Path:
        return self.state / f"{name}.log"


def of(state: Path) -> Places:
    """The places of `state`, wherever the caller's working directory is."""
    return Places(state.expanduser().resolve())


def prepare(places: Places) -> None:
    """Make the state folder if it is missing. Raises EmbeddedServerError if it is not ours."""
    state = places.state
    if state.exists() and not state.is_dir():
        raise EmbeddedServerError(
            f"{state} is a file, but finley keeps its databases in a folder of that name: "
            "move the file away or name a folder in FINLEY_STATE."
        )
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = state.stat().st_uid
    except OSError as error:
        raise from_os(error, state) from error
    if owner != os.geteuid():
        raise EmbeddedServerError(
            f"{state} belongs to user {owner}, you are user {os.geteuid()}: run finley as that "
            "user or name a folder of your own in FINLEY_STATE."
        )
    if not os.access(state, os.W_OK | os.X_OK):
        raise from_os(PermissionError(13, "Permission denied"), state)


def trusted(folder: Path) -> bool:
    """Whether `folder` exists as a private folder of ours.

    /tmp is everyone's: another user may have made a folder of this name before us, to listen to
    what we say. Raises EmbeddedServerError then.
    """
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if ours and not found.st_mode & 0o077:
        return True
    raise EmbeddedServerError(
        f"{folder} must be a folder of user {os.geteuid()} with mode 0700 and is not: "
        "remove it, then try again."
    )


def make_private(folder: Path) -> None:
    """Make `folder` with mode 0700, or verify the one that is there."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        trusted(folder)
    except OSError as error:
        raise from_os(error, folder) from error
