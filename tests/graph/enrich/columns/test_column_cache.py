"""Columns of payments with inserted rows, beside those of the same payments read anew."""

from dataclasses import fields, replace
from random import Random

import numpy as np
import pytest

from graph.enrich.columns import numbers
from graph.enrich.columns.column_cache import by_row
from graph.enrich.columns.grouping import inserted
from graph.enrich.columns.payments import Extended, Payments, fixed
from graph.enrich.links import references
from tests.graph.enrich.small_books import Paid, payments

DOCUMENTS = ("", "INV-0017", "inv 17", "2024-01-31", "PF 369/A", "PF00000369", "various")
TEXTS = ("", "pays INV-0017 and PF 369/A", "refund of 20241 31", "permit number 424", "20240131")


def some(rng: Random, count: int) -> Payments:
    return payments(
        Paid(
            rng.randrange(40),
            rng.choice([100.0, 12.5]),
            rng.choice(TEXTS),
            source=rng.choice(["books", "bank"]),
            document=rng.choice(DOCUMENTS),
        )
        for _ in range(count)
    )


def extended(old: Payments, new: Payments, before: np.ndarray) -> tuple[Extended, Payments]:
    """The two as a check makes them, and the same rows as if they were read."""
    names = [one.name for one in fields(Payments) if one.name not in ("entities", "apart")]
    columns = {name: getattr(old, name) for name in names if getattr(old, name) is not None}
    read = {name: np.insert(values, before, getattr(new, name)) for name, values in columns.items()}
    texts = {
        name: inserted(fixed(values), before, getattr(new, name))
        for name, values in columns.items()
        if values.dtype == object
    }
    both = vars(old) | read | texts
    return Extended(**both, old=old, new=new, before=before), replace(old, **read)


@pytest.mark.parametrize("seed", range(20))
def test_inserted_rows_give_what_reading_all_rows_gives(seed):
    rng = Random(seed)
    old, new = some(rng, rng.choice([0, 1, 60])), some(rng, 15)
    before = np.sort([rng.randrange(len(old) + 1) for _ in range(len(new))]).astype(np.int64)
    with_new, read = extended(old, new, before)
    for column in (numbers.of_documents, numbers.named, numbers.have_digits):
        assert column(with_new).tolist() == column(read).tolist()
        assert not column(with_new).flags.writeable
    for ours, theirs in zip(
        vars(numbers.mentions(with_new)).values(),
        vars(numbers.mentions(read)).values(),
        strict=True,
    ):
        assert ours.tolist() == theirs.tolist()
    one, other = np.divmod(np.arange(len(read) ** 2), len(read))
    shares = [bool(set(a) & set(b)) for a in numbers.named(read) for b in numbers.named(read)]
    assert numbers.index(with_new).share(one, other).tolist() == shares
    assert references.find(with_new) == references.find(read)


def test_only_inserted_rows_are_computed():
    lengths: list[int] = []

    @by_row
    def column(of: Payments) -> list[object]:
        lengths.append(len(of))
        return list(of.document)

    rng = Random(1)
    old, new = some(rng, 60), some(rng, 2)
    for _ in range(2):
        column(extended(old, new, np.array([0, 60]))[0])
    assert sorted(lengths) == [2, 2, 60]
