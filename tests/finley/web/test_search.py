"""Payments found by words of their text, by amount and by day; a tenant finds its own."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from finley.web import search_text
from graph.models import RawEvent
from graph.questions.rows import found_rows
from graph.view import refresh
from tests.finley.web.conftest import text_of
from tests.graph import rows


def with_words(user, text: str) -> list:
    return found_rows.find(user, found_rows.Wanted(text)).words


TEXT = "SEPA CREDIT REF INV-2041 ACME"


def paid(user, amount, text: str, **values):
    """A payment with this text, as a statement has it."""
    bank, customer = rows.entity(user, f"Bank {text}", "account"), rows.entity(user, f"Who {text}")
    when = values.pop("occurred_at", datetime(2024, 3, 9, tzinfo=UTC))
    ends = [
        rows.event(user, who, amount=much, description=text, occurred_at=when, **values)
        for who, much in ((customer, -amount), (bank, amount))
    ]
    return rows.relationship(user, *ends).id


@pytest.mark.parametrize(
    "text",
    ["INV-2041", "inv2041", "INV 2041", "2041", "acme sepa", "inv/2041", "INV-204"],
)
def test_a_payment_is_found_by_the_words_of_its_text(tenant, other_tenant, text):
    one = paid(tenant.id, 300, TEXT)
    paid(tenant.id, 300, "SEPA CREDIT REF INV-77 MILLER")
    paid(other_tenant.id, 300, TEXT)
    assert with_words(tenant.id, text) == [one]


@pytest.mark.parametrize(
    "text", ["041", "INV-20410", "2041 miller", "%", "_", "\\", "", "...", "("]
)
def test_what_is_not_in_the_text_is_not_found(tenant, text):
    paid(tenant.id, 300, TEXT)
    assert with_words(tenant.id, text) == []


@pytest.mark.parametrize(
    ("stored", "text"),
    [("Rechnung INV2041", "INV-2041"), ("M\xdcLLER GMBH", "m\xfcller"), ("R-120.50/7", "120.50"),
     ("100% wool", "100% wool"), ("a.b", "a b")],
)  # fmt: skip
def test_case_and_punctuation_do_not_matter(tenant, stored, text):
    one = paid(tenant.id, 1, stored)
    assert with_words(tenant.id, text) == [one]


def test_a_number_is_not_taken_apart(tenant):
    paid(tenant.id, 1, "REF 12050")
    assert with_words(tenant.id, "120.50") == []


def test_the_newest_come_first_and_both_signs_of_an_amount(tenant):
    first, last = (
        paid(tenant.id, amount, f"rent {month}", occurred_at=datetime(2024, month, 1, tzinfo=UTC))
        for amount, month in ((Decimal("1234.50"), 1), (Decimal("-1234.50"), 2))
    )
    wanted = found_rows.Wanted("rent", [Decimal("1234.5")], [(date(2024, 1, 1), date(2024, 1, 1))])
    found = found_rows.find(tenant.id, wanted)
    assert (found.words, found.amount, found.day) == ([last, first], [last, first], [first])
    assert found_rows.find(tenant.id, wanted, most=1).words == [last]
    nothing = found_rows.Wanted("", [Decimal("1234.51")], [(date(2024, 1, 2), date(2024, 1, 31))])
    assert found_rows.find(tenant.id, nothing) == found_rows.Found()


def test_a_row_is_found_by_its_number_in_the_books(tenant):
    one = paid(tenant.id, 300, TEXT)
    RawEvent.objects.using("owner").filter(user_id=tenant.id).update(transaction_ref="9-77/a")
    assert with_words(tenant.id, "9-77/a") == [one]
    assert with_words(tenant.id, "9-77") == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,234.50", ["1234.5"]),
        ("1.234,50", ["1234.5"]),
        ("1.260", ["1260", "1.260"]),
        ("acme", []),
    ],
)
def test_a_text_is_read_as_amounts(text, values):
    assert search_text.amounts(text) == [Decimal(value) for value in values]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("2024-03-09", ["2024-03-09/2024-03-09"]),
        ("9 Mar 2024", ["2024-03-09/2024-03-09"]),
        ("09.03.2024", ["2024-03-09/2024-03-09"]),
        ("March 9, 2024", ["2024-03-09/2024-03-09"]),
        ("9. M\xe4rz 2024", []),
        ("03/04/2024", ["2024-04-03/2024-04-03", "2024-03-04/2024-03-04"]),
        ("Feb 2024", ["2024-02-01/2024-02-29"]),
        ("2024-02", ["2024-02-01/2024-02-29"]),
        ("99/99/2024", []),
        ("0001-01-01", []),
    ],
)
def test_a_text_is_read_as_days(text, spans):
    read = ["/".join(map(date.isoformat, span)) for span in search_text.days(text)]
    assert read == spans


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("INV-2041", "Payments and invoices with “INV-2041”"),
        ("1.234,50", "over exactly this amount"),
        ("9 Mar 2024", "Payments and invoices of 9 Mar 2024"),
        ("Mar 2024", "Payments and invoices of Mar 2024"),
    ],
)
def test_the_page_shows_it_under_what_was_meant(client, tenant, text, heading):
    one = paid(tenant.id, Decimal("1234.50"), TEXT)
    refresh.refresh()
    section = text_of(client.get("/search/", {"q": text})).split(heading)[1]
    assert f"/payments/{one}/" in section.split("</section>")[0]


def test_all_rows_that_a_search_finds_are_a_list_with_a_file(client, tenant, monkeypatch):
    monkeypatch.setattr("finley.web.search.SHOWN", 2)
    for number in range(3):
        paid(tenant.id, 7, f"rent {number}")
    refresh.refresh()
    for way, text in (("words", "rent"), ("amount", "7.00")):
        page = text_of(client.get("/search/", {"q": text}))
        assert f"/search/rows/?q={text}&amp;way={way}" in page
        listed = client.get("/search/rows/", {"q": text, "way": way})
        assert "3 rows" in text_of(listed)
        sheet = client.get("/search/rows/", {"q": text, "way": way, "format": "csv"})
        assert len(sheet.content.decode("utf-8-sig").splitlines()) == 4
    assert client.get("/search/rows/?q=rent&way=x").status_code == 400
