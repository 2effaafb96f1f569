"""Joins column titles that stand in two rows of a sheet, the upper ones merged over several
columns."""

import re
from collections.abc import Sequence

TOP = 40  # rows of a sheet in which titles are looked for
_DIGITS = re.compile(r"[0-9]{2}|[0-9][.,/-]")  # of an amount or a date, which no title is
Row = Sequence[str]


def joined(rows: list[Row]) -> list[Row]:
    """Return the rows, with two rows of titles made one: the lower has all titles, the upper is
    blank.

    "Amount" over "Debit" and "Credit" becomes "Amount Debit" and "Amount Credit". Two rows are
    titles if each has cells where the other is blank, and if they hold no numbers.
    """
    for at in range(len(rows) - 1):
        upper, lower = rows[at], rows[at + 1]
        if _are_titles(upper, lower):
            titles = _titles(upper, lower)
            return [*rows[:at], [""] * len(upper), titles, *rows[at + 2 :]]
    return rows


def _are_titles(upper: Row, lower: Row) -> bool:
    if any(_DIGITS.search(cell) for cell in (*upper, *lower)):
        return False
    pairs = list(zip(upper, lower, strict=True))
    alone = sum(bool(above) and not below for above, below in pairs)
    spanned = [at for at, (above, below) in enumerate(pairs) if below and not above]
    groups = [at for at, (above, below) in enumerate(pairs) if above and below]
    starts = [at for at in groups if at + 1 in spanned]
    return alone >= 2 and len(spanned) > 0 and groups == starts and _follow(spanned, groups)


def _follow(spanned: list[int], groups: list[int]) -> bool:
    """Return whether each position in `spanned` (a title without a title above it) comes right
    after a position of `groups` or another one in `spanned`."""
    known = set(groups)
    for at in spanned:
        if at - 1 not in known:
            return False
        known.add(at)
    return True


def _titles(upper: Row, lower: Row) -> list[str]:
    titles, group = [], ""
    for above, below in zip(upper, lower, strict=True):
        group = above or (group if below else "")
        titles.append(f"{group} {below}".strip())
    return titles
