"""The generic format on books that no format knows."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.ingest.guessing.as_toml import as_toml
from graph.ingest.guessing.describe_mapping import explain
from graph.ingest.guessing.guess import GuessError, guess
from graph.ingest.ledger_rows import LedgerRow, Reject
from graph.ingest.mappings.from_toml import loads
from graph.ingest.mappings.mapping import AmountRule, KeyRule, Mapping, PartyRule
from graph.ingest.mappings.ready_formats import ready
from graph.ingest.rows_from_file import LedgerFileError, read

Write = Callable[..., Path]
PARTIES = ["Acme Ltd", "Bolt & Co", "Café Zoë", "Delta plc", "Eon"]
COUNT = 60


def _day(number: int, form: str = "%Y-%m-%d") -> str:
    return (date(2024, 1, 5) + timedelta(days=number)).strftime(form)


def _amount(number: int) -> Decimal:
    return Decimal(random.Random(number).randrange(100, 400_000)) / 100


def _party(number: int) -> str:
    return PARTIES[number * number % 5]


def _rows(path: Path, by: Mapping) -> list[LedgerRow]:
    results = list(read(path, by))
    assert not [row for row in results if isinstance(row, Reject)]
    return [row for row in results if isinstance(row, LedgerRow)]


def _statement(newest_first: bool = False, sign: int = 1) -> list[list[object]]:
    """Rows of date, party, signed amount, running balance."""
    balance, rows = Decimal(5000), []
    for number in range(COUNT):
        move = _amount(number) * (-1 if number % 3 else 1)
        balance += move
        cells = [_day(number, "%d/%m/%Y"), _party(number), f"{sign * move:,.2f}", f"{balance:,.2f}"]
        rows.append(list[object](cells))
    return rows[::-1] if newest_first else rows


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize(("sign", "positive"), [(1, "payer_receives"), (-1, "payer_pays")])
def test_the_running_balance_tells_the_direction(
    write_table: Write, newest_first: bool, sign: int, positive: str
) -> None:
    rows = _statement(newest_first, sign)
    path = write_table("our_bank.csv", ["Date", "Description", "Amount", "Balance"], rows)
    by = guess(path)
    assert by.platform == "bank"
    assert by.amount == AmountRule("amount", positive=positive)
    assert by.payer == PartyRule("account", None, "our bank")
    assert by.payee == PartyRule("vendor", "description")
    assert by.date.formats == ("%d/%m/%Y",)
    first = _rows(path, by)[-1 if newest_first else 0]
    assert (first.amount, first.payee.name) == (-_amount(0), "Acme Ltd")


def test_paid_in_and_paid_out_below_a_preamble(write: Write) -> None:
    lines = ['"Account Name:","Main"', '"Balance:","£1.00"', "", "Date,Details,Paid out,Paid in"]
    for number in range(COUNT):
        money = f'"£{_amount(number):,.2f}"'
        sides = f"{money}," if number % 2 else f",{money}"
        lines.append(f"{_day(number, '%d %b %Y')},{_party(number)},{sides}")
    path = write("\r\n".join(lines).encode("cp1252"))
    by = guess(path)
    assert (by.file.header_line, by.file.encoding) == (4, "cp1252")
    assert by.amount == AmountRule(None, "paid_out", "paid_in")
    assert by.currency == "GBP"
    assert not any("currency" in note for note in by.notes)
    rows = _rows(path, by)
    assert [row.amount for row in rows[:2]] == [-_amount(0), _amount(1)]


def test_a_continental_statement(write: Write) -> None:
    lines = ["Auftragskonto;Buchungstag;Verwendungszweck;Beguenstigter;IBAN;Betrag;Währung"]
    for number in range(COUNT):
        money = f"{-_amount(number):,.2f}".translate(str.maketrans(",.", ".,"))
        day = _day(number, "%d.%m.%y")
        lines.append(f"DE1;{day};Rechnung;{_party(number)};DE{number};{money};EUR")
    path = write("\n".join(lines))
    by = guess(path)
    assert (by.amount.decimal, by.amount.thousands) == (",", ".")
    assert (by.payer.name, by.payee.name) == ("auftragskonto", "beguenstigter")
    assert by.payer.keys == ()
    row = _rows(path, by)[0]
    assert (row.amount, row.currency, row.payer.name) == (_amount(0), "EUR", "DE1")


def test_month_first_is_told_from_day_first_by_one_value(write_table: Write) -> None:
    days = ["03/04/2024"] * 20
    for last, form in (("03/14/2024", "%m/%d/%Y"), ("14/03/2024", "%d/%m/%Y")):
        rows = [[day, "Acme", "1.50"] for day in [*days, last]]
        by = guess(write_table("book.csv", ["Date", "Supplier", "Amount"], rows))
        assert by.date.formats == (form,)
        assert not any("month first" in note for note in by.notes)


@pytest.mark.parametrize(("money", "form"), [("£1.00", "%d/%m/%Y"), ("$1.00", "%m/%d/%Y")])
def test_dates_that_could_be_either_are_noted(write_table: Write, money: str, form: str) -> None:
    rows = [["03/04/2024", "Acme", money]] * 20
    by = guess(write_table("book.csv", ["Date", "Supplier", "Amount"], rows))
    assert by.date.formats == (form,)
    assert any("could be day or month first" in note for note in by.notes)
    assert any(line.startswith("not sure: every date") for line in explain(by))


def test_marks_that_could_be_either_are_noted(write_table: Write) -> None:
    rows = [[_day(n), "Acme", f"{n + 1}.500"] for n in range(20)]
    by = guess(write_table("book.csv", ["Date", "Supplier", "Amount"], rows))
    assert by.amount.decimal == "."
    assert any("which mark is the decimal one" in note for note in by.notes)


def test_mixed_date_notations_and_excel_serials(write_table: Write) -> None:
    days = [_day(n) if n % 4 else _day(n, "%d %b %Y") for n in range(20)]
    rows = [[day, "Acme", "1.50"] for day in days]
    path = write_table("book.csv", ["Date", "Supplier", "Amount"], rows)
    assert guess(path).date.formats == ("%Y-%m-%d", "%d %b %Y")
    rows = [[str(45_000 + n), "Acme", "1.50"] for n in range(20)]
    path = write_table("book.csv", ["Date", "Supplier", "Amount"], rows)
    assert guess(path).date.formats == ("excel",)


def test_columns_are_found_by_their_values_when_names_fail(write_table: Write) -> None:
    rows = [[_day(n), _party(n), _amount(n)] for n in range(COUNT)]
    by = guess(write_table("book.csv", ["Wann", "Supplier", "Wieviel"], rows))
    assert (by.date.column, by.amount.column) == ("wann", "wieviel")
    assert any("no column is named like a date" in note for note in by.notes)
    assert any("no column is named like an amount" in note for note in by.notes)


def test_files_of_one_layout_are_keyed_by_one_rule(write_table: Write) -> None:
    titles = ["Transaction ID", "Reference", "Date", "Supplier", "Amount"]
    alone = [[n, f"R{n}", _day(n), "Acme", _amount(n)] for n in range(50)]
    keys = {
        guess(write_table("b.csv", titles, rows)).key
        for rows in (alone, [*alone, alone[3]], [[1, "", *row[2:]] for row in alone])
    }
    assert keys == {KeyRule(("transaction_id",), content=True)}


def test_a_reference_is_no_key(write_table: Write) -> None:
    titles = ["Reference", "Cheque number", "Date", "Supplier", "Amount", "Balance"]
    rows = [[f"R{n}", n, _day(n), "Acme", _amount(n), n] for n in range(50)]
    by = guess(write_table("b.csv", titles, rows))
    assert by.key == KeyRule((), content=True, ignore=("balance",))


def test_a_direction_column_beside_unsigned_amounts_decides(write_table: Write) -> None:
    rows = [[_day(n), "Acme", _amount(n), ["Debit", "Credit"][n % 2]] for n in range(20)]
    path = write_table("book.csv", ["Date", "Supplier", "Amount", "Type"], rows)
    assert guess(path).amount.direction == "type"
    assert [row.amount for row in _rows(path, guess(path))[:2]] == [_amount(0), -_amount(1)]


def test_explained(write_table: Write) -> None:
    rows: list[list[object]] = [[n, _day(n), "Acme", _amount(n)] for n in range(COUNT)]
    rows[7][3] = "see note"
    path = write_table("My book.csv", ["ID", "Paid Date", "Supplier", "Net Amount (£)"], rows)
    assert guess(path).title == "My book.csv, guessed as spending: a department pays the vendor"
    assert explain(guess(path)) == [
        "date <- 'Paid Date' (60 of 60 parse: %Y-%m-%d; confidence 1.00)",
        "amount <- 'Net Amount (£)' (59 of 60 parse; confidence 0.99)",
        "direction: positive: the payer pays the payee; confidence 1.00",
        "payer <- department 'My book'",
        "payee <- vendor 'Supplier'",
        "currency <- GBP",
        "records <- payment",
        "key <- 'ID', or the row's content where that is short",
    ]


def test_ready_formats_are_explained_too() -> None:
    assert explain(ready()["oxford"]) == [
        "date <- paid_date (%d/%m/%Y)",
        "amount <- amount, positive: the payer pays the payee",
        "payer <- department organisational_unit",
        "payee <- vendor supplier_name",
        "key <- trans_no",
    ]


def test_one_layout_has_one_source_whatever_the_order(write_table: Write) -> None:
    one = guess(write_table("a.csv", ["Date", "Supplier", "Amount"], [[_day(1), "A Co", "1.00"]]))
    two = guess(write_table("b.csv", ["amount", "date", "supplier"], [["1.00", _day(1), "A Co"]]))
    three = guess(write_table("c.csv", ["amount", "date", "payee"], [["1.00", _day(1), "A Co"]]))
    assert one.source == two.source != three.source


@pytest.mark.parametrize(
    ("titles", "row", "missing"),
    [
        (["Foo", "Supplier", "Amount"], ["x", "Acme", "1.00"], "a date; it has 'Foo', 'Supp"),
        (["Date", "Supplier", "Foo"], ["2024-01-01", "Acme", "x"], "an amount (or a debit and"),
        (["Date", "Foo", "Amount"], ["2024-01-01", "7", "1.00"], "a party (supplier, payee"),
        (["A", "B", "C"], ["x", "y", "z"], "a date nor an amount (or a debit and a credit) nor"),
        (["2024-01-01", "Acme", "1.00"], ["2024-01-01", "Acme", "1.00"], "looks like column names"),
        (["Date", "Supplier", "Amount"], ["", "", ""], "a header and no row"),
    ],
)
def test_what_was_not_found(
    write_table: Write, titles: list[str], row: list[str], missing: str
) -> None:
    path = write_table("odd.csv", titles, [row] * 5)
    with pytest.raises(GuessError) as error:
        guess(path)
    assert missing in str(error.value)
    assert "odd.csv" in str(error.value)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    table=st.lists(
        st.lists(st.sampled_from(["", "x", "Acme", "1.50", "2024-01-01", "Date", "£", "7"]),
                 min_size=3, max_size=3),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_any_table_is_guessed_or_refused(write_table: Write, table: list[list[str]]) -> None:
    path = write_table("any.csv", ["Date", "Supplier", "Amount"], table)
    try:
        by = guess(path)
    except (GuessError, LedgerFileError):
        return
    assert explain(by)
    assert len(list(read(path, by))) <= len(table)


def test_western_files_are_not_read_as_asian_ones(write: Write) -> None:
    text = "Compte;Date;Libellé;Référence;Montant\n01;15/01/2025;VIR ÉPICERIE DU VAL;1;+9,00\n"
    path = write(text.encode("cp1252"))
    assert guess(path).file.encoding == "cp1252"
    assert _rows(path, guess(path))[0].payee.name == "VIR ÉPICERIE DU VAL"


def test_polish_files_of_windows(write: Write) -> None:
    text = "Data operacji;Kwota;Tytuł;Odbiorca\n2025-01-15;-9,00;opłata;Wodociągi Łódź\n"
    path = write(text.encode("cp1250"))
    assert _rows(path, guess(path))[0].payee.name == "Wodociągi Łódź"


@pytest.mark.parametrize(
    ("titles", "records"),
    [
        (["Date", "Description", "Amount", "Balance"], "payment"),
        (["Invoice Date", "Supplier", "Invoice Number", "Amount", "Due Date"], "obligation"),
        (["Date", "Claimant", "Amount", "Expense"], "claim"),
        (["Order Date", "Supplier", "Amount", "Order Number"], "order"),
        (["Date", "Donor", "Amount", "Due Date"], None),
        (["Date", "Employee", "Amount", "Due Date"], None),
        (["Date", "Description", "Amount", "Balance", "Due Date"], "payment"),
        (["Date", "Merchant", "Merchant Category", "Amount", "Due Date"], "payment"),
    ],
)
def test_what_a_row_records(write_table: Write, titles: list[str], records: str | None) -> None:
    cells = {"Amount": "-5.00", "Balance": "7.00"}
    row = [
        cells.get(title, "2025-01-15" if "Date" in title else f"Acme {title}") for title in titles
    ]
    by = guess(write_table("book.csv", titles, [row, row]))
    assert by.records == records


def test_a_row_that_is_due_later_is_an_obligation_though_others_are_payments(
    write_table: Write,
) -> None:
    titles = ["Date", "Donor", "Amount", "Due Date"]
    rows = [["2025-01-15", "Ann Archer", "5.00", due] for due in ("2025-01-15", "2025-02-14", "")]
    path = write_table("pledges.csv", titles, rows)
    by = guess(path)
    assert [row.records for row in _rows(path, by)] == ["payment", "obligation", "payment"]
    again = loads("pledges", as_toml(by))
    assert [row.records for row in _rows(path, again)] == ["payment", "obligation", "payment"]


@pytest.mark.parametrize(
    ("amount", "records"), [("Billing Amount", "payment"), ("Bill Amount", "obligation")]
)
def test_a_billing_amount_is_no_bill(write_table: Write, amount: str, records: str) -> None:
    titles = ["Posting Date", amount, "Merchant", "Reference Number", "Status"]
    rows = [[_day(n), f"{_amount(n)}", _party(n), f"7311{n:06}", "BILLED"] for n in range(COUNT)]
    assert guess(write_table("export.csv", titles, rows)).records == records
