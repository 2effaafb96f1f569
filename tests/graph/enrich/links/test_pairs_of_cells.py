"""The cells of two sources that are compared, against the obvious loops."""

from itertools import product
from random import Random

import numpy as np
import pytest

from graph.enrich.links import same_transaction
from graph.enrich.links.same_transaction import _Cells, _chunks

Keys = list[tuple[int, int]]  # amount and party of each cell


def cells(keys: Keys) -> _Cells:
    money, party = np.array(keys, dtype=np.int64).reshape(-1, 2).T
    return _Cells(money, party, [np.array([at]) for at in range(len(keys))])


def obvious(ones: Keys, others: Keys) -> list[tuple[int, int]]:
    pairs = []
    for money in sorted({key[0] for key in ones}):
        of_one = [at for at, key in enumerate(ones) if key[0] == money]
        of_other = [at for at, key in enumerate(others) if key[0] == money]
        is_few = len(of_one) * len(of_other) <= same_transaction.PARTIES
        pairs += [
            (one, other)
            for one, other in product(of_one, of_other)
            if is_few or ones[one] == others[other]
        ]
    return pairs


@pytest.mark.parametrize("most", [1, 4, 12, 1000])
@pytest.mark.parametrize("chunk", [1, 20, 10_000])
def test_all_cells_of_an_amount_or_those_of_one_party(most, chunk, monkeypatch):
    monkeypatch.setattr(same_transaction, "PARTIES", most)
    monkeypatch.setattr(same_transaction, "CHUNK", chunk)
    rng = Random(most)
    for size in (0, 1, 5, 40):
        ones, others = (
            sorted({(rng.randrange(6), rng.randrange(9)) for _ in range(size)}) for _ in "12"
        )
        chunks = list(_chunks(cells(ones), cells(others)))
        pairs = [
            pair for one, other in chunks for pair in zip(one.tolist(), other.tolist(), strict=True)
        ]
        assert pairs == obvious(ones, others)
