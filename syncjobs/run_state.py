"""Changes the state of runs. Each change is one statement.

The statements cross tenants, so they run as the owner. None waits for a save, because they skip
rows that a save has locked. All may raise django.db's OperationalError or InterfaceError.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from graph.database.tenancy import tenant_transaction
from syncjobs import sql
from syncjobs.errors import LeaseLost
from syncjobs.failures import record
from syncjobs.failures.record import Trouble
from syncjobs.models.choices import Outcome, RunStatus

ROLE = "owner"
# The server ends a save that hangs or whose process is stopped, because its locks block others.
# COPY counts as a statement.
LOG_LINES = 100  # newest lines of a run's log that are kept
BOUNDED = (
    "SET LOCAL idle_in_transaction_session_timeout = '20s'; SET LOCAL statement_timeout = '600s'"
)


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """A job from arq that wants to start its run."""

    run_id: UUID
    job_id: str
    job_try: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to make one attempt of a run. With its fencing token it may save until
    another attempt begins."""

    run_id: UUID
    fence: int
    user_id: UUID
    connection_id: UUID
    provider: str
    function: str
    payload: dict[str, Any]
    job_try: int
    correlation_id: str
    nango_connection_id: str
    integration: str
    cursor: dict[str, Any] | None
    progress: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LeaseState:
    """The state of a run when the lease of an attempt is renewed: its newest fencing token, whether
    it is running, and whether it is to be cancelled."""

    run_id: UUID
    fence: int
    runs: bool
    cancelled: bool


def claimed(asks: Sequence[ClaimRequest], worker: str) -> list[Claim | None]:
    """Start an attempt for each request whose run is queued for that job. Return the claims in the
    order of the requests.

    The claim is None for a run that is not queued, or that has another job by now.
    """
    values: dict[str, Any] = {
        "runs": [ask.run_id for ask in asks],
        "jobs": [ask.job_id for ask in asks],
        "tries": [ask.job_try for ask in asks],
        "worker": worker,
        "lease": settings.SYNC_LEASE,
    }
    claims = {row["run_id"]: Claim(**row) for row in _objects("runs/claimed", values)}
    return [claims.pop(ask.run_id, None) for ask in asks]


def succeeded(claims: Sequence[Claim]) -> list[bool]:
    """End the runs of these attempts as succeeded. Return for each attempt whether it was still the
    newest one; an older one ends nothing."""
    completed = {row[0] for row in _rows("runs/succeeded", _fences(claims))}
    return [claim.run_id in completed for claim in claims]


def renewed(claims: Sequence[Claim]) -> list[LeaseState]:
    """Renew the leases of these attempts. Return the state of each, except for runs that are being
    saved now."""
    values: dict[str, Any] = {**_fences(claims), "lease": settings.SYNC_LEASE}
    return [LeaseState(*row) for row in _rows("runs/renewed", values)]


def handed_back(
    claim: Claim, outcome: Outcome, wait: float, trouble: Trouble | None = None
) -> bool:
    """Requeue the run for another attempt in `wait` seconds. Return False if this attempt was not
    the newest one.

    An attempt with the outcome GIVEN_BACK does not count towards ARQ_MAX_TRIES.
    """
    is_counted = outcome != Outcome.GIVEN_BACK
    values: dict[str, Any] = {
        "run": claim.run_id,
        "fence": claim.fence,
        "tries": claim.job_try if is_counted else claim.job_try - 1,
        "wait": wait,
        "outcome": outcome.value,
        **_texts(trouble),
    }
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("runs/handed_back"), values)
        return bool(cursor.rowcount)


def cancelled(claim: Claim) -> bool:
    """End the run as cancelled, and reopen the failure that it replays, if any. Return False if
    this attempt was not the newest one."""
    with transaction.atomic(using=ROLE):
        ended = _ended(claim.run_id, claim.fence, RunStatus.CANCELLED, Outcome.CANCELLED, None)
        if ended and ended.replay_of is not None:
            record.reopened(ended.replay_of)
        return ended is not None


def failed(run_id: UUID, fence: int | None, trouble: Trouble) -> bool:
    """End the run as failed and write its row in job_failures, in one transaction. Return False if
    it had ended or has a newer attempt.

    `fence` is the attempt's fencing token. None means that the attempt does not exist any more.
    """
    with transaction.atomic(using=ROLE):
        outcome = Outcome.FAILED if fence is not None else Outcome.LOST
        ended = _ended(run_id, fence, RunStatus.FAILED, outcome, trouble)
        if ended is None:
            return False
        record.of_run(ended, trouble)
        return True


def _ended(
    run_id: UUID, fence: int | None, status: RunStatus, outcome: Outcome, trouble: Trouble | None
) -> record.Ended | None:
    values: dict[str, Any] = {
        "run": run_id,
        "fence": fence,
        "status": status.value,
        "outcome": outcome.value,
        "dead": trouble is not None and trouble.reauthorise,
        **_texts(trouble),
    }
    rows = _objects("runs/ended", values)
    return record.Ended(**rows[0]) if rows else None


class Save:
    """What one save changes in the run's own state: its progress, and the connection's cursor for
    the next page or sync."""

    def __init__(self, progress: dict[str, Any]) -> None:
        self.progress = progress
        self.before = dict(progress)
        self.cursor: dict[str, Any] | None = None
        self.moved = False

    def move(self, cursor: dict[str, Any] | None) -> None:
        """Set the connection's new cursor; None: the next sync lists everything."""
        self.cursor, self.moved = cursor, True

    def line(self, fence: int) -> str:
        """The save as a text for the run's log: what it adds to each number of the progress."""
        more = [
            f"+{count - was:,} {name}"
            for name, count in self.progress.items()
            if isinstance(count, int)
            and isinstance(was := self.before.get(name, 0), int)
            and count > was
        ]
        return f" attempt {fence} saved: {', '.join(more) or 'nothing new'}"


@contextmanager
def fenced(claim: Claim, save: Save) -> Iterator[BaseDatabaseWrapper]:
    """A transaction of the claim's tenant that commits only if the claim is still valid at its end.

    Raises LeaseLost. The run's row is locked only at the very end, so that no other statement waits
    for it.
    """
    with tenant_transaction(claim.user_id) as connection:
        with connection.cursor() as cursor:
            cursor.execute(BOUNDED)
        yield connection
        with connection.cursor() as cursor:
            _save_state(cursor, claim, save)


def _save_state(cursor: Any, claim: Claim, save: Save) -> None:

    values: dict[str, Any] = {
        "run": claim.run_id,
        "fence": claim.fence,
        "lease": settings.SYNC_LEASE,
        "progress": json.dumps(save.progress),
        "line": save.line(claim.fence),
        "lines": LOG_LINES,
    }
    cursor.execute(sql.read("runs/saved"), values)
    if not cursor.rowcount:
        raise LeaseLost(f"Attempt {claim.fence} of run {claim.run_id} is no longer the newest.")
    if save.moved:
        moved = None if save.cursor is None else json.dumps(save.cursor, allow_nan=False)
        cursor.execute(
            "UPDATE sync_connections SET cursor = %s WHERE id = %s", [moved, claim.connection_id]
        )


def _fences(claims: Sequence[Claim]) -> dict[str, Any]:
    return {
        "runs": [claim.run_id for claim in claims],
        "fences": [claim.fence for claim in claims],
    }


def _texts(trouble: Trouble | None) -> dict[str, str]:
    if trouble is None:
        return {"error_class": "", "error": "", "traceback": ""}
    fields = asdict(trouble)
    return {name: fields[name] for name in ("error_class", "error", "traceback")}


def _rows(name: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read(name), values)
        return list(cursor.fetchall())


def _objects(name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Execute `syncjobs/sql/<name>.sql`, whose rows are JSON objects. Return them as dicts, with
    ids as UUIDs."""
    rows = [json.loads(row) for (row,) in _rows(name, values)]
    return [{key: _id(key, value) for key, value in row.items()} for row in rows]


def _id(key: str, value: Any) -> Any:
    ids = {"run_id", "user_id", "connection_id", "replay_of"}
    return UUID(value) if key in ids and value is not None else value
