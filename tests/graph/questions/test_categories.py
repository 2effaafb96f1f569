"""Which texts are categories of spending: a column that says so, or a small vocabulary."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from graph.questions.grouped_sums import groups
from graph.questions.spend import MOST_WORDS, payments_of, spend
from graph.view import refresh
from tests.graph import rows

TODAY = datetime(2024, 6, 15, tzinfo=UTC)


@pytest.fixture
def pay(tenant):
    """Pays 10 to Acme, in rows of one source with these texts and columns."""
    office, acme = rows.entity(tenant.id, "Office", "department"), rows.entity(tenant.id, "Acme")

    def paid(source: str, *texts: str, **columns: str) -> None:
        facts = {"source": source, "data": columns, "occurred_at": TODAY}
        for text in texts:
            ends = [
                rows.event(tenant.id, party, amount=amount, description=text, **facts)
                for party, amount in ((office, -10), (acme, 10))
            ]
            rows.relationship(tenant.id, *ends)

    return paid


def categories(tenant) -> dict[str | None, tuple[Decimal, int]]:
    refresh.refresh()
    answer = spend(tenant.id, by="category", today=TODAY.date(), periods=1)
    sums = {
        row["name"]: (row["periods"][0]["amount"], row["periods"][0]["count"])
        for row in answer["results"]
    }
    grouped = groups(tenant.id, {}, "category")
    assert {row["category"]: (row["amount"], row["count"]) for row in grouped} == sums
    return sums


def test_free_texts_are_one_row_with_their_number(tenant, pay):
    pay("bank", *(f"CARD PAYMENT TO SHOP {number}" for number in range(100)))
    assert categories(tenant) == {None: (Decimal(1000), 100)}
    payments = payments_of(tenant.id, (None, None, "GBP"), by="category", today=TODAY.date())
    assert len(payments) == 100


def test_a_small_vocabulary_that_repeats_is_one_of_categories(tenant, pay):
    pay("ledger", *["Travel", "Stationery"] * 3)
    pay("bank", "A text", "Another text", "A text")
    assert categories(tenant) == {
        "Travel": (Decimal(30), 3), "Stationery": (Decimal(30), 3), None: (Decimal(30), 3),
    }  # fmt: skip


def test_a_vocabulary_is_not_larger_than_a_person_reads(tenant, pay):
    pay("ledger", *[f"Kind {number}" for number in range(MOST_WORDS + 1)] * 3)
    assert set(categories(tenant)) == {None}


@pytest.mark.parametrize("title", ["category", "expense_type", "kategorie", "categorie"])
def test_a_column_that_says_so_counts_whatever_the_texts_are(tenant, pay, title):
    pay("card", "SHOP 1", "SHOP 2", **{title: " Food "})
    pay("card", "SHOP 3", **{title: ""})
    assert categories(tenant) == {"Food": (Decimal(20), 2), None: (Decimal(10), 1)}
