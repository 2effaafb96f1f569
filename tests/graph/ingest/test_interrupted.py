"""An import that is killed (kill -9) leaves all of a file or none of it; a later one completes."""

import csv
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections, transaction

from finley.models import User
from graph import models
from graph.database.role import as_owner
from graph.ingest.import_file import import_file
from graph.ingest.mappings import from_toml
from tests.graph.ingest import processes
from tests.graph.ingest.contents import contents

HEADER = ("id", "date", "amount", "department", "supplier", "supplier_id", "invoice", "about")
BEFORE = [
    ("a", "2024-01-31", "5", "Parks", "Acme", "S1", "I1", ""),
    ("b", "2024-01-31", "6", "Parks", "Acme", "S1", "I2", ""),
    ("c", "soon", "6", "Parks", "Acme", "S1", "I2", ""),
]
AFTER = [
    ("a", "2024-01-31", "-5", "Parks", "Bolt", "", "I1", ""),
    BEFORE[1],
    BEFORE[2],
    ("d", "2024-02-29", "7", "Roads", "Acme", "S1", "I3", ""),
    ("e", "2024-02-29", "much", "Roads", "Acme", "S1", "I4", ""),
]
MANY = 4_000

# What holds an import at a step: the lock that the test takes, and the one that it then waits for.
STEPS = {
    "its turn": ("SELECT pg_advisory_xact_lock(hashtextextended('import ' || %(user)s, 0))",
                 "advisory"),
    "entities": ("LOCK TABLE normalized_entities IN EXCLUSIVE MODE", "normalized_entities"),
    "unmatching": ("LOCK TABLE entity_matches IN EXCLUSIVE MODE", "entity_matches"),
    "events": ("LOCK TABLE raw_events IN EXCLUSIVE MODE", "raw_events"),
    "relationships": ("LOCK TABLE relationship_instances IN EXCLUSIVE MODE",
                      "relationship_instances"),
    "changes": ("LOCK TABLE event_delta_logs IN EXCLUSIVE MODE", "event_delta_logs"),
    "provenance": ("SELECT FROM raw_events WHERE external_id = 'b' FOR UPDATE", "transactionid"),
}  # fmt: skip


@pytest.fixture
def folder(committed: None, tmp_path: Path, make_mapping: Callable[..., Any]) -> Path:
    make_mapping()  # simple.toml
    return tmp_path


def written(path: Path, rows: Sequence[tuple[str, ...]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def big(folder: Path, count: int = MANY) -> Path:
    kinds = [("Parks", "Acme", "S1"), ("Roads", "Bolt", ""), ("Parks", "Cole", "S3")]
    rows = [
        (f"r{n}", "2024-01-31", str(n - 50), *kinds[n % 3], f"I{n}", "x" * 40) for n in range(count)
    ]
    return written(folder / "big.csv", rows)


def imported(folder: Path, user: UUID, file: Path) -> None:
    import_file(user, file, from_toml.load(folder / "simple.toml"), folder / "rejects")


def started(folder: Path, user: UUID, *files: Path) -> subprocess.Popen[str]:
    return processes.start(
        "import_ledger", *files, "--user", user, "--mapping", folder / "simple.toml",
        "--rejects", folder / "rejects", "--no-enrich", state=folder / "state",
        session="killed",
    )  # fmt: skip


def killed(process: subprocess.Popen[str]) -> None:
    with process:
        process.kill()
        process.communicate()


def ended() -> bool:
    """A killed process's sessions live on until they notice."""
    return count("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'killed'") == 0


def count(statement: str, *parameters: object, using: str = "owner") -> int:
    with connections[using].cursor() as cursor:
        cursor.execute(statement, parameters)
        row: tuple[int] | None = cursor.fetchone()
    return row[0] if row else 0


@contextmanager
def held(statement: str, user: UUID) -> Iterator[None]:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(statement, {"user": str(user)})
        yield


def rejects(folder: Path) -> list[str]:
    """The rejects files that a person sees, and what they say."""
    return [
        f"{path.name}: {path.read_text(encoding='utf-8')}"
        for path in sorted((folder / "rejects").glob("[!.]*"))
    ]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_nothing_of_the_file_is_there(
    folder: Path, tenant: User, other_tenant: User, step: str
) -> None:
    lock, waited_for = STEPS[step]
    old, new = written(folder / "old.csv", BEFORE), written(folder / "new.csv", AFTER)
    imported(folder, tenant.id, old)
    before, rejected = contents(tenant.id), rejects(folder)
    assert [text.partition(":")[0] for text in rejected] == ["old.csv.rejects.csv"]
    with held(lock, tenant.id):
        process = started(folder, tenant.id, new)
        processes.until(lambda: processes.waiting(waited_for) > 0, process)
        killed(process)
        assert contents(tenant.id) == before
    processes.until(ended)
    assert contents(tenant.id) == before
    assert rejects(folder) == rejected
    for user, files in ((tenant, [new]), (other_tenant, [old, new])):
        for file in files:
            imported(folder, user.id, file)
    assert contents(tenant.id) == contents(other_tenant.id) != before
    assert [text.count("\n") for text in rejects(folder)] == [3, 2]


def test_killed_while_rows_are_copied_the_file_before_is_whole(folder: Path, tenant: User) -> None:
    small = written(folder / "small.csv", BEFORE)
    process = started(folder, tenant.id, small, big(folder, 3 * MANY))
    processes.until(lambda: copied() > 1000, process)
    killed(process)
    processes.until(ended)
    events = models.RawEvent.objects.using("owner").filter(user_id=tenant.id)
    assert sorted(events.values_list("external_id", flat=True)) == ["a", "a", "b", "b"]
    assert len(rejects(folder)) == 1
    report = processes.answer(
        "import_ledger", small, folder / "big.csv", "--user", tenant.id,
        "--mapping", folder / "simple.toml", "--no-enrich", state=folder / "state",
    )  # fmt: skip
    assert (report["rows_stored"], report["rows_unchanged"], report["rows_rejected"]) == (
        3 * MANY,
        2,
        1,
    )


def copied() -> int:
    """Rows that the import has copied until now; its own role may look."""
    statement = (
        "SELECT coalesce(max(tuples_processed), 0) FROM pg_stat_progress_copy "
        "WHERE datname = current_database()"
    )
    return count(statement, using="default")


def test_killed_at_any_moment_all_or_nothing_is_there(folder: Path) -> None:
    chance, file, outcomes = random.Random(20_240_131), big(folder), set()
    for turn in range(4):
        with as_owner():
            user = User.objects.create_user(f"turn{turn}@example.org").id
        process = started(folder, user, file)
        processes.until(lambda: not ended(), process)  # it has begun
        time.sleep(chance.uniform(0, 0.6) * turn)
        killed(process)
        processes.until(ended)
        outcomes.add(amounts(user))
        imported(folder, user, file)
        assert amounts(user) == (2 * MANY, 2 * MANY, MANY, 5, 0)
    assert outcomes <= {(0, 0, 0, 0, 0), (2 * MANY, 2 * MANY, MANY, 5, 0)}
    assert (0, 0, 0, 0, 0) in outcomes, "every kill came too late"


def amounts(user: UUID) -> tuple[int, ...]:
    tables = (models.RawEvent, models.EntityMatch, models.RelationshipInstance,
              models.NormalizedEntity, models.EventDeltaLog)  # fmt: skip
    return tuple(table.objects.using("owner").filter(user_id=user).count() for table in tables)
