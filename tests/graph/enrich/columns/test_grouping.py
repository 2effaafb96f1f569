"""Codes of rows that agree, beside what a dictionary of tuples says."""

from random import Random

import numpy as np
import pytest

from graph.enrich.columns.grouping import (
    are,
    code_by_text,
    codes,
    codes_of_texts,
    having,
    inserted,
    ranks,
    unlike,
)
from graph.enrich.columns.payments import fixed

BIG = 9 * 10**15  # the greatest amount, in 1/10,000


@pytest.fixture(params=range(12))
def rows(request):
    rng = Random(request.param)
    return [
        (
            rng.choice(["", "a", "b"]), rng.randrange(-2, 3),
            rng.choice([0, 1, BIG, BIG - 1, -BIG]), rng.choice([0, BIG]), rng.random() < 0.5,
        )
        for _ in range(request.param**2)
    ]  # fmt: skip


def columns(rows):
    texts = np.array([row[0] for row in rows], dtype=object)
    numbers = (np.array([row[at] for row in rows], dtype=np.int64) for at in (1, 2, 3))
    return texts, *numbers, np.array([row[4] for row in rows], dtype=bool)


def test_rows_that_agree_have_one_code_in_the_order_of_their_first_rows(rows):
    place = {row: at for at, row in enumerate(dict.fromkeys(rows))}
    texts, *others = columns(rows)
    assert codes(texts, *others).tolist() == [place[row] for row in rows]
    assert codes(fixed(texts), *others).tolist() == [place[row] for row in rows]
    assert codes(texts).tolist() == codes(texts.copy()).tolist()


def test_how_many_unlike_values_a_code_has_and_which_rows_share_it(rows):
    texts, numbers, *_, flags = columns(rows)
    code = codes(texts)
    values = {text: {row[1] for row in rows if row[0] == text} for text, *_ in rows}
    assert unlike(code, numbers)[code].tolist() == [len(values[row[0]]) for row in rows]
    flagged = {row[0] for row in rows if row[4]}
    assert having(code, flags).tolist() == [row[0] in flagged for row in rows]


@pytest.mark.parametrize("is_fixed", [True, False])
def test_codes_of_a_column_with_inserted_texts_are_those_of_a_new_column(rows, is_fixed):
    rng = Random(len(rows))
    old, *_ = columns(rows)
    before = np.array(sorted(rng.randrange(len(rows) + 1) for _ in range(9)), dtype=np.int64)
    new = np.array([rng.choice(["", "a", "new", "newer"]) for _ in before], dtype=object)
    column = inserted(fixed(old) if is_fixed else old, before, new)
    plain = np.insert(old, before, new)
    assert column.tolist() == plain.tolist()
    assert codes(column).tolist() == codes(plain).tolist()
    assert not column.flags.writeable
    number_of = code_by_text(column)
    assert [number_of[text] for text in plain.tolist()] == codes_of_texts(column).tolist()
    for some in (column, plain):
        assert are(some, "a", "newer", "none").tolist() == [t in ("a", "newer") for t in plain]
        assert ranks(some).tolist() == [sorted(set(plain)).index(text) for text in plain]
