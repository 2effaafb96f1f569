"""Processor time of a server's threads and of PostgreSQL's backends, as the kernel counts it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.db import connections

BACKENDS = (
    "SELECT pid FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
MILLION = 1e6  # nanoseconds in a millisecond


@dataclass(slots=True)
class Cost:
    """Milliseconds of processor time of the server's threads, and of the database's backends."""

    server: float = 0.0
    database: float = 0.0

    @property
    def total(self) -> float:
        return self.server + self.database

    def each(self, requests: int) -> "Cost":
        return Cost(self.server / requests, self.database / requests)

    def shown(self) -> dict[str, float]:
        return {"server_ms": round(self.server, 2), "database_ms": round(self.database, 2)}


@contextmanager
def measured_of(pid: int) -> Iterator[Cost]:
    """Measure the processor time that the process and the database's backends use in the block. The
    yielded Cost is complete after the block."""
    cost = Cost()
    before = _threads(pid), _backends()
    yield cost
    cost.server = _grown(before[0], _threads(pid)) / MILLION
    cost.database = _grown(before[1], _backends()) / MILLION


def _grown(before: dict[str, int], after: dict[str, int]) -> int:
    """The nanoseconds by which the times grew between two readings. A thread or process that ended
    meanwhile counts as nothing."""
    return sum(ran - before.get(name, 0) for name, ran in after.items())


def _threads(pid: int) -> dict[str, int]:
    """The processor time of each thread of the process, in nanoseconds by thread."""
    return _ran(Path(f"/proc/{pid}/task").iterdir())


def _backends() -> dict[str, int]:
    """The processor time of each backend of PostgreSQL, in nanoseconds by backend, without this
    process's own."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(BACKENDS)
        return _ran(Path(f"/proc/{pid}") for (pid,) in cursor.fetchall())


def _ran(folders: Iterable[Path]) -> dict[str, int]:
    times = {}
    for folder in folders:
        with suppress(FileNotFoundError, ProcessLookupError):
            times[folder.name] = int((folder / "schedstat").read_text().split()[0])
    return times
