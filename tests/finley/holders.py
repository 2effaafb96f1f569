"""Starts commands that hold the embedded servers, and observes which processes live."""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from finley.embedded import server_process

PROJECT = Path(__file__).resolve().parents[2]
PATHS = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
ENV = {**os.environ, "PYTHONPATH": PATHS}
GONE_SECONDS = 4.0  # the grace, a fast shutdown, and a busy machine
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can arrange this")
linux_only = pytest.mark.skipif(not server_process.LINUX, reason="Linux's /proc and death signals")

Status = dict[str, Any]


class Command:
    """A finley command that holds the servers of `state` until it is told to end."""

    def __init__(self, state: Path, code: str | None = None, **env: str) -> None:
        arguments = ["-c", code] if code else ["-m", "finley.embedded", "run", "--json"]
        arguments += [str(state)] if code else ["--state", str(state)]
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**ENV, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def status(self) -> Status:
        document: Status = json.loads(self.line())
        return document

    def signal(self, number: int) -> None:
        os.killpg(self.process.pid, number)
        self.process.wait(10)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


Start = Callable[..., Command]


def unguarded(lock: Path) -> bool:
    """Return whether no supervisor holds the lock file, which means that none is running."""
    if not lock.exists():
        return True
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def wait_until(true: Callable[[], bool], seconds: float = GONE_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if server_process.started(pid) is not None}


def family(status: Status) -> set[int]:
    """The pids of the supervisor, the servers and, on Linux, all processes below these."""
    distinct = {status["guardian"], status["postgres"], status["valkey"]}
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
    while below := {pid for pid, parent in parents.items() if parent in distinct} - distinct:
        distinct |= below
    return distinct


def all_gone(pids: set[int]) -> bool:
    return wait_until(lambda: not alive(pids))


def answers(status: Status) -> bool:
    """Return whether both servers answer a request."""
    with psycopg.connect(status["app_url"]) as connection, redis_of(status) as cache:
        return connection.execute("SELECT 1").fetchone() == (1,) and bool(cache.ping())


def redis_of(status: Status) -> "redis.Redis":
    return redis.Redis.from_url(status["redis_url"])


def cli(state: Path, *arguments: str) -> tuple[int, Status]:
    result = subprocess.run(
        [sys.executable, "-m", "finley.embedded", *arguments, "--json", "--state", str(state)],
        env=ENV,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, json.loads(result.stdout) if result.stdout else {
        "error": result.stderr
    }


def refusal(state: Path, **env: str) -> str:
    """Run a command that cannot start the servers. Return its output, which must be one line and
    not a traceback."""
    result = subprocess.run(
        [sys.executable, "-m", "finley.embedded", "run", "--state", str(state)],
        env={**ENV, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert result.returncode == 1, result.stdout + result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr
