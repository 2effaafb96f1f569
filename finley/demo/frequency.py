"""Computes the days on which a commitment falls due, and the days on which it really happens."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from random import Random

STEP_DAYS = {"weekly": 7, "fortnightly": 14, "four-weekly": 28}
STEP_MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
FREQUENCIES = (*STEP_DAYS, *STEP_MONTHS)
# With more jitter, neighbouring occurrences of a frequent commitment would change their order.
JITTER_LIMIT = {"weekly": 1, "fortnightly": 2}
DAY = timedelta(days=1)


def dice(seed: int, purpose: str) -> Random:
    """A source of random numbers for this purpose. Equal arguments give the same numbers, and
    drawing more of them does not change those of other purposes."""
    return Random(f"{seed}/{purpose}")  # noqa: S311 - invented books, no secrets


def workday(day: date) -> date:
    """`day`, or the Monday after it if it is at a weekend."""
    return day + DAY * max(0, 7 - day.weekday()) if day.weekday() >= 5 else day


def workday_before(day: date) -> date:
    """`day`, or the Friday before it if it is at a weekend."""
    return day - DAY * max(0, day.weekday() - 4)


def add_months(day: date, months: int, day_of_month: int | None = None) -> date:
    """The same day of the month, `months` later. If that month is shorter, its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    target = day_of_month or day.day
    return date(year, month + 1, min(target, monthrange(year, month + 1)[1]))


def due_days(frequency: str, first: date, months: frozenset[int] | None = None) -> Iterator[date]:
    """Yield the days on which a commitment of this frequency falls due from `first` on, without
    end. With `months`, only the days in these months of the year."""
    count = 0
    while True:
        if frequency in STEP_DAYS:
            day = first + DAY * STEP_DAYS[frequency] * count
        else:
            day = add_months(first, STEP_MONTHS[frequency] * count)
        if months is None or day.month in months:
            yield day
        count += 1


@dataclass(frozen=True)
class Habit:
    """How exactly a commitment keeps its days. `jitter` is in days; `missed`, `shifted` and
    `doubled` are shares of its occurrences."""

    jitter: int = 0
    missed: float = 0.0
    shifted: float = 0.0
    doubled: float = 0.0


@dataclass(frozen=True)
class Occurrence:
    """One occurrence: the agreed day, the real day, and what was unusual."""

    due: date
    day: date
    shifted: bool = False
    doubled: bool = False


def jittered(rng: Random, day: date, jitter: int) -> date:
    """`day` plus or minus at most `jitter` days, mostly less."""
    offset = round(rng.gauss(0, jitter / 2)) if jitter else 0
    return day + DAY * max(-jitter, min(jitter, offset))


def occurrences(
    rng: Random, due: list[date], habit: Habit, span: tuple[date, date]
) -> tuple[list[Occurrence], list[date]]:
    """Return what happened on the `due` days, and the days that were missed. All days are workdays.

    The first two and the last two are never missed, because a missed end cannot be distinguished
    from an end.
    """
    happened: list[Occurrence] = []
    missed: list[date] = []
    for index, day in enumerate(due):
        if 0 < index < len(due) - 2 and rng.random() < habit.missed:
            missed.append(day)
        else:
            happened += _happen(rng, day, habit, span)
    return happened, missed


def _happen(rng: Random, due: date, habit: Habit, span: tuple[date, date]) -> Iterator[Occurrence]:
    shifted = rng.random() < habit.shifted
    late = rng.randint(habit.jitter + 3, habit.jitter + 5) if shifted else 0
    day = within(jittered(rng, due, habit.jitter) + DAY * late, span)
    yield Occurrence(due, day, shifted=shifted)
    if rng.random() < habit.doubled:
        yield Occurrence(due, within(day + DAY * rng.randint(1, 3), span), doubled=True)


def within(day: date, span: tuple[date, date]) -> date:
    """`day`, or the first workday after it if it is a weekend or before the span; for a later day
    the last workday of the span. `span` is the first and the last day."""
    start, end = span
    later = workday(max(day, start))
    return later if later <= end else workday_before(end)


def days_paid(rng: Random, per_month: float, span: tuple[date, date]) -> Iterator[date]:
    """Yield random workdays, about `per_month` per month, with exponential gaps between them (a
    Poisson process)."""
    if per_month <= 0:
        return
    position = rng.expovariate(per_month / 30.4)
    while (day := span[0] + DAY * int(position)) <= span[1]:
        yield within(day, span)
        position += rng.expovariate(per_month / 30.4)


def irregular(rng: Random, count: int, span: tuple[date, date]) -> list[date]:
    """`count` workdays in the span whose intervals have a standard deviation of more than three
    fifths of their mean."""
    while True:
        marks = sorted(rng.sample(range((span[1] - span[0]).days), count))
        gaps = [b - a for a, b in pairwise(marks)]
        mean = sum(gaps) / len(gaps)
        spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
        if spread > 0.6 * mean:
            return [within(span[0] + DAY * mark, span) for mark in marks]
