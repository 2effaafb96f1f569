"""Days on which hardly any bank of Europe or Britain works. A payment due on one comes before or
after it.

They are the closing days of T2, the euro's payment system (European Central Bank, "TARGET Services
calendar": New Year's Day, Good Friday, Easter Monday, 1 May, 25 and 26 December), and the bank
holidays of England and Wales (Banking and Financial Dealings Act 1971: the first and the last
Monday of May, the last Monday of August, and a weekday for each holiday at a weekend). Easter: J.
Meeus, "Astronomical Algorithms", 2nd ed. (1998), ch. 8.
"""

from datetime import date, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from graph.enrich.series.periods import Ints

EPOCH = date(1970, 1, 1)
SATURDAY = 5  # as in date.weekday()


def are_closed(days: Ints) -> NDArray[np.bool_]:
    """Return one boolean per day: whether it is at a weekend or one of these holidays. Days
    count from 1970-01-01."""
    return np.array([_is_closed(EPOCH + timedelta(days=day)) for day in days.tolist()], dtype=bool)


def _is_closed(day: date) -> bool:
    return day.weekday() >= SATURDAY or day in _holidays(day.year)


@cache
def _holidays(year: int) -> frozenset[date]:
    sunday = _easter(year)
    fixed = [date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)]
    mondays = [_monday(date(year, 5, 1)), _monday(date(year, 5, 25)), _monday(date(year, 8, 25))]
    moved = {sunday - timedelta(days=2), sunday + timedelta(days=1), date(year, 5, 1), *mondays}
    for day in fixed:
        while day.weekday() >= SATURDAY or day in moved:
            day += timedelta(days=1)  # noqa: PLW2901 - the substitute for it
        moved.add(day)
    return frozenset(moved)


def _easter(year: int) -> date:
    """Return Easter Sunday of a Gregorian year. The variables have the letters of Meeus."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    r = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * r) // 451
    month, day = divmod(h + r - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _monday(day: date) -> date:
    """Return the first Monday on or after the day."""
    return day + timedelta(days=-day.weekday() % 7)
