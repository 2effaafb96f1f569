"""beancount and hledger journals: postings, sides, what does not balance."""

from pathlib import Path

import pytest

from graph.ingest.decode import LedgerFileError
from tests.graph.ingest.readers.conftest import Read, read_file

CLAY = ("2025-01-13", "assets:bank", "Clay Barn", "12.50", "EUR")


@pytest.mark.parametrize("name", ["format-journal.beancount", "format-journal.journal"])
def test_the_handed_samples(more: Path, name: str) -> None:
    result = read_file(more / name)
    bank = result.rows[0].payer.name
    assert bank.casefold() == "assets:bank"
    assert result.moved == [
        ("2025-01-13", bank, "Clay Barn", "12.50", "EUR"),
        ("2025-01-14", "Willow Fair", bank, "100.00", "EUR"),
    ]
    assert result.parts[0].name == ("beancount" if name.endswith("t") else "hledger")


@pytest.mark.parametrize(
    "postings",
    [
        "    expenses:pots    12.50 EUR\n    assets:bank\n",
        "    expenses:pots    €12,50\n    assets:bank    €-12,50\n",
        "    expenses:pots  EUR 12.50  ; a comment\n    ; another\n    assets:bank  EUR -12.50\n",
        "    assets:bank  -12.50 EUR = 87.50 EUR\n    expenses:pots\n",
        "    expenses:pots  25 USD @ 0.50 EUR\n    assets:bank  -12.50 EUR\n",
        "    expenses:pots  25 USD @@ 12.50 EUR\n    assets:bank\n",
        "    expenses:pots    12.50 EUR\n    (budget:pots)   -12.50 EUR\n    assets:bank\n",
    ],
)
@pytest.mark.parametrize(
    "head", ["2025-01-13 Clay Barn", "2025/1/13=2025/1/14 * (77) Clay Barn | pots"]
)
def test_amounts_as_people_write_them(read: Read, head: str, postings: str) -> None:
    assert read(f"{head}\n{postings}", "a.journal").moved == [CLAY]


def test_beancount_with_its_directives(read: Read) -> None:
    text = (
        'option "operating_currency" "EUR"\n2024-01-01 open Assets:Bank EUR\n* a heading\n'
        '2025-01-13 * "Clay Barn" "pots" #craft ^RE-5\n  receipt: "a.pdf"\n'
        "  Assets:Bank   -12.50 EUR ; paid\n  ! Expenses:Pots  12.50 EUR\n"
        "2025-01-15 balance Assets:Bank 87.50 EUR\n"
        '2025-01-16 ! "only a narration"\n  Assets:Bank  -5 EUR\n  Expenses:Other\n'
        '2025-01-17 * "Broker" "shares"\n  Assets:Shares  2 ACME {10.00 EUR}\n'
        "  Assets:Bank  -20 EUR\n"
    )
    result = read(text, "a.txt")
    assert result.parts[0].name == "beancount"
    assert [move[1:4] for move in result.moved] == [
        ("Assets:Bank", "Clay Barn", "12.50"),
        ("Assets:Bank", "only a narration", "5.00"),
        ("Assets:Bank", "Assets:Shares", "20.00"),
    ]
    assert [row.records for row in result.rows] == ["payment", "payment", "transfer"]
    assert result.rows[0].document_ref == "RE-5"


class TestSides:
    def read_records(self, read: Read, *postings: str) -> list[tuple[str, str, str, str]]:
        body = "".join(f"  {posting}\n" for posting in postings)
        result = read(f"2025-01-13 Ann\n{body}", "a.journal")
        return [
            (*moved[1:4], row.records) for moved, row in zip(result.moved, result.rows, strict=True)
        ]

    def test_of_split_expenses_are_a_row_each(self, read: Read) -> None:
        rows = self.read_records(read, "expenses:a  5 EUR", "expenses:b  7 EUR", "assets:bank")
        assert rows == [
            ("assets:bank", "Ann", "5.00", "payment"),
            ("assets:bank", "Ann", "7.00", "payment"),
        ]

    def test_of_two_accounts_are_a_transfer(self, read: Read) -> None:
        rows = self.read_records(read, "assets:savings  5 EUR", "assets:bank")
        assert rows == [("assets:bank", "assets:savings", "5.00", "transfer")]

    def test_of_an_opening_balance_are_no_payment(self, read: Read) -> None:
        rows = self.read_records(read, "assets:bank  5 EUR", "equity:opening balances")
        assert rows == [("equity:opening balances", "assets:bank", "5.00", "transfer")]

    def test_of_an_invoice_are_an_obligation_until_it_is_paid(self, read: Read) -> None:
        rows = self.read_records(read, "assets:receivable  5 EUR", "income:sales")
        assert rows == [("Ann", "assets:receivable", "5.00", "obligation")]
        rows = self.read_records(read, "assets:bank  5 EUR", "assets:receivable")
        assert rows == [("Ann", "assets:bank", "5.00", "payment")]

    def test_of_many_accounts_go_through_clearing(self, read: Read) -> None:
        rows = self.read_records(
            read, "assets:bank  -7 EUR", "assets:cash  -5 EUR", "expenses:a  12 EUR"
        )
        assert rows == [
            ("assets:bank", "Clearing: Ann", "7.00", "payment"),
            ("assets:cash", "Clearing: Ann", "5.00", "payment"),
            ("Clearing: Ann", "Ann", "12.00", "payment"),
        ]


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ("2025-01-14 x\n  expenses:a  5 EUR\n  assets:bank  -6 EUR\n", "amount"),
        ("2025-01-14 x\n  expenses:a\n  assets:bank\n", "amount"),
        ("2025-02-30 x\n  expenses:a  5 EUR\n  assets:bank\n", "date"),
        ("2025-01-14 x\n  expenses:a  5\n  assets:bank\n", "currency"),
        ("2025-01-14 x\n  expenses:a  much EUR\n  assets:bank\n", "amount"),
        ("01/14 x\n  expenses:a  5 EUR\n  assets:bank\n", "date"),
    ],
)
def test_a_bad_transaction_costs_itself_alone(read: Read, bad: str, field: str) -> None:
    good = "2025-01-13 Clay Barn\n    expenses:pots    12.50 EUR\n    assets:bank\n"
    result = read(f"{good}\n{bad}\n{good}", "a.journal")
    assert [(reject.line, reject.field) for reject in result.rejects] == [(5, field)]
    assert len({(row.key, row.ordinal) for row in result.rows}) == 2


@pytest.mark.parametrize("bad", ["\0nonsense", "2025-01-1\x004 x"])
def test_a_nul_in_a_bad_line_is_shown_escaped(read: Read, bad: str) -> None:
    result = read(
        f"2025-01-13 Clay Barn\n    expenses:pots    12.50 EUR\n    assets:bank\n\n{bad}\n",
        "a.journal",
    )
    (reject,) = result.rejects
    assert "\0" not in reject.text
    assert "\\x00" in reject.text


def test_what_is_not_read_is_said(read: Read) -> None:
    text = (
        "include other.journal\n~ monthly\n    expenses:rent  5 EUR\n    assets:bank\n"
        "comment\n2025-01-01 none\n  a  5 EUR\nend comment\n"
        "2025-01-13 ! Pending\n  expenses:a  5 EUR\n  assets:bank\n"
        "2025-01-13 Clay Barn\n    expenses:pots    12.50 EUR\n    assets:bank\n"
    )
    result = read(text, "a.journal")
    assert result.moved == [CLAY]
    assert result.warnings == [
        "1 'include' directives are not read", "1 '~' directives are not read",
        "1 pending transactions (!) are not imported",
    ]  # fmt: skip


def test_a_table_is_no_journal(read: Read) -> None:
    result = read("date,supplier,amount\n2025-01-13,Clay,5.00\n2025-01-14,Fair,6.00\n", "a.csv")
    assert result.parts[0].name == "generic"


def test_a_journal_without_transactions_is_refused(read: Read) -> None:
    text = '2025-01-13 open Assets:Bank\n  a: "b"\n'
    with pytest.raises(LedgerFileError, match="no transaction"):
        read(text, "a.beancount")
