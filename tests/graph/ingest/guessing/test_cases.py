"""The files beside the project, each read by the guess as its expected rows say."""

import json
from pathlib import Path

import pytest

from graph.ingest.guessing.guess import guess
from graph.ingest.ledger_rows import LedgerRow
from graph.ingest.rows_from_file import read
from tests.graph.ingest.conftest import DATA
from tests.graph.ingest.guessing.test_shapes import is_party

CASES = DATA.parent / "cases"
FILES = sorted(CASES.glob("*.expected.json"))


@pytest.mark.skipif(not FILES, reason=f"there are no cases in {CASES}")
@pytest.mark.parametrize("expected", FILES, ids=lambda path: path.name.split(".")[0])
def test_read_as_expected(expected: Path) -> None:
    path = expected.with_name(expected.name.removesuffix(".expected.json"))
    by = guess(path)
    assert not any(doubt.blocking for doubt in by.doubts)
    rows = [row for row in read(path, by) if isinstance(row, LedgerRow)]
    expected_rows = json.loads(expected.read_text(encoding="utf-8"))["rows"]
    assert len(rows) == len(expected_rows)
    for row, right in zip(rows, expected_rows, strict=True):
        payer, payee = (row.payer, row.payee) if row.amount >= 0 else (row.payee, row.payer)
        assert row.occurred_at.date().isoformat() == right["date"]
        assert (f"{abs(row.amount):.2f}", row.currency) == (right["amount"], right["currency"])
        assert is_party(right["payer"], payer)
        assert is_party(right["payee"], payee)
