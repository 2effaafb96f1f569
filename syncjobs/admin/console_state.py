"""Reads what the console shows from PostgreSQL. The cost does not depend on the size of the
history.

Every function reads as the owner, for all tenants. All may raise django.db's DatabaseError.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections

from graph import tenant_lookup
from graph.view.captured_tables import EVERYTHING
from syncjobs import sql
from syncjobs.admin import charts, durations
from syncjobs.models.choices import ConnectionState
from syncjobs.providers import BY_NAME

SHOWN = 50  # running runs
SIGNS = 300  # seconds without a sign of life after which a worker is not listed
FAILURES = 5_000  # newest failures that are grouped
GROUPS = 10  # groups that are shown
LATE = 60  # seconds after which a due periodic task is late
DAYS = 7
Row = Mapping[str, Any]


def rows(name: str, **parameters: Any) -> list[dict[str, Any]]:
    """The result of `syncjobs/sql/console/<name>.sql`: one dict per row, with the columns as
    keys."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql.read(f"console/{name}"), parameters)
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Active:
    """The queued and running runs. `oldest` is the run that has waited longest for a worker."""

    waiting: int
    scheduled: int
    running: int
    expired: int
    cancelling: int
    queue_age: float | None
    oldest: UUID | None
    as_of: datetime

    @property
    def age(self) -> str:
        return durations.text(self.queue_age)


def active() -> Active:
    return Active(**rows("active")[0])


@dataclass(frozen=True, slots=True)
class Run:
    """A run that a worker executes now, with its tenant's e-mail address, or id if it has none."""

    id: UUID
    worker: str
    title: str
    connection: str
    tenant: str
    user_id: UUID
    tries: int
    began: datetime
    duration: str
    state: str
    progress: str


def running() -> list[Run]:
    """The SHOWN runs that have been running longest, the longest first."""
    runs = rows("running", limit=SHOWN)
    addresses = tenant_lookup.addresses({row["user_id"] for row in runs})
    return [_run(row, addresses) for row in runs]


def _run(row: Row, addresses: Mapping[UUID, str]) -> Run:
    provider = BY_NAME.get(row["provider"])
    state = "cancelling" if row["cancelling"] else "lost" if row["expired"] else "running"
    return Run(
        row["id"],
        row["worker"],
        provider.title if provider else row["function"],
        row["nango_connection_id"],
        addresses.get(row["user_id"], str(row["user_id"])),
        row["user_id"],
        row["tries"],
        row["began"],
        durations.text(row["seconds"]),
        state,
        _progress(json.loads(row["progress"])),
    )


def _progress(done: Mapping[str, Any]) -> str:
    """The counts of a run's progress as text, such as "1,200 items, 3 events". Zeros are left
    out."""
    numbers = {name: count for name, count in done.items() if isinstance(count, int) and count}
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in numbers.items())


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker as the console shows it.

    `runs` is the number of its runs, and `kinds` a text with that number by task. `tasks` are the
    names of its current periodic tasks. `version` is empty if the worker has not stated it.
    """

    name: str
    seen_at: datetime
    ago: str
    runs: int
    tasks: str
    silent: bool
    version: str
    started_at: datetime | None
    kinds: str


def workers() -> list[Worker]:
    """Workers with a sign of life in the last SIGNS seconds, or with a run."""
    processes = rows("workers", lease=settings.SYNC_LEASE, seconds=SIGNS)
    return [
        Worker(
            row["worker"],
            row["seen_at"],
            durations.text(row["seconds"]),
            row["runs"],
            row["tasks"],
            row["runs"] > 0 and row["seconds"] > settings.SYNC_LEASE,
            row["version"] or "",
            row["started_at"],
            _kinds(json.loads(row["running"])),
        )
        for row in processes
    ]


def _kinds(running: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {function}" for function, count in sorted(running.items()))


@dataclass(frozen=True, slots=True)
class View:
    """The state of the materialized view: its last refresh, and how far the tables are ahead of it.

    `finished_at` is the end of the last refresh and `rows` its number of rows; both are None if the
    view was never refreshed. `marks` is the number of pending change records. `unknown` means that
    anything may have changed since, so every tenant's rows are read from the tables.
    """

    finished_at: datetime | None
    age: str
    took: str
    rows: int | None
    marks: int
    named: int
    oldest: str
    unknown: bool


def view() -> View:
    row = rows("view", everything=EVERYTHING)[0]
    took = "-" if row["seconds"] is None else f"{row['seconds']:.1f} s"
    return View(
        row["finished_at"],
        durations.text(row["age"]),
        took,
        row["rows"],
        row["marks"],
        row["named"],
        durations.text(row["oldest"]),
        row["unknown"],
    )


@dataclass(frozen=True, slots=True)
class Task:
    """A periodic task with its last and its next run."""

    name: str
    state: str
    finished_at: datetime | None
    ago: str
    due_at: datetime
    due_in: str
    error: str


def tasks() -> list[Task]:
    return [_task(row) for row in rows("periodic")]


def _task(row: Row) -> Task:
    if row["running"]:
        state = "running"
    elif row["due_in"] < -LATE:
        state = "late"
    else:
        state = "failed" if row["error"] else "succeeded" if row["finished_at"] else "queued"
    due_in = durations.text(row["due_in"]) if row["due_in"] > 0 else "now"
    return Task(
        row["name"],
        state,
        row["finished_at"],
        durations.text(row["ago"]),
        row["due_at"],
        due_in,
        row["error"],
    )


@dataclass(frozen=True, slots=True)
class Group:
    """One group of failures of the same kind. `days` has the number of failures in each of the last
    seven periods of 24 hours, oldest first."""

    fingerprint: str
    state: str
    days: Sequence[int]
    sample_id: UUID
    error: str
    error_class: str
    function: str
    newest: datetime

    @property
    def today(self) -> int:
        return self.days[-1]

    @property
    def bars(self) -> list[charts.Rectangle]:
        return charts.sparkline(self.days)

    @property
    def words(self) -> str:
        return f"Failures per day, oldest first: {', '.join(map(str, self.days))}"


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of failures of the last week that are new or growing.

    `groups` are those to show, and `total` is the number of all. `since` is None if all failures of
    the week were read; if there are more than FAILURES, it is the time of the oldest one that was
    read.
    """

    groups: Sequence[Group]
    total: int
    since: datetime | None

    @property
    def more(self) -> int:
        return self.total - len(self.groups)


def groups() -> Groups:
    summaries = rows("groups", limit=FAILURES, shown=GROUPS)
    if not summaries:
        return Groups([], 0, None)
    since = summaries[0]["since"] if summaries[0]["failures"] >= FAILURES else None
    return Groups([_group(row) for row in summaries], summaries[0]["total"], since)


def _group(row: Row) -> Group:
    counts: Counter[int] = Counter(row["days"])
    return Group(
        row["fingerprint"],
        "new" if row["is_new"] else "growing",
        [counts[day] for day in range(DAYS)],
        row["sample_id"],
        row["error"],
        row["error_class"],
        row["function"],
        row["newest"],
    )


@dataclass(frozen=True, slots=True)
class Counted:
    state: str
    count: int


def connections_by_state() -> list[Counted]:
    """The number of connections in each state, in the order of ConnectionState. A state without
    connections has 0."""
    counts = {row["state"]: row["connections"] for row in rows("connections")}
    return [Counted(state, counts.get(state, 0)) for state in ConnectionState.values]
