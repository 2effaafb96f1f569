"""Builds small books from a few lines per payment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from graph.enrich.columns.payments import UNIT, Entities, Payments

EPOCH = date(1970, 1, 1)
PARTIES = ("Office", "Landlord", "Depot", "Grocer", *(f"Vendor {n}" for n in range(4, 100)))
KINDS = ("department", "vendor", "department", *["vendor"] * 97)


@dataclass(frozen=True)
class Paid:
    """One payment. Payer and payee are positions in PARTIES."""

    day: int
    amount: float = 100.0
    description: str = ""
    payer: int = 0
    payee: int = 1
    source: str = "books"
    currency: str = "GBP"
    document: str = ""


def number(day: date) -> int:
    return (day - EPOCH).days


def monthly(first: date, count: int, **values: Any) -> list[Paid]:
    """`count` payments on the same day of each month from `first` on, whatever the weekday.
    `values` are fields of Paid."""
    months = [first.year * 12 + first.month - 1 + at for at in range(count)]
    return [Paid(number(date(m // 12, m % 12 + 1, first.day)), **values) for m in months]


def every(step: int, first: date, count: int, **values: Any) -> list[Paid]:
    days = [first + timedelta(days=step * at) for at in range(count)]
    return [Paid(number(day), **values) for day in days]


def payments(paid: Iterable[Paid]) -> Payments:
    rows = sorted(paid, key=lambda row: (row.day, row.source))
    keys = [str(at) for at in range(len(rows))]

    def texts(values: Iterable[str]) -> np.ndarray[Any, Any]:
        return np.array(list(values), dtype=object)

    def numbers(values: Iterable[float]) -> np.ndarray[Any, Any]:
        return np.array(list(values), dtype=np.int64)

    return Payments(
        relationship=texts(f"r{key}" for key in keys),
        payer=numbers(row.payer for row in rows),
        payee=numbers(row.payee for row in rows),
        amount=numbers(round(row.amount * UNIT) for row in rows),
        currency=texts(row.currency for row in rows),
        day=numbers(row.day for row in rows),
        precision=texts("day" for _ in rows),
        source=texts(row.source for row in rows),
        platform=texts("ledger" for _ in rows),
        external_id=texts(keys),
        document=texts(row.document for row in rows),
        transaction=texts(f"books {key}" for key in keys),
        description=texts(row.description for row in rows),
        due_day=numbers(-1 for _ in rows),
        payer_event=texts(f"p{key}" for key in keys),
        payee_event=texts(f"e{key}" for key in keys),
        entities=Entities(
            id=texts(f"n{at}" for at in range(len(PARTIES))),
            kind=texts(KINDS),
            name=texts(PARTIES),
            keys=[{} for _ in PARTIES],
        ),
    )


def columns(day: np.ndarray[Any, Any], amount: np.ndarray[Any, Any]) -> Payments:
    """Payments between one pair of parties, as columns. `day` has the days as numbers, `amount` the
    amounts in 1/10,000 of the currency's unit."""
    one = payments([Paid(0)])
    count = len(day)
    fields = {
        name: np.full(count, getattr(one, name)[0])
        for name in one.__dataclass_fields__
        if name not in ("entities", "apart", "timestamp", "records")
    }
    keys = np.array([f"{at:06d}" for at in range(count)], dtype=object)
    fields |= {"day": np.sort(day), "amount": amount, "external_id": keys, "relationship": keys}
    return Payments(**fields, entities=one.entities)


def shuffled(books: Payments, seed: int) -> Payments:
    """A copy of the books in which the days of each source are exchanged at random among its
    payments."""
    rng = np.random.default_rng(seed)
    day = books.day.copy()
    for source in sorted(set(books.source)):
        places = np.flatnonzero(books.source == source)
        day[places] = rng.permutation(day[places])
    order = np.argsort(day, kind="stable")
    left = ("entities", "apart", "day", "timestamp", "records")
    names = [name for name in books.__dataclass_fields__ if name not in left]
    return replace(books, day=day[order], **{name: getattr(books, name)[order] for name in names})


def amounts(books: Payments, places: Sequence[int]) -> list[float]:
    return [int(books.amount[at]) / UNIT for at in places]
