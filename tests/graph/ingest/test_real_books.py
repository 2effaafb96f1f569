"""The real books, imported as a person would: counted and summed against the files themselves."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from django.db import connections

from finley.models import User
from graph import models
from graph.database.role import as_owner
from tests.graph.ingest import processes

pytestmark = pytest.mark.thorough

PEAK_MB = 500


class Books(NamedTuple):
    """What the command said the first time and the second, for all files at once."""

    user: UUID
    folder: Path
    rejects: Path
    first: dict[str, Any]
    again: dict[str, Any]


@pytest.fixture(scope="module")
def books(
    real_books: Path,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: Any,
) -> Iterator[Books]:
    files = sorted(real_books.glob("*/*.csv.gz"))
    state = tmp_path_factory.mktemp("state")
    with django_db_blocker.unblock():
        with as_owner():
            user = User.objects.create_user("books@example.org").id
        reports = [
            processes.answer("import_ledger", *files, "--user", user, "--no-enrich", state=state)
            for _ in range(2)
        ]

        yield Books(user, real_books, state / "rejects", *reports)
        with connections["owner"].cursor() as cursor:
            cursor.execute("TRUNCATE raw_events, normalized_entities, finley_user CASCADE")
        for alias in connections:
            connections[alias].close()


def plain(path: Path) -> list[dict[str, str]]:
    """The file's rows that are not blank, by nothing but the csv module."""
    with gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
        return [row for row in csv.DictReader(file) if "".join(filter(None, row.values())).strip()]


def query(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def test_every_row_is_accounted_for(books: Books) -> None:
    row_counts = {path.name: len(plain(path)) for path in books.folder.glob("*/*.csv.gz")}
    assert {part["file"]: part["rows_in"] for part in books.first["files"]} == row_counts
    assert (len(row_counts), sum(row_counts.values())) == (19, 77_276 + 61_529)
    formats = Counter(part["format"] for part in books.first["files"])
    assert formats == {"calderdale-invoices": 1, "calderdale-cards": 1, "oxford": 17}
    for report in (books.first, books.again):
        for part in (report, *report["files"]):
            became = ("rows_stored", "rows_updated", "rows_unchanged", "rows_rejected")
            assert part["rows_in"] == sum(part[name] for name in became)


def test_what_became_of_the_rows(books: Books) -> None:
    """Of oxford 21 lines say no payee, or stand there twice."""
    first = books.first
    assert (first["rows_updated"], first["rows_unchanged"]) == (0, 1937)
    assert first["rows_rejected"] == 21
    assert first["rows_stored"] == 77_276 + 61_529 - 1937 - 21


def test_the_tables_hold_what_was_stored(books: Books) -> None:
    stored_rows = books.first["rows_stored"]
    tables = (
        models.RawEvent,
        models.EntityMatch,
        models.RelationshipInstance,
        models.EventDeltaLog,
    )
    row_counts = {table._meta.db_table: table.objects.using("owner").count() for table in tables}
    assert row_counts == {
        "raw_events": 2 * stored_rows,
        "entity_matches": 2 * stored_rows,
        "relationship_instances": stored_rows,
        "event_delta_logs": 0,
    }


def test_the_second_time_adds_nothing(books: Books) -> None:
    again = books.again
    assert (again["rows_stored"], again["rows_updated"], again["rows_rejected"]) == (0, 0, 21)
    assert again["rows_unchanged"] == again["rows_in"] - 21


def test_a_month_published_twice_is_one_row_of_two_places(books: Books) -> None:
    rows = query(
        "SELECT jsonb_array_length(provenance), jsonb_path_query_array(provenance, "
        "'$[*].publication')::text, count(*) FROM raw_events WHERE user_id = %s "
        "AND jsonb_array_length(provenance) <> 1 GROUP BY 1, 2",
        books.user,
    )
    assert [places for places, _, _ in rows] == [2] * len(rows)
    assert {tuple(sorted(p.strip('[]" ') for p in text.split(","))) for _, text, _ in rows} == {
        ("2019-02", "2020-02")
    }
    assert sum(count for _, _, count in rows) == 2 * 1937


def test_the_sums_are_the_files_own(books: Books) -> None:
    cards = {r["transaction_number"]: r for r in plain(*books.folder.glob("calderdale/pcard*"))}
    invoices = plain(*books.folder.glob("calderdale/invoices*"))
    oxford = [row for path in books.folder.glob("oxford/*") for row in plain(path)]
    assert len(cards) == 27_689 - 1937
    sums = {
        "calderdale.cards": sum(Decimal(row["net_amount"]) for row in cards.values()),
        "calderdale.ledger": sum(Decimal(row["net_amount"]) for row in invoices),
        "oxford.ledger": sum(money(row) for row in oxford) - rejected(books),
    }
    paid, received = (
        dict(
            query(
                "SELECT source, sum(amount) FROM raw_events WHERE user_id = %s AND posting = %s "
                "GROUP BY source",
                books.user, posting,
            )
        )
        for posting in (1, 2)
    )  # fmt: skip
    assert received == sums
    assert paid == {source: -amount for source, amount in sums.items()}


def money(row: dict[str, str]) -> Decimal:
    [text] = [value for name, value in row.items() if name and name.strip().lower() == "amount"]
    return Decimal(text.strip().replace(",", "") or 0)


def rejected(books: Books) -> Decimal:
    """What the lines in the rejects files come to."""
    total, lines = Decimal(0), 0
    for path in books.folder.glob("oxford/*.csv.gz"):
        listed = books.rejects / f"{path.name}.rejects.csv"
        header = list(plain(path)[0])
        if listed.exists():
            with listed.open(encoding="utf-8", newline="") as file:
                texts = [row["text"] for row in csv.DictReader(file)]
            cells = [dict(zip(header, row, strict=False)) for row in csv.reader(texts)]
            total += sum(map(money, cells))
            lines += len(cells)
    assert lines == books.first["rows_rejected"]
    return total


def test_within_the_memory_that_was_promised(books: Books) -> None:
    assert 20 < books.first["peak_mb"] < PEAK_MB
    assert 20 < books.again["peak_mb"] < PEAK_MB


def test_a_mask_with_many_ids_merges_nobody(books: Books) -> None:
    """Oxford's "Redacted personal data" hides as many parties as it has supplier ids."""
    [(ids, entities)] = query(
        "SELECT count(DISTINCT data ->> 'supplier_id'), count(DISTINCT entity_id) "
        "FROM raw_events AS event JOIN entity_matches USING (user_id) "
        "WHERE user_id = %s AND event_id = event.id AND source = 'oxford.ledger' AND posting = 2 "
        "AND party_name = 'Redacted personal data'",
        books.user,
    )
    assert ids == entities > 100
