"""Measures how well forecasts hold: the last payment of each series is predicted from those
before."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.enrich.columns.payments import Payments
from graph.enrich.series.detect import Series
from graph.enrich.series.forecast import KNOWN, ahead, courses, scales, trials


@dataclass(frozen=True)
class Backtest:
    """The last occurrence of each series, predicted from the earlier ones."""

    coverage: float | None
    amount_coverage: float | None
    median_error_days: float | None
    n: int


def backtest(payments: Payments, series: Sequence[Series]) -> Backtest:
    """Hide the last occurrence of each series, predict it from the earlier ones, and check whether
    its day and amount are within the predicted ranges.

    An occurrence that did not come in the very next slot counts as missed.
    """
    every = [course for course in courses(payments, series) if len(course.slots) > KNOWN]
    calibration = scales([trial for course in every for trial in trials(course, hidden=1)])
    pairs = [(course, ahead(course, calibration, hidden=1)) for course in every]
    forecasts = [(course, one) for course, one in pairs if one is not None]
    if not forecasts:
        return Backtest(None, None, None, 0)
    holds = [one.first <= course.days[-1] <= one.last for course, one in forecasts]
    amounts = [np.exp(course.amounts[-1]) for course, _ in forecasts]
    paid = [one.low <= round(a) <= one.high for a, (_, one) in zip(amounts, forecasts, strict=True)]
    errors = [abs(int(course.days[-1]) - one.day) for course, one in forecasts]
    return Backtest(
        float(np.mean(holds)), float(np.mean(paid)), float(np.median(errors)), len(forecasts)
    )
