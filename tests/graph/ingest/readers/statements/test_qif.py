"""QIF: what it states, and what must be stated beside it."""

from typing import Literal

import pytest

from graph.ingest.decode import LedgerFileError
from graph.ingest.readers.parts import Hints
from tests.graph.ingest.readers.conftest import Read

EURO = Hints(currency="EUR")
BANK = (
    "!Type:Bank\nD13/01/2025\nT-1,234.50\nPClay Barn\nMpots\nN77\n^\n"
    "D14/01/2025\nT100.00\nPWillow Fair\n^\n"
)


def test_a_statement(read: Read) -> None:
    result = read(BANK, "bank_2025-01.qif", EURO)
    assert result.parts[0].doubts == ()
    assert result.moved == [
        ("2025-01-13", "bank", "Clay Barn", "1234.50", "EUR"),
        ("2025-01-14", "Willow Fair", "bank", "100.00", "EUR"),
    ]
    assert result.rows[0].data["check_number"] == "77"
    assert [row.line for row in result.rows] == [2, 8]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1/13/2025", "2025-01-13"), ("1/13/25", "2025-01-13"), ("1/13'25", "2025-01-13"),
        (" 1/13' 5", "2005-01-13"), ("13.01.2025", "2025-01-13"), ("2025-01-13", "2025-01-13"),
        ("13-1-25", "2025-01-13"), ("12/31/99", "1999-12-31"),
    ],
)  # fmt: skip
def test_dates_as_programs_write_them(read: Read, text: str, day: str) -> None:
    [row] = read(f"!Type:Bank\nD{text}\nT-1.00\nPClay\n^\n", "a.qif", EURO).rows
    assert f"{row.occurred_at:%Y-%m-%d}" == day


class TestWhatMustBeStated:
    def test_is_the_order_of_day_and_month(self, read: Read) -> None:
        text = "!Type:Bank\nD03/04/2025\nT-1.00\nPClay\n^\n"
        assert "--date-order" in read(text, "a.qif", EURO).parts[0].doubts[0].text
        expected: dict[Literal["day", "month"], str] = {"day": "2025-04-03", "month": "2025-03-04"}
        for order, day in expected.items():
            result = read(text, "a.qif", Hints(order, "EUR"))
            assert result.parts[0].doubts == ()
            assert result.moved[0][0] == day

    def test_is_the_currency(self, read: Read) -> None:
        assert "--currency" in read(BANK, "a.qif").parts[0].doubts[0].text


def test_decimal_commas(read: Read) -> None:
    text = "!Type:Bank\nD13.01.2025\nT-1.234,50\nPClay\n^\n"
    assert read(text, "a.qif", EURO).moved[0][3] == "1234.50"


def test_accounts_lists_splits_and_transfers(read: Read) -> None:
    text = (
        "!Option:AutoSwitch\n!Account\nNSavings\nTBank\n^\n!Type:Bank\nD13/01/2025\nT-5.00\n"
        "L[Current]\n^\n!Type:Cat\nNFood\nE\n^\n!Account\nNCard\nTCCard\n^\n!Type:CCard\n"
        "D14/01/2025\nT-9.00\nPShop\nSFood\n$-4.00\nSHome\n$-5.00\n^\n"
    )
    result = read(text, "all.qif", EURO)
    assert [move[1:4] for move in result.moved] == [
        ("Savings", "Current", "5.00"),
        ("Card", "Shop", "9.00"),
    ]
    assert [row.records for row in result.rows] == ["transfer", "payment"]
    assert result.rows[0].payee.kind == "account"
    assert result.rows[1].data["splits"] == "Food -4.00; Home -5.00"


def test_equal_coffees_stay_two(read: Read) -> None:
    coffee = "D13/01/2025\nT-3.50\nPKiosk\n^\n"
    result = read("!Type:Bank\n" + coffee * 2, "a.qif", EURO)
    assert [row.ordinal for row in result.rows] == [1, 2]
    assert len({row.key for row in result.rows}) == 1


@pytest.mark.parametrize(
    ("record", "field"),
    [("D31/02/2025\nT-1\nPx\n^\n", "D"),
     ("D13/01/2025\nTmuch\n^\n", "T"), ("D13/01/2025\n^\n", "T"),
     ("T5.00\nPx\n^\n", "D")],
)  # fmt: skip
def test_a_bad_record_costs_itself_alone(read: Read, record: str, field: str) -> None:
    result = read(BANK + record, "a.qif", EURO)
    assert [(reject.line, reject.field) for reject in result.rejects] == [(12, field)]
    assert len(result.rows) == 2


def test_investments_are_rejected(read: Read) -> None:
    result = read("!Type:Invst\nD13/01/2025\nNBuy\nYShares\nT500.00\n^\n", "a.qif", EURO)
    assert "'invst' is no payment" in result.rejects[0].reason


def test_a_record_without_an_end_is_refused(read: Read) -> None:
    with pytest.raises(LedgerFileError, match="cut off"):
        read(BANK[:-2], "a.qif", EURO)
