"""Recognises value days, the days from which bookings bear interest. Some files state no other
day."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

APART = timedelta(days=10)  # the most between a booking's day and its value day
_VALUE = re.compile(r"valut|valeur|valor|value_d|wertstell|rentedat|rantedat|interest_date")
_DATE = re.compile(r"date|datum|dato\b|fecha|data\b|bokfor|buchung(?:stag)?\b|booked|posted|time")
_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y",
            "%Y%m%d", "%Y/%m/%d", "%d-%m-%Y", "%d %b %Y")  # fmt: skip


def is_value_dated(data: dict[str, str]) -> bool:
    """Return whether a table's row has a value day and no other day. `data` has its columns by
    name."""
    if "format" in data:
        return False
    dates = [name for name in data if _VALUE.search(name) or _DATE.search(name)]
    return bool(dates) and all(_VALUE.search(name) for name in dates)


def value_day(data: dict[str, str], day: date) -> date | None:
    """Return the value day that the row states besides its own `day`, at most APART days from it,
    or None.

    If a date can be read in two ways, the day nearest to `day` counts.
    """
    days = [
        stated
        for name, text in data.items()
        if _VALUE.search(name)
        for stated in _days(text)
        if abs(stated - day) <= APART
    ]
    return min(days, key=lambda stated: abs(stated - day), default=None)


def _days(text: str) -> Iterator[date]:
    for form in _FORMATS:
        try:
            yield datetime.strptime(text[:11].strip(), form).date()  # noqa: DTZ007 - a day alone
        except ValueError:
            continue
