"""Series are searched for again only where the result could be another, and the result is that of a
search of everything."""

from dataclasses import replace
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


def test_a_group_is_searched_again_if_its_rows_or_the_activity_of_its_fit_changed(committed, asked):
    """The two groups of the first source have no fit and a fit. The grocer's source is another."""
    tenant = rows.tenant_id()
    noise, grocer = ([replace(paid, **of) for paid in some] for some, of in (
        (NOISE, {"payee": 4}), (GROCER, {"source": "till"})))  # fmt: skip
    incremental.find(tenant, payments([*RENT, *noise, *grocer]))
    more = [*RENT, *noise, *grocer, Paid(grocer[-1].day + 7, 31, payer=2, payee=3, source="till")]
    asked.clear()
    series = incremental.find(tenant, payments(more))
    assert {len(request.days) for request in asked} == {81}
    assert sorted(len(one.places) for one in series) == [24, 81]
    asked.clear()
    more.append(Paid(RENT[5].day + 1, 70, payer=2, payee=3))
    incremental.find(tenant, payments(more))
    assert max(len(request.days) for request in asked) == 24  # the rent's fit, but not the noise


@pytest.mark.parametrize("seed", range(3))
def test_any_history_ends_as_one_search_of_the_last_books(committed, seed):
    """Payments are added, changed and taken out in turn. After each change the result is the same,
    to the last digit, as that of a tenant whose books were never searched before."""
    rng, tenant = np.random.default_rng(seed), rows.tenant_id()
    books = [*RENT[:20], *REPAIRS, *GROCER[:60], *_wages(rng), *_bursts(rng)]
    for change in ("none", "more", "other", "fewer", "more"):
        books = _changed(rng, books, change)
        current = payments(books)
        assert same(incremental.find(tenant, current), incremental.find(rows.tenant_id(), current))


def _changed(rng: np.random.Generator, books: list[Paid], change: str) -> list[Paid]:
    at = rng.integers(0, len(books), 4).tolist()
    if change == "fewer":
        return [paid for place, paid in enumerate(books) if place not in at]
    if change == "other":
        return [replace(paid, day=paid.day + 3 * (place in at)) for place, paid in enumerate(books)]
    last = max(paid.day for paid in books)
    next_month = [replace(books[place], day=last + int(rng.integers(1, 31))) for place in at]
    return [*books, *next_month] if change == "more" else books


def _wages(rng: np.random.Generator) -> list[Paid]:
    """Payments of one wording to many parties on about the same days of each month."""
    return [
        paid
        for payee in range(10, 20)
        for paid in monthly(date(2022, 1, int(rng.integers(26, 29))), 14, amount=900 + payee,
                            description="wages", payee=payee)
    ]  # fmt: skip


def _bursts(rng: np.random.Generator) -> list[Paid]:
    """Payments to parties that are paid on random days, in two sources."""
    first = number(date(2022, 1, 1))
    return [
        Paid(first + int(day), float(rng.choice((20, 35, 35.5, 80))), payee=payee, source=source)
        for payee, source in ((30, "books"), (31, "books"), (32, "card"), (33, "card"))
        for day in rng.integers(0, 500, 14)
    ]


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
