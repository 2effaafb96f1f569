"""Series are searched for again only where something changed, and nobody could tell."""

from datetime import date

import numpy as np
import pytest

from graph.enrich.series import detect, incremental
from graph.models import SearchedGroup
from tests.graph import rows
from tests.graph.enrich.small_books import Paid, every, monthly, number, payments

RENT = monthly(date(2022, 1, 3), 24, amount=900)
REPAIRS = monthly(date(2022, 1, 17), 24, amount=55, description="repairs")
GROCER = every(7, date(2022, 1, 5), 80, amount=31, payer=2, payee=3)
DAYS = np.random.default_rng(5).integers(0, 700, 12)
NOISE = [Paid(number(date(2022, 1, 1)) + int(day), 3 * 2.0**at) for at, day in enumerate(DAYS)]


@pytest.fixture
def asked(monkeypatch):
    """The sets that were really fitted since it was last cleared."""
    calls: list[object] = []
    real = detect.best

    def best(asked, *rest):
        calls.extend(asked)
        return real(asked, *rest)

    monkeypatch.setattr(detect, "best", best)
    return calls


def same(some, others) -> bool:
    def facts(one):
        return (
            one.places.tolist(), one.slots.tolist(), one.main.tolist(), one.ordinal, one.fit.grid,
            one.fit.width, one.fit.hits.tolist(), one.fit.slots.tolist(),
            one.fit.offsets.tolist(), one.fit.odds, one.fit.kept,
        )  # fmt: skip

    return [facts(one) for one in some] == [facts(one) for one in others]


def test_the_second_search_finds_the_same_and_fits_nothing(committed, asked):
    tenant, books = rows.tenant_id(), payments([*RENT, *REPAIRS, *GROCER, *NOISE])
    first = incremental.find(tenant, books)
    assert len(first) == 3
    assert same(first, detect.find(books))
    asked.clear()
    assert same(incremental.find(tenant, books), first)
    assert asked == []


def test_only_the_group_that_changed_is_fitted(committed, asked):
    tenant = rows.tenant_id()
    incremental.find(tenant, payments([*RENT, *REPAIRS, *GROCER, *NOISE]))
    whole = len(asked)
    asked.clear()
    more = [*RENT, *REPAIRS, *GROCER, *NOISE, Paid(GROCER[-1].day + 7, 31, payer=2, payee=3)]
    series = incremental.find(tenant, payments(more))
    assert 0 < len(asked) < whole / 4
    assert sorted(len(one.places) for one in series) == [24, 24, 81]


def test_everything_is_searched_when_asked_for(committed, asked):
    tenant, books = rows.tenant_id(), payments(RENT)
    incremental.find(tenant, books)
    whole = len(asked)
    incremental.find(tenant, books, everything=True)
    assert len(asked) == 2 * whole


def test_another_method_knows_nothing_of_the_last_one(committed, asked, monkeypatch):
    tenant, books = rows.tenant_id(), payments(RENT)
    incremental.find(tenant, books)
    whole = len(asked)
    monkeypatch.setattr(incremental, "_method", lambda: b"a better one")
    incremental.find(tenant, books)
    assert len(asked) == 2 * whole
    assert SearchedGroup.objects.using("owner").count() == 1


def test_what_is_gone_is_forgotten_and_tenants_are_apart(committed, asked):
    one, other = rows.tenant_id(), rows.tenant_id()
    incremental.find(one, payments(RENT))
    incremental.find(other, payments(RENT))
    assert SearchedGroup.objects.using("owner").count() == 2
    incremental.find(one, payments([]))
    (remaining,) = SearchedGroup.objects.using("owner").all()
    assert remaining.user_id == other
