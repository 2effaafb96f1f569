"""Accounts of a ledger: which way a debit goes, and who says so."""

from decimal import Decimal
from pathlib import Path

import pytest

from graph.ingest.guessing.guess import GuessError, guess
from graph.ingest.guessing.reading_options import NONE, Choices
from graph.ingest.ledger_rows import LedgerRow
from graph.ingest.rows_from_file import read

ROWS = """Date,Details,Debit,Credit
2025-03-13,Alder Works,100.00,
2025-03-14,Ink Co,,30.00
2025-03-17,Moss Kiosk,,12.50
"""
BALANCED = """Date,Details,Debit,Credit,Balance
2025-03-13,Alder Works,100.00,,100.00
2025-03-14,Ink Co,,30.00,70.00
2025-03-17,Moss Kiosk,,12.50,57.50
"""


def written(folder: Path, above: str, text: str) -> Path:
    path = folder / "extract.csv"
    path.write_text(f"{above}\n\n{text}", encoding="utf-8")
    return path


def first_amount(path: Path, direction: str) -> Decimal:
    """What the first row takes from our account; below zero where it comes in."""
    by = guess(path, choices=Choices(direction=direction) if direction else NONE)
    row = next(row for row in read(path, by) if isinstance(row, LedgerRow))
    assert row.payer.kind == "account"
    return row.amount


@pytest.mark.parametrize(
    ("above", "text", "asks"),
    [
        ("Statement", ROWS, False),
        ("Nominal ledger 1200", ROWS, True),
        ("Account 4930 Stationery", BALANCED, True),
        ("Account 1200 Bank", BALANCED, False),
    ],
)
def test_asked_about_unless_it_holds_money(
    tmp_path: Path, above: str, text: str, asks: bool
) -> None:
    by = guess(written(tmp_path, above, text))
    assert any(d.blocking and d.topic == "direction" for d in by.doubts) == asks


@pytest.mark.parametrize("text", [ROWS, BALANCED])
def test_the_direction_decides_what_a_debit_is(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, "Nominal ledger", text)
    assert (first_amount(path, "out"), first_amount(path, "in")) == (100, -100)


def test_one_suppliers_account_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GuessError, match="one supplier's or customer's account"):
        guess(written(tmp_path, "Supplier account;Ink Co", BALANCED))
