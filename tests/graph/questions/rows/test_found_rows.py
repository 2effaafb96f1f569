"""Payments found by words of their text, by amount and by day; a tenant finds its own."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from graph.models import RawEvent
from graph.questions import relationships
from graph.questions.rows import found_rows, search_text
from graph.view import refresh
from tests.graph import rows
from tests.graph.rows import paid

TEXT = "SEPA CREDIT REF INV-2041 ACME"


def with_words(user, text: str) -> list:
    return found_rows.find(user, found_rows.Wanted(text)).words


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


def test_a_text_is_a_filter_beside_others_and_every_page_of_it_is_the_list(
    tenant, other_tenant, monkeypatch
):
    ids = [
        paid(tenant.id, amount, f"RENT {amount}", occurred_at=datetime(2024, 3, amount, tzinfo=UTC))
        for amount in range(1, 8)
    ]
    paid(tenant.id, 3, "WAGES")
    paid(other_tenant.id, 3, "RENT 3")
    refresh.refresh()

    def listed(**filters) -> list:
        results, after = [], None
        while True:
            page, after = relationships.relationships(tenant.id, filters, most=2, after=after)
            results += [row["id"] for row in page]
            if after is None:
                return results

    for at_once in (1_000, 3):
        monkeypatch.setattr(relationships, "AT_ONCE", at_once)
        assert listed(text="rent") == ids[::-1]
        assert listed(text="rent", min_amount=5) == ids[:3:-1]
    assert listed(text="3.00", text_as="words") == []
    assert ids[2] in listed(text="3.00", text_as="amount")
    assert listed(text="2024-03-05") == listed(text="2024-03-05", text_as="day") == [ids[4]]
    assert [row["count"] for row in relationships.sums(tenant.id, {"text": "rent"})] == [7]


def test_a_list_does_not_end_at_rows_that_are_no_payments(tenant, monkeypatch):
    monkeypatch.setattr(found_rows, "NEWEST", 1)
    one = paid(tenant.id, 1, "RENT")
    late = datetime(2024, 5, 1, tzinfo=UTC)
    for _ in range(3):
        rows.event(tenant.id, description="RENT", occurred_at=late)
    assert found_rows.find(tenant.id, found_rows.read("rent"), most=1).words == [one]
