"""Starts servers, workers and a sandbox in a state folder of their own, for measurements that break
them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
INSIDE = "FINLEY_APART"
OWN_DISK = "FINLEY_OWN_DISK"
OWN_MOUNTS = ["unshare", "--mount", "--propagation", "private"]
MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$0" && shift && exec "$@"'


def inside() -> bool:
    """Return whether this process has a state folder of its own already."""
    return INSIDE in os.environ


def own_disk() -> bool:
    """Return whether the state folder is a disk of its own, which may be filled."""
    return OWN_DISK in os.environ


def again(module: str, environment: dict[str, str], disk_mb: int = 0) -> int:
    """Run this program once more with a state folder of its own, which is deleted at the end.
    Return its exit status.

    With `disk_mb`, that folder is a disk of its own of this size, if this user may mount one.
    """
    folder = tempfile.mkdtemp(prefix="finley-apart-", dir="/var/tmp")
    variables = {**os.environ, **environment, INSIDE: "1", "FINLEY_STATE": folder}
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        variables.pop(name, None)
    stoppable()
    command = [sys.executable, "-m", module, *sys.argv[1:]]
    if disk_mb and _may_mount():
        variables[OWN_DISK] = "1"
        command = [*OWN_MOUNTS, "sh", "-c", MOUNT, folder, f"{disk_mb}m", *command]
    process = subprocess.Popen(command, cwd=PROJECT, env=variables)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        return process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _may_mount() -> bool:
    """Return whether this user may mount a disk that no other process sees."""
    if shutil.which(OWN_MOUNTS[0]) is None:
        return False
    return subprocess.run([*OWN_MOUNTS, "true"], capture_output=True, check=False).returncode == 0


def stoppable() -> None:
    """Let SIGTERM end this process as Ctrl-C does, so that it first stops the processes that it
    started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextmanager
def sandbox(world: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Run the sandbox in its own process with the connections of `world`. Yield its address, key
    and connections."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(world, file)
        file.flush()
        command = [sys.executable, "manage.py", "sandbox", "--json", "--connections", file.name]
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait()


def worker(**environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "worker"]
    log = Path(os.environ["FINLEY_STATE"]) / "workers.log"
    with log.open("ab") as out:
        given = {**os.environ, **environment}
        return subprocess.Popen(command, cwd=PROJECT, stdout=out, stderr=out, env=given)
