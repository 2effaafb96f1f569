"""Ledger files for the tests: written by the test, or the real books beside the project."""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from graph.ingest.ledger_rows import LedgerRow, Reject
from graph.ingest.mappings import from_toml
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.rows_from_file import read

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"

SIMPLE = """
name = "simple"
platform = "ledger"
[key]
columns = ["id"]
[date]
column = "date"
formats = ["%Y-%m-%d", "%d/%m/%Y"]
[amount]
column = "amount"
[payer]
kind = "department"
name = "department"
default = "Us"
[payee]
kind = "vendor"
name = "supplier"
[payee.keys]
supplier_id = "supplier_id"
[fields]
document_ref = "invoice"
description = "about"
[constants]
currency = "GBP"
"""

Write = Callable[..., Path]
Rows = list[LedgerRow | Reject]


@pytest.fixture
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip(f"the real books are not at {DATA}")
    return DATA


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes these bytes, or this text as UTF-8, to a file."""

    def written(content: str | bytes, name: str = "ledger.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


@pytest.fixture
def write_table(tmp_path: Path) -> Write:
    """A function that writes a CSV file of a header and rows."""

    def written(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        return path

    return written


@pytest.fixture
def make_mapping(tmp_path: Path) -> Callable[..., Mapping]:
    """A function that returns the mapping of the text above, with parts of the text replaced."""

    def made(*changes: tuple[str, str], more: str = "") -> Mapping:
        text = SIMPLE + more
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "simple.toml"
        path.write_text(text, encoding="utf-8")
        return from_toml.load(path)

    return made


@pytest.fixture
def rows_of(write: Write, make_mapping: Callable[..., Mapping]) -> Callable[..., Rows]:
    """A function that reads content by the simple mapping or another one."""

    def read_rows(content: str | bytes, by: Mapping | None = None, name: str = "l.csv") -> Rows:
        return list(read(write(content, name), by or make_mapping()))

    return read_rows
