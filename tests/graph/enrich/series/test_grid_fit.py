"""Fits of many sets at once against the obvious way of fitting one, every grid of it."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graph.enrich.series import candidate_grids
from graph.enrich.series.activity import Activity, Others
from graph.enrich.series.best_run import runs
from graph.enrich.series.candidate_grids import KEEPING
from graph.enrich.series.day_sets import FitRequest
from graph.enrich.series.grid_fit import best
from graph.enrich.series.periods import FREQUENCIES, Grid
from tests.oracle import fitting as slowly

SURE = 3.0  # low enough that much is found
START = 19_000


@st.composite
def days(draw):
    """A rhythm with slips and gaps, and noise; or noise alone."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    frequency = draw(st.sampled_from(FREQUENCIES))
    slots = draw(st.integers(0, 24 if frequency.period < 40 else 7))
    jitter, share = draw(st.integers(0, 3)), draw(st.sampled_from([1.0, 0.9, 0.6]))
    grid = Grid(frequency, int(rng.integers(frequency.cycle)))
    first = int(START // frequency.period) if not frequency.monthly else 624 // frequency.step
    agreed = grid.agreed(first + np.flatnonzero(rng.random(slots) < share))
    noise = START + rng.integers(0, 700, draw(st.integers(0, 12)))
    both = np.concatenate((agreed + rng.integers(-jitter, jitter + 1, len(agreed)), noise))
    return np.sort(both), rng


@settings(max_examples=settings.default.max_examples // 4)  # every grid is fitted twice
@given(st.lists(days(), min_size=1, max_size=4), st.booleans())
def test_many_at_once_are_fitted_as_one_alone(drawn, in_runs):
    groups = [days_ for days_, _ in drawn if len(days_)]
    assume(groups)
    rng = drawn[0][1]
    everybody = np.concatenate([*groups, START + rng.integers(0, 800, 40)])
    activity = Activity.of(np.sort(everybody), in_runs=in_runs)
    requests = []
    for at, days_ in enumerate(groups):
        distinct = np.unique(days_)
        requests.append(FitRequest(distinct, rng.normal(4, 0.05, len(distinct)), at, 0.7 * at))
    with pytest.MonkeyPatch.context() as patch:  # the bounds are held against all books elsewhere
        patch.setattr(candidate_grids, "_bound", lambda *args: np.full(len(args[1]), np.inf))
        patch.setattr(candidate_grids, "of_runs", lambda _, some: np.full(len(some), np.inf))
        fits = best(requests, Others(groups, [activity] * len(groups)), SURE)
    for fit, one, own in zip(fits, requests, groups, strict=True):
        around = slowly.Around(everybody, own, in_runs=in_runs)
        expected = slowly.best(one.days, one.amounts, around, one.price, SURE)
        assert (fit is None) == (expected is None)
        if fit is not None:
            assert fit.odds == pytest.approx(expected[-1], abs=1e-6)
            actual = (fit.grid.frequency.name, fit.grid.phase, fit.width, fit.hits.tolist())
            assert actual == expected[:-1]


@given(st.data())
def test_runs_are_the_best_of_all(data):
    lists = data.draw(st.lists(st.lists(st.integers(-6, 6), min_size=1, max_size=9), min_size=1))
    gaps = [data.draw(st.lists(st.integers(1, 3), min_size=len(x), max_size=len(x))) for x in lists]
    begin = np.cumsum([0, *map(len, lists)])
    slots = np.concatenate([np.cumsum(gap) for gap in gaps])
    gains = np.concatenate([np.array(gains_, dtype=float) for gains_ in lists])
    for h, (first, end) in zip(KEEPING, runs(gains, slots, begin, KEEPING), strict=True):
        for at, each in enumerate(lists):
            mine = slots[begin[at] : begin[at + 1]]

            def worth(a, b, each=each, mine=mine, h=h):
                empty = mine[b - 1] - mine[a] + 1 - (b - a)
                return sum(each[a:b]) + (b - a) * np.log(h) + empty * np.log(1 - h)

            every = [worth(a, b) for b in range(1, len(each) + 1) for a in range(b)]
            assert worth(first[at], end[at]) == pytest.approx(max(every), abs=1e-9)
