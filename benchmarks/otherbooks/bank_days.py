"""Days as banks in England count them: holidays, working days, quarter days."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import count

DAY = timedelta(days=1)
QUARTER_DAYS = ((3, 25), (6, 24), (9, 29), (12, 25))
STEPS = {"weekly": 7, "fortnightly": 14, "four-weekly": 28}


@cache
def holidays(year: int) -> frozenset[date]:
    """The bank holidays of the year that the books take into account: New Year, the first Monday in
    May, the last one in August, and 25 to 27 December."""
    may = next(date(year, 5, day) for day in range(1, 8) if date(year, 5, day).weekday() == 0)
    august = next(date(year, 8, d) for d in range(31, 24, -1) if date(year, 8, d).weekday() == 0)
    return frozenset(
        {date(year, 1, 1), may, august, *(date(year, 12, day) for day in (25, 26, 27))}
    )


def works(day: date) -> bool:
    """Whether banks work on that day."""
    return day.weekday() < 5 and day not in holidays(day.year)


def following(day: date) -> date:
    """`day`, or the first working day after it."""
    while not works(day):
        day += DAY
    return day


def preceding(day: date) -> date:
    """`day`, or the last working day before it."""
    while not works(day):
        day -= DAY
    return day


def agreed(schedule: str, start: date) -> Iterator[date]:
    """Yield the days from `start` on, without end, on which a payment with this schedule falls due.

    The schedules: weekly:W, fortnightly:W and four-weekly:W (W is the weekday, Monday 0), monthly:D
    (day of the month), monthly:last (the last working day), quarterly:days (quarter days),
    quarterly:D (day D of the months of VAT), yearly:M-D.
    """
    frequency, _, when = schedule.partition(":")
    if frequency in STEPS:
        first = start + DAY * ((int(when) - start.weekday()) % 7)
        yield from (first + DAY * STEPS[frequency] * n for n in count())
        return
    for year in count(start.year):
        yield from (day for day in _of_year(frequency, when, year) if day >= start)


def _of_year(frequency: str, when: str, year: int) -> list[date]:
    if frequency == "yearly":
        return [date(year, *(int(part) for part in when.split("-")))]
    if when == "days":
        return [date(year, month, day) for month, day in QUARTER_DAYS]
    if when == "last":
        return [preceding(date(year, m, monthrange(year, m)[1])) for m in range(1, 13)]
    months = range(1, 13) if frequency == "monthly" else (2, 5, 8, 11)
    return [date(year, month, min(int(when), monthrange(year, month)[1])) for month in months]


def frequency_of(schedule: str) -> str:
    """The name of the schedule's frequency."""
    return schedule.partition(":")[0]
