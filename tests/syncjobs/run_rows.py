"""Creates rows of runs and failures for tests as the owner, one call each."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from syncjobs.models import (
    Duty,
    ExternalItem,
    JobAttempt,
    JobFailure,
    SyncConnection,
    SyncRun,
)
from tests.graph.rows import add

_keys = count()
WHEN = datetime(2024, 1, 31, 12, tzinfo=UTC)
LETTER = "bc2f0a1e9d8c7b6a5f4e3d2c"


def connection(user_id: UUID | None = None, **values: Any) -> SyncConnection:
    values = {"provider": "gmail", "nango_connection_id": f"conn-{next(_keys)}", **values}
    return add(SyncConnection, user_id=user_id or uuid4(), **values)


def run(of: SyncConnection, **values: Any) -> SyncRun:
    run_id = uuid4()
    values = {"status": "failed", "error": "broken", "finished_at": WHEN, **values}
    if values["status"] in ("queued", "running"):
        values["finished_at"] = None
    return add(
        SyncRun,
        id=run_id,
        user_id=of.user_id,
        connection=of,
        provider=of.provider,
        function=f"{of.provider}_sync",
        job_id=f"{run_id}:1",
        **{"trigger": "request", "correlation_id": str(run_id), **values},
    )


def attempt(of: SyncRun, number: int = 1, **values: Any) -> JobAttempt:
    began = WHEN + timedelta(minutes=number)
    values = {
        "outcome": "failed",
        "worker": "w1",
        "started_at": began,
        "ended_at": began + timedelta(seconds=2),
        **values,
    }
    return add(JobAttempt, user_id=of.user_id, run=of, fence=number, try_number=number, **values)


def failure(of: SyncConnection | None = None, **values: Any) -> JobFailure:
    """Create a dead letter. With a connection, it has a run that failed."""
    if of is not None and "run" not in values:
        values["run"] = run(of)
    about = {} if of is None else {"user_id": of.user_id, "connection_id": str(of.pk)}
    provider = "" if of is None else of.provider
    values = {"function": f"{provider or 'no'}_sync", "provider": provider, **about, **values}
    return add(JobFailure, **{"error": "broken", "fingerprint": LETTER, **values})


def failures(number: int, of: SyncConnection | None = None, **values: Any) -> list[JobFailure]:
    """Create many dead letters at once, one second apart, the newest last, without runs."""
    about = {} if of is None else {"user_id": of.user_id, "connection_id": str(of.pk)}
    rows = [
        JobFailure(
            **{
                "function": "gmail_sync",
                "provider": "gmail",
                "error": f"broken {n}",
                "fingerprint": LETTER,
                "first_failed_at": WHEN + timedelta(seconds=n),
                "last_failed_at": WHEN + timedelta(seconds=n),
                **about,
                **values,
            }
        )
        for n in range(number)
    ]
    return JobFailure.objects.using("owner").bulk_create(rows)


def item(of: SyncConnection, **values: Any) -> ExternalItem:
    values = {"external_id": f"item-{next(_keys)}", "kind": "message", **values}
    return add(ExternalItem, user_id=of.user_id, connection=of, **values)


def duty(**values: Any) -> Duty:
    return add(Duty, **{"name": f"duty {next(_keys)}", "due_at": WHEN, **values})


def again(row: Any) -> Any:
    """Read the row from the database again and return it."""
    return type(row).objects.using("owner").get(pk=row.pk)
