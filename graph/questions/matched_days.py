"""Matches the payments of a recurring series in two spans of days that are compared."""

from collections.abc import Sequence
from datetime import date, timedelta

SHIFT = timedelta(days=4)  # by which weekends and holidays move a payment
DAY = timedelta(days=1)
Span = tuple[date, date]


def counted(days: Sequence[date], now: Span, before: Span) -> set[int]:
    """Return the positions of the payments of a series that count in the span `before`.

    These are the payments on its days, and as many as in the span `now` if a payment at an end of
    one of the spans may have moved over that end: by at most SHIFT, one payment at each end.
    `days` are the days of all payments of the series.
    """
    inside = _within(days, *before)
    more = len(_within(days, *now)) - len(inside)
    if more > 0:
        after = _within(days, before[1] + DAY, before[1] + SHIFT)
        early = _within(days, before[0] - SHIFT, before[0] - DAY)
        missed = [
            *(sorted(after)[:1] if _within(days, now[1] - SHIFT, now[1]) else ()),
            *(sorted(early)[-1:] if _within(days, now[0], now[0] + SHIFT) else ()),
        ]
        return inside | set(missed[:more])
    last = _within(days, before[1] - SHIFT, before[1])
    first = _within(days, before[0], before[0] + SHIFT)
    moved = [
        *sorted(last)[-1:],  # the one that matches it is not due yet
        *(sorted(first)[:1] if _within(days, now[0] - SHIFT, now[0] - DAY) else ()),
    ]
    return inside - set(moved[:-more]) if more else inside


def _within(days: Sequence[date], first: date, last: date) -> set[int]:
    return {at for at, day in enumerate(days) if first <= day <= last}
