"""Decides whether dates have the day or the month first, for a column that could have both."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import exp

from graph.ingest.guessing.profile import Column, dates
from graph.ingest.guessing.sample import Sample
from graph.ingest.guessing.title_scores import unnumbered
from graph.ingest.parse_cells import timestamp

DAY, MONTH = False, True


@dataclass(frozen=True, slots=True)
class Order:
    """The order of day and month: its formats, its confidence (0.5 to 1), and whether the other
    order fits every date, too."""

    formats: tuple[str, ...]
    confidence: float
    ambiguous: bool
    month_first: bool
    why: str = ""


def order_of(sample: Sample, column: Column, currency: str | None, forced: str = "") -> Order:
    """Return the order that the rows, the other columns of dates and the currency suggest.

    `forced` ("day" or "month") decides instead.
    """
    if forced:
        formats = dates(column.values, forced == "month", forced=True).formats
        return Order(formats, 1.0, False, forced == "month")
    plain = dates(column.values, month_first=False)
    if not plain.unsure:
        month = any(form.startswith("%m") for form in plain.formats)
        return Order(plain.formats, 1.0, False, month)
    votes = list(_votes(sample, column, currency))
    total = sum(weight for weight, _ in votes)
    month_first = total > 0
    confidence = 1 / (1 + exp(-abs(total)))
    why = "; ".join(text for weight, text in votes if weight and (weight > 0) == month_first)
    formats = dates(column.values, month_first).formats
    return Order(formats, confidence, True, month_first, why)


def rival_date(sample: Sample, column: Column) -> Column | None:
    """Return another date column with the same name, another number and other days, or None.

    "Date 1" and "Date 2" are such columns.
    """
    for other in sample.columns:
        alike = unnumbered(other.title) == unnumbered(column.title)
        if not alike or other.title == column.title or not other.is_date:
            continue
        if sum(row[other.at] != row[column.at] for row in sample.table) * 2 > sample.rows:
            return other
    return None


def _votes(sample: Sample, column: Column, currency: str | None) -> Iterator[tuple[float, str]]:
    """Yield (weight, reason). A weight above zero speaks for month first, one below zero for day
    first."""
    for other in sample.columns:
        if other is column or not other.is_date:
            continue
        if not other.dates.unsure and _is_spelled_alike(other, column):
            month = any(form.startswith("%m") for form in other.dates.formats)
            yield (6.0 if month else -6.0), f"{other.title!r} is so"
        elif other.dates.unsure:
            yield _gap(sample, column, other), f"{other.title!r} is then a few days away"
    by_day, by_month = _timestamps(column, DAY), _timestamps(column, MONTH)
    yield _constant(column), "the month hardly changes then"
    yield 2.5 * (_sorted(by_month) - _sorted(by_day)), "the rows are in order then"
    late = datetime.now(UTC) + timedelta(days=2)
    future = any(at > late for at in by_day) - any(at > late for at in by_month)
    yield 3.0 * future, "no date is in the future then"
    if sample.language:
        yield -3.0, "the column names are not English"
    if currency:
        yield (1.2 if currency == "USD" else -1.2), f"the currency is {currency}"


def _is_spelled_alike(one: Column, other: Column) -> bool:
    return len(one.values[0]) == len(other.values[0]) and "/" in one.values[0] + other.values[0]


def _timestamps(column: Column, month_first: bool) -> list[datetime]:
    formats = dates(column.values, month_first).formats
    return [at for at in (_timestamp(v, formats) for v in column.values) if at]


def _timestamp(text: str, formats: tuple[str, ...]) -> datetime | None:
    try:
        return timestamp(text, formats).at
    except ValueError:
        return None


def _constant(column: Column) -> float:
    """Return the weight of the evidence that one part of the dates, day or month, has fewer values
    than the other: that part is the month.

    A weight above zero speaks for month first, one below zero for day first.
    """
    timestamps = _timestamps(column, DAY)
    days, months = len({at.day for at in timestamps}), len({at.month for at in timestamps})
    if len(timestamps) < 3 or days == months:
        return 0.0
    if min(days, months) == 1:
        if _is_monthly([at.month if days < months else at.day for at in timestamps]):
            return 0.0  # the rent of 1 February, 1 March, 1 April
        return 2.5 if days < months else -2.5
    return 1.0 if days < months else -1.0


def _is_monthly(parts: list[int]) -> bool:
    """Return whether the numbers go up or down by one from row to row, as months do."""
    return {abs(two - one) for one, two in pairwise(parts)} == {1}


def _sorted(timestamps: list[datetime]) -> bool:
    steps = [two - one for one, two in pairwise(timestamps)]
    zero = timedelta()
    ordered = all(step >= zero for step in steps) or all(step <= zero for step in steps)
    return len(timestamps) > 2 and ordered


def _gap(sample: Sample, one: Column, other: Column) -> float:
    gaps = {}
    for month_first in (DAY, MONTH):
        formats = [dates(c.values, month_first).formats for c in (one, other)]
        pairs = ((_timestamp(r[one.at], formats[0]), _timestamp(r[other.at], formats[1]))
                 for r in sample.table)  # fmt: skip
        days = [abs((two - first).days) for first, two in pairs if first and two]
        gaps[month_first] = sum(days) / len(days) if days else 0.0
    if abs(gaps[DAY] - gaps[MONTH]) < 7:
        return 0.0
    return 3.0 if gaps[MONTH] < gaps[DAY] else -3.0
