"""Writes files of every format, and reads them as import_ledger would."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from graph.ingest.file_parts import NO_HINTS, format_of, parts_of
from graph.ingest.ledger_rows import LedgerRow, Reject
from graph.ingest.readers.parts import Hints, Part

MORE = Path(__file__).resolve().parents[4].parent / "shared" / "cases" / "more"


@dataclass
class ReadFile:
    """The result of reading one file."""

    parts: list[Part]
    rows: list[LedgerRow]
    rejects: list[Reject]

    @property
    def warnings(self) -> list[str]:
        return [warning for part in self.parts for warning in part.warnings]

    @property
    def moved(self) -> list[tuple[str, str, str, str, str]]:
        """For each row its day, payer, payee, amount and currency, in the direction of the
        money."""
        return [moved(row) for row in self.rows]


def moved(row: LedgerRow) -> tuple[str, str, str, str, str]:
    payer, payee = row.payer.name, row.payee.name
    if row.amount < 0:
        payer, payee = payee, payer
    return f"{row.occurred_at:%Y-%m-%d}", payer, payee, f"{abs(row.amount):.2f}", row.currency


def read_file(path: Path, hints: Hints = NO_HINTS) -> ReadFile:
    parts = parts_of(path, format_of(path), hints=hints)
    results = [row for part in parts for row in part.read()]
    rows = [row for row in results if isinstance(row, LedgerRow)]
    return ReadFile(parts, rows, [row for row in results if isinstance(row, Reject)])


Read = Callable[..., ReadFile]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """A function that reads these bytes (or this text as UTF-8) as a file of this name."""

    def read_content(content: str | bytes, name: str, hints: Hints = NO_HINTS) -> ReadFile:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_file(path, hints)

    return read_content


@pytest.fixture
def more() -> Path:
    if not MORE.is_dir():
        pytest.skip(f"the sample files are not at {MORE}")
    return MORE
