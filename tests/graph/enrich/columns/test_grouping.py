"""Codes of rows that agree, beside what a dictionary of tuples says."""

from random import Random

import numpy as np
import pytest

from graph.enrich.columns.grouping import codes, having, unlike
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
