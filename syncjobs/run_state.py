"""The ledger's statements: how a run begins, goes on and ends, each as one statement.

They cross tenants, so they run as the owning role. None waits for a save: what a save has locked is
left alone. Any of them may raise django.db's OperationalError or InterfaceError.
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
# A save that hangs, or whose process was stopped, is ended by the server: its locks are others'
# hindrance. COPY counts as a statement.
BOUNDED = (
    "SET LOCAL idle_in_transaction_session_timeout = '20s'; SET LOCAL statement_timeout = '600s'"
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A job that arq hands over: may it start?"""

    run_id: UUID
    job_id: str
    job_try: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A start of a run: with this fence it may save, until another one begins."""

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
class Standing:
    """What became of a claim."""

    run_id: UUID
    fence: int
    runs: bool
    cancelled: bool


def claimed(asks: Sequence[Ask], worker: str) -> list[Claim | None]:
    """The claims in the order of the asks; None: it is not this job's to run (any more)."""
    given: dict[str, Any] = {
        "runs": [ask.run_id for ask in asks],
        "jobs": [ask.job_id for ask in asks],
        "tries": [ask.job_try for ask in asks],
        "worker": worker,
        "lease": settings.SYNC_LEASE,
    }
    found = {row["run_id"]: Claim(**row) for row in _objects("runs/claimed", given)}
    return [found.pop(ask.run_id, None) for ask in asks]


def succeeded(claims: Sequence[Claim]) -> list[bool]:
    """Which of the starts were still the newest, and so ended their runs."""
    done = {row[0] for row in _rows("runs/succeeded", _fences(claims))}
    return [claim.run_id in done for claim in claims]


def renewed(claims: Sequence[Claim]) -> list[Standing]:
    """Renew the leases; says how things stand, save for runs that are being saved right now."""
    given: dict[str, Any] = {**_fences(claims), "lease": settings.SYNC_LEASE}
    return [Standing(*row) for row in _rows("runs/renewed", given)]


def handed_back(
    claim: Claim, outcome: Outcome, wait: float, trouble: Trouble | None = None
) -> bool:
    """Into the queue again, to be tried in `wait` seconds. A start GIVEN_BACK counts as no try."""
    counted = outcome != Outcome.GIVEN_BACK
    given: dict[str, Any] = {
        "run": claim.run_id,
        "fence": claim.fence,
        "tries": claim.job_try if counted else claim.job_try - 1,
        "wait": wait,
        "outcome": outcome.value,
        **_told(trouble),
    }
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("runs/handed_back"), given)
        return bool(cursor.rowcount)


def cancelled(claim: Claim) -> bool:
    """The run ends because somebody asked; a failure that it replays is open again."""
    with transaction.atomic(using=ROLE):
        ended = _ended(claim.run_id, claim.fence, RunStatus.CANCELLED, Outcome.CANCELLED, None)
        if ended and ended.replay_of is not None:
            record.reopened(ended.replay_of)
        return ended is not None


def failed(run_id: UUID, fence: int | None, trouble: Trouble) -> bool:
    """The run fails for good, and its row in job_failures stands, or neither.

    Without a fence: whoever held it is gone.
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
    given: dict[str, Any] = {
        "run": run_id,
        "fence": fence,
        "status": status.value,
        "outcome": outcome.value,
        "dead": trouble is not None and trouble.reauthorise,
        **_told(trouble),
    }
    found = _objects("runs/ended", given)
    return record.Ended(**found[0]) if found else None


class Save:
    """What a save says at its end: the cursor to go on from, and what was done so far."""

    def __init__(self, progress: dict[str, Any]) -> None:
        self.progress = progress
        self.cursor: dict[str, Any] | None = None
        self.moved = False

    def move(self, cursor: dict[str, Any] | None) -> None:
        """The connection's cursor from here on; None: the next sync lists everything."""
        self.cursor, self.moved = cursor, True


@contextmanager
def fenced(claim: Claim, save: Save) -> Iterator[BaseDatabaseWrapper]:
    """A transaction of the claim's tenant that stands only if the claim does at its end.

    Raises LeaseLost. The run's row is locked at the very end only, so that nobody waits for it.
    """
    with tenant_transaction(claim.user_id) as connection:
        with connection.cursor() as cursor:
            cursor.execute(BOUNDED)
        yield connection
        with connection.cursor() as cursor:
            _last_word(cursor, claim, save)


def _last_word(cursor: Any, claim: Claim, save: Save) -> None:

    given: dict[str, Any] = {
        "run": claim.run_id,
        "fence": claim.fence,
        "lease": settings.SYNC_LEASE,
        "progress": json.dumps(save.progress),
    }
    cursor.execute(sql.read("runs/saved"), given)
    if not cursor.rowcount:
        raise LeaseLost(f"Start {claim.fence} of run {claim.run_id} is not the newest any more.")
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


def _told(trouble: Trouble | None) -> dict[str, str]:
    if trouble is None:
        return {"error_class": "", "error": "", "traceback": ""}
    told = asdict(trouble)
    return {name: told[name] for name in ("error_class", "error", "traceback")}


def _rows(name: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read(name), given)
        return list(cursor.fetchall())


def _objects(name: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows as to_jsonb wrote them, ids as such: the driver hands jsonb over as text."""
    found = [json.loads(row) for (row,) in _rows(name, given)]
    return [{key: _id(key, value) for key, value in row.items()} for row in found]


def _id(key: str, value: Any) -> Any:
    ids = {"run_id", "user_id", "connection_id", "replay_of"}
    return UUID(value) if key in ids and value is not None else value
