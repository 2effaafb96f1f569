"""Moves agreed days: weekends to a working day, or all days to the payer's weekly run. Pure
functions.

Many payers pay on one weekday only, whatever days they have agreed on.
"""

import numpy as np

from graph.enrich.columns.column_cache import once
from graph.enrich.columns.grouping import codes
from graph.enrich.columns.payments import Ints, Payments

WAYS = ("kept", "after", "before", "run_after", "run_before")
BACK = {  # the way that moves to the other side
    "kept": "kept", "after": "before", "before": "after",
    "run_after": "run_before", "run_before": "run_after",
}  # fmt: skip
SATURDAY = 2  # 1970-01-01 was a Thursday: (day + 5) % 7 is 0 on a Saturday
NO_RUN = -1
MANY, DAYS = 40, 12  # least payments of a payer, and least days on which it pays, that show a habit
SHARE = 0.8  # least share of its payments on one weekday, which is then the weekday of its runs
MONDAY = 4  # (day - MONDAY) % 7 is 0 on a Monday


@once
def run_weekdays(payments: Payments) -> Ints:
    """Return, for each payment, the weekday on which its payer pays nearly everything in that
    source (0 Monday), or NO_RUN."""
    payer = codes(payments.source, payments.payer)
    size = int(payer.max(initial=-1)) + 1
    weekday = (payments.day - MONDAY) % 7
    counts = np.bincount(payer * 7 + weekday, minlength=size * 7).reshape(size, 7)
    paid = counts.sum(axis=1)
    days = np.bincount(np.unique(np.stack([payer, payments.day]), axis=1)[0], minlength=size)
    is_run = (counts.max(axis=1, initial=0) > SHARE * paid) & (paid >= MANY) & (days >= DAYS)
    return np.asarray(np.where(is_run, counts.argmax(axis=1), NO_RUN)[payer], dtype=np.int64)


def shifted(days: Ints, way: str, run: int = NO_RUN) -> Ints:
    """Return the days, moved in the way `way`.

    "kept": not at all. "after", "before": weekends to the Monday after or the Friday before.
    "run_after", "run_before": all days to the payer's next or previous weekly run, on weekday
    `run`.
    """
    if way == "kept":
        return days
    if way.startswith("run"):
        return _to_runs(days, run, later=way == "run_after")
    into = (days + 5) % 7  # 0 Saturday, 1 Sunday
    by = np.where(into < SATURDAY, 2 - into if way == "after" else -1 - into, 0)
    moved: Ints = days + by
    return moved


def _to_runs(days: Ints, weekday: int, *, later: bool) -> Ints:
    if weekday == NO_RUN:
        return days
    ahead = (weekday - (days - MONDAY)) % 7
    return np.asarray(days + (ahead if later else -((7 - ahead) % 7)), dtype=np.int64)
