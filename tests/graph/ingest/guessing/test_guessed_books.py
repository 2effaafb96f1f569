"""Whole books of many layouts, guessed and compared with what was written."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from graph.ingest.guessing.guess import GuessError, guess
from graph.ingest.mappings.mapping import AmountRule, KeyRule, PartyRule
from graph.ingest.mappings.ready_formats import ready
from tests.graph.ingest.guessing.test_guess import COUNT, Write, _amount, _day, _party, _rows

Cells = Callable[[int], Sequence[object]]
UNDATED = "apr-jun-2014"
BOOKS: list[tuple[str, list[str], Cells, dict[str, object]]] = [
    (
        "claims",
        ["Employee", "Employee ID", "Expense Date", "Merchant", "Category", "Amount", "Currency"],
        lambda n: ["Jo Doe", "E1", _day(n), _party(n), "Travel", _amount(n), "GBP"],
        {
            "payer": PartyRule("employee", "employee", None, (("employee_id", "employee_id"),)),
            "payee": PartyRule("vendor", "merchant"),
            "currency": None,
        },
    ),
    (
        "claims",
        ["Claimant Name", "Date", "Description", "Total"],
        lambda n: ["Jo Doe", _day(n), "Train", _amount(n)],
        {
            "payer": PartyRule("department", None, "book"),
            "payee": PartyRule("employee", "claimant_name"),
        },
    ),
    (
        "donations",
        ["Donation ID", "Donor Name", "Donor Email", "Date", "Campaign", "Donation Amount", "Fee"],
        lambda n: [n + 1, _party(n), "a@b.c", _day(n), "Roof", f"${_amount(n):,.2f}", "$0.20"],
        {
            "payer": PartyRule("customer", "donor_name", "Anonymous", (("email", "donor_email"),)),
            "payee": PartyRule("project", "campaign", "book"),
            "amount": AmountRule("donation_amount"),
            "currency": "USD",
            "key": KeyRule(("donation_id",), content=True),
        },
    ),
    (
        "ledger",
        ["Body", "Directorate", "Transaction Number", "Date Paid", "Supplier Name", "Supplier ID",
         "Net Amount (£)", "VAT (£)", "Purpose of Spend"],
        lambda n: ["X", "Place", 7000 + n, _day(n, "%d/%m/%Y"), _party(n), n % 5,
                   f"{_amount(n):,.2f}", "1.00", "Stuff"],
        {
            "payer": PartyRule("department", "directorate", "book"),
            "payee": PartyRule("vendor", "supplier_name", None, (("supplier_id", "supplier_id"),)),
            "amount": AmountRule("net_amount"),
            "key": KeyRule(("transaction_number",), content=True),
            "currency": "GBP",
        },
    ),
    (
        "ledger",
        ["Service Label", "Beneficiary Name", "Payment Date", "AMOUNT inc VAT", "Invoice No"],
        lambda n: ["Parks", _party(n), _day(n, "%d-%b-%y"), f"{_amount(n):,.2f}", f"I{n // 2}"],
        {
            "payee": PartyRule("vendor", "beneficiary_name"),
            "amount": AmountRule("amount_inc_vat"),
            "fields": {"document_ref": "invoice_no"},
            "key": KeyRule(content=True),
        },
    ),
    (
        "ledger",
        ["Pmt Dt", "Vendor #", "Vendor", "PO Ref", "Amt", "Curr"],
        lambda n: [_day(n, "%Y%m%d"), f"V{n % 5}", _party(n), f"PO-{n // 3}", _amount(n), "USD"],
        {
            "payee": PartyRule("vendor", "vendor_2", None, (("supplier_id", "vendor_1"),)),
            "amount": AmountRule("amt"),
            "fields": {"document_ref": "po_ref", "currency": "curr"},
            "currency": None,
        },
    ),
    (
        "ledger",
        ["Body Name", "Service Area", "Payment Date", "Transaction No.", "Beneficiary Name", "Sum"],
        lambda n: ["X", "Adults", _day(n), f"T{n // 2}", _party(n), _amount(n)],
        {"key": KeyRule(("transaction_no",), content=True)},
    ),
    (
        "card",
        ["Transaction Date", "Post Date", "Card No.", "Cardholder", "Merchant Name", "Amount"],
        lambda n: [_day(n), _day(n + 1), "1234", "A Smith", _party(n), _amount(n)],
        {
            "payer": PartyRule("employee", "cardholder", "book"),
            "payee": PartyRule("vendor", "merchant_name"),
        },
    ),
    (
        "sales",
        ["*ContactName", "*InvoiceNumber", "*InvoiceDate", "*DueDate", "Total", "Amount Paid"],
        lambda n: [_party(n), f"INV-{n}", _day(n), _day(n + 30), _amount(n), "1.00"],
        {
            "payer": PartyRule("customer", "contactname"),
            "payee": PartyRule("account", None, "book"),
            "amount": AmountRule("total"),
            "fields": {"document_ref": "invoicenumber", "due_on": "duedate"},
            "key": KeyRule(content=True),
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "titles", "cells", "expected"), BOOKS)
def test_books(
    write_table: Write,
    platform: str,
    titles: list[str],
    cells: Cells,
    expected: dict[str, object],
) -> None:
    path = write_table("book.csv", titles, [cells(number) for number in range(COUNT)])
    by = guess(path)
    assert by.platform == platform
    assert {name: getattr(by, name) for name in expected} == expected
    rows = _rows(path, by)
    assert sum(row.amount for row in rows) == sum(_amount(number) for number in range(COUNT))


def test_real_books_are_guessed_right(data: Path) -> None:
    invoices = guess(data / "calderdale" / "invoices_2018-04_2020-03.csv.gz")
    ready_format = ready()["calderdale-invoices"]
    assert (invoices.date.column, invoices.amount.column) == ("date", "net_amount")
    assert (invoices.payer.name, invoices.payee.name) == ("expense_area", "supplier_name")
    assert invoices.publication == ready_format.publication
    assert invoices.key == KeyRule(ready_format.key.columns, content=True)
    with pytest.raises(GuessError, match="a date"):
        guess(data / "oxford" / f"expenditure-over-500-{UNDATED}.csv.gz")
    _oxford_is_guessed_right(data, "*jan-mar-2018*")


@pytest.mark.thorough
def test_each_quarter_of_real_books_is_guessed_right(data: Path) -> None:
    _oxford_is_guessed_right(data, "*")


def _oxford_is_guessed_right(data: Path, quarters: str) -> None:
    paths = [path for path in data.glob(f"oxford/{quarters}.csv.gz") if UNDATED not in path.name]
    assert paths
    for path in paths:
        by = guess(path)
        assert (by.date.column, by.amount.column) == ("paid_date", "amount")
        assert (by.payee.name, by.date.formats) == ("supplier_name", ("%d/%m/%Y",))
        assert by.key == KeyRule(("trans_no",), content=True)
