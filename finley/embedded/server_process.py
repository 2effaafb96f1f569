"""Starts server processes that die with the process that started them.

On Linux the kernel sends a child its death signal when the *thread* that started it ends. So only
the single-threaded supervisor may call these functions, which also makes preexec_fn safe.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LINUX = sys.platform.startswith("linux")
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Identity:
    """The user as whom a process runs: the current user, `uid` within a private user namespace, or
    `uid` itself."""

    kind: Literal["self", "namespace", "dropped"]
    uid: int = 0
    gid: int = 0


SELF = Identity("self")


def _prctl(option: int, value: int) -> None:
    if LINUX and ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose parent dies (Linux), so that they can be ended."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _enter_namespace(identity: Identity) -> None:
    outside_uid, outside_gid = os.geteuid(), os.getegid()
    if sys.platform != "linux":
        raise OSError("user namespaces exist on Linux only")
    os.unshare(os.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{identity.uid} {outside_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{identity.gid} {outside_gid} 1")


def _drop(identity: Identity) -> None:
    os.setgroups([])
    os.setgid(identity.gid)
    os.setuid(identity.uid)


def _prepare_child(identity: Identity, death: int) -> Callable[[], None]:
    supervisor = os.getpid()

    def prepare() -> None:
        if identity.kind == "namespace":
            _enter_namespace(identity)
        elif identity.kind == "dropped":
            _drop(identity)
        # This must come last, because a change of credentials clears the death signal.
        _prctl(PR_SET_PDEATHSIG, death)
        if os.getppid() != supervisor:  # the parent died before the line above
            os._exit(1)

    return prepare


def _environment() -> Mapping[str, str]:
    """Our environment without libpq's variables. Messages are in English, because finley parses
    them."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**inherited, "LC_ALL": "C", "TZ": "UTC"}


def spawn(
    command: Sequence[str], log: Path, identity: Identity = SELF, death: int = signal.SIGKILL
) -> subprocess.Popen[bytes]:
    """Start a server that writes to `log` and gets the signal `death` when this process dies.

    Raises OSError or subprocess.SubprocessError if it cannot be started as `identity`.
    """
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            env=_environment(),
            umask=0o077,
            preexec_fn=_prepare_child(identity, death),  # noqa: PLW1509
        )


def run(command: Sequence[str], identity: Identity = SELF) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and capture its output as text. Raises as `spawn` does."""
    return subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd="/",
        env=_environment(),
        umask=0o077,
        preexec_fn=_prepare_child(identity, signal.SIGKILL),
    )


def stop(process: subprocess.Popen[bytes], steps: Iterable[tuple[int, float]]) -> None:
    """Send signals to the process until it has ended. Each step is a signal, and the seconds to
    wait for the end before the next one."""
    for number, seconds in steps:
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return


def started(pid: int) -> str | None:
    """The start time of process `pid` as an opaque text; None if it does not run.

    Pids are reused, so only the pid and the start time together identify a process.
    """
    if not LINUX:
        output = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return output.stdout.strip() or None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else fields[19]


def end_leftover(pid: int, began: str, number: int, seconds: float) -> bool:
    """End a server process that an earlier supervisor left behind, by the signal `number`. Return
    whether it ended within `seconds`.

    A pid may have been reused, so the process is ended only if its start time is the recorded one.
    """
    deadline = time.monotonic() + seconds
    if started(pid) == began:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    while started(pid) == began:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def end_orphans(own: Iterable[int]) -> None:
    """Kill all children of this process whose pids are not in `own`, such as a dead server's
    workers. Does nothing where there is no /proc."""
    me = os.getpid()
    try:
        children = Path(f"/proc/{me}/task/{me}/children").read_text().split()
    except OSError:
        return
    for pid in set(map(int, children)) - set(own):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
