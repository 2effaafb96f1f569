"""Builds files in the oracle's layout, and stores them into the books."""

import csv
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

from graph.ingest.import_file import import_file
from graph.ingest.mappings.mapping import Mapping
from tests.oracle import ledger

PUBLISHED = '[publication]\ncolumns = ["month"]\n'
Take = Callable[..., tuple[int, int, int, int]]


def line(**cells: str) -> tuple[str, ...]:
    """A row of the oracle's layout."""
    usual = {"month": "2024-01", "id": "a", "date": "2024-01-31", "amount": "5",
             "department": "Parks", "supplier": "Acme", "supplier_id": "S1"}  # fmt: skip
    assert cells.keys() <= set(ledger.COLUMNS)
    return tuple({**usual, **cells}.get(name, "") for name in ledger.COLUMNS)


def written(path: Path, lines: Iterable[tuple[str, ...]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([ledger.COLUMNS, *lines])
    return path


def counted(user: UUID, path: Path, by: Mapping) -> tuple[int, int, int, int]:
    counts = asdict(import_file(user, path, by, path.parent / "rejects").counts)
    total = counts.pop("rows_in")
    assert total == sum(counts.values())
    return tuple(counts.values())
