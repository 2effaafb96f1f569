"""Creates connections and runs, and starts real worker processes, for tests."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connections
from redis import Redis

from graph.database.tenancy import tenant_transaction
from syncjobs import queue, runs
from syncjobs.models import JobFailure, SyncConnection, SyncRun
from syncjobs.models.choices import Trigger
from tests.child_process import Child

PROJECT = Path(__file__).resolve().parents[2]
QUICK = {
    "FINLEY_LEASE": "2",
    "ARQ_BACKOFF": "0.2",
    "ARQ_MAX_TRIES": "3",
    "ARQ_JOB_TIMEOUT": "5",
    "FINLEY_LOG_LEVEL": "INFO",
}
SESSION = "a test's worker"  # the name of its sessions, and of those of its child processes


def connection(user_id: UUID, provider: str = "gmail", **columns: Any) -> SyncConnection:
    row = SyncConnection(
        id=uuid4(),
        user_id=user_id,
        provider=provider,
        **{"nango_connection_id": f"test-{uuid4()}", **columns},
    )
    with tenant_transaction(user_id):
        row.save(force_insert=True)
        row.refresh_from_db()
    return row


def run(user_id: UUID, function: str = "probe", **payload: Any) -> SyncRun:
    """Create a connection and accept a run of it. The run's body does what `payload` says
    (tests.syncjobs.probes)."""
    own_connection = connection(user_id)
    original = runs.function_of
    runs.function_of = lambda _: function
    try:
        return runs.accept(user_id, own_connection.pk, trigger=Trigger.REQUEST, payload=payload)
    finally:
        runs.function_of = original


def redis() -> Redis:
    return Redis.from_url(str(settings.REDIS_URL))


class Process:
    """A worker in its own process, on the queue and the database of the test."""

    def __init__(self, log: Path, *options: str, **environment: str) -> None:
        self.log = log
        database = connections["default"].settings_dict["NAME"]
        with log.open("ab") as out:
            self.process = Child(
                [
                    sys.executable,
                    "-m",
                    "tests.syncjobs.worker_process",
                    str(database),
                    queue.NAME,
                    *options,
                ],
                cwd=PROJECT,
                env={**os.environ, **QUICK, "PGAPPNAME": SESSION, **environment},
                stdout=out,
                stderr=out,
            )

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def ready(self) -> "Process":
        until(lambda: "Starting worker" in self.said, 30, self.explained)
        return self

    def explained(self) -> str:
        return self.said[-3000:]

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def worker(log: Path, *options: str, **environment: str) -> Iterator[Process]:
    process = Process(log, *options, **environment)
    try:
        yield process.ready()
    finally:
        process.kill()


def left_behind(seconds: float = 10) -> list[str]:
    """The sessions of killed workers that are still open after `seconds`: each one's pid and start.

    The server ends a killed worker's session only when its statement ends.
    """
    limit = time.monotonic() + seconds
    while (sessions := _sessions()) and time.monotonic() < limit:
        time.sleep(0.05)
    return sessions


def _sessions() -> list[str]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT format('%%s of process %%s since %%s', application_name, pid, backend_start) "
            "FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = %s",
            [SESSION],
        )
        return [session for (session,) in cursor.fetchall()]


def until(
    true: Callable[[], Any], seconds: float = 30, explained: Callable[[], str] = lambda: ""
) -> Any:
    """Wait until `true()` returns something true, and return that. Raises AssertionError after
    `seconds`."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if result := true():
            return result
        time.sleep(0.05)
    raise AssertionError(f"not in {seconds} s. {explained()}")


def ended(made: SyncRun, seconds: float = 30, explained: Callable[[], str] = lambda: "") -> SyncRun:
    """Wait until the run has ended, and return it."""

    def over() -> SyncRun | None:
        result = SyncRun.objects.using("owner").get(pk=made.pk)
        return result if result.finished_at else None

    result: SyncRun = until(over, seconds, explained)
    return result


def failures() -> list[JobFailure]:
    return list(JobFailure.objects.using("owner").order_by("first_failed_at"))


def clean(name: str) -> None:
    """Delete this test's queue from Redis."""
    with closing(redis()) as client:
        ids = [item.decode() for item in client.zrange(name, 0, -1)]
        keys = [f"arq:{what}:{job}" for job in ids for what in ("job", "retry", "in-progress")]
        client.delete(name, *keys)
