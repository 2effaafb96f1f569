"""Chooses the runs of days that payments pay, so that as many as possible follow each other."""

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.payments import Ints


def chained(
    choices: list[list[tuple[int, int]]], bounds: int
) -> list[tuple[int, tuple[int, int], bool]]:
    """Choose runs for the payments, at most one each. Return (payment's position, run, whether it
    is linked).

    `choices` has the runs that each payment could pay, as (first, last) numbers of days below
    `bounds`. No runs overlap, and a later payment has a later run. As many runs as possible begin
    where the one before ended. The method is dynamic programming over the days.
    """
    steps: list[tuple[int, tuple[int, int], int]] = []  # payment, run, the step before
    exact = np.full(bounds, -1, dtype=np.int64)  # the step that ends at the bound
    worth = np.zeros(bounds)
    for at, runs in enumerate(choices):
        coming = [(run, *_best_step_before(run[0], exact, worth)) for run in runs]
        for run, before, score in coming:
            if score > worth[run[1]] or exact[run[1]] < 0:
                steps.append((at, run, before))
                exact[run[1]], worth[run[1]] = len(steps) - 1, score
    return _traced(steps, int(exact[worth.argmax()])) if steps else []


def _best_step_before(first: int, exact: Ints, worth: NDArray[np.float64]) -> tuple[int, float]:
    """Return (step, score) of the best earlier step before a run that begins at `first`.

    A step that ends exactly at `first` adds 1 to its score, an earlier one 0.1. The step is -1 if
    there is none.
    """
    earlier = int(worth[: first + 1].argmax())
    if exact[first] >= 0 and worth[first] + 1 >= worth[earlier] + 0.1:
        return int(exact[first]), float(worth[first]) + 1
    return int(exact[earlier]), float(worth[earlier]) + 0.1


def _traced(
    steps: list[tuple[int, tuple[int, int], int]], at: int
) -> list[tuple[int, tuple[int, int], bool]]:
    path: list[tuple[int, tuple[int, int]]] = []
    while at >= 0:
        payment, run, at = steps[at]
        path.append((payment, run))
    path.reverse()
    ends, starts = {run[1] for _, run in path}, {run[0] for _, run in path}
    return [(payment, run, run[0] in ends or run[1] in starts) for payment, run in path]
