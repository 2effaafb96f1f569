"""Periods of the calendar, and the days of two periods that are compared."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

PERIODS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Calendar:
    """The periods up to today. The newest one is complete only if today is its last day.

    `first` is the first day of the books: no period before its month can be compared with. `until`
    is the last day of the books.
    """

    period: str
    today: date
    first: date | None = None
    until: date | None = None

    @property
    def last_month(self) -> int:
        """Return the number of the last month of the books, counted from the year 0."""
        return number_of(min(self.until or self.today, self.today), "month")

    @property
    def newest(self) -> int:
        return number_of(self.today, self.period)

    @property
    def last_day(self) -> date:
        """Return the last day of the newest period that the books cover; today if they end
        before it."""
        end = min(self.until or self.today, self.today)
        return end if number_of(end, self.period) == self.newest else self.today

    @cached_property
    def compared_days(self) -> int | None:
        """Return how many days of the newest period are compared with as many days of earlier
        periods.

        Returns None if the last day ends a month: whole months are compared with whole months,
        because what is paid at a month's end would be missing in one of them otherwise.
        """
        if self.last_day == _last_of_month(self.last_day):
            return None
        first, before = (self._first(self.newest - at) for at in (0, 1))
        return min((self.last_day - first).days + 1, (first - before).days)

    def _first(self, number: int) -> date:
        return first_of_month(number * PERIODS[self.period])

    def is_to_date(self, day: date) -> bool:
        """Return whether the day counts when its period is compared with the newest one."""
        since, until = self.span(number_of(day, self.period), self.newest)
        return since <= day <= until

    def has(self, number: int) -> bool:
        """Return whether the books cover the period with this number from its first month on."""
        first = first_of_month(number * PERIODS[self.period])
        return self.first is not None and self.first.replace(day=1) <= first

    def span(self, number: int, compared: int) -> tuple[date, date]:
        """Return the first and the last day of the period `number` that count in a comparison with
        the period `compared`.

        A period that is compared with today's period has as many days, or as many whole months, as
        today's period has up to the last day of the books.
        """
        first, months = self._first(number), PERIODS[self.period]
        if compared == self.newest:
            if self.compared_days is not None:
                return first, first + timedelta(days=self.compared_days - 1)
            months = (self.last_day.month - 1) % months + 1
        return first, _last_of_month(first_of_month(number * PERIODS[self.period] + months - 1))


def number_of(day: date, period: str) -> int:
    return (day.year * 12 + day.month - 1) // PERIODS[period]


def first_of_month(number: int) -> date:
    """Return the first day of the month with this number, counted from the year 0."""
    return date(number // 12, number % 12 + 1, 1)


def _last_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def label(number: int, period: str) -> str:
    """Return a period's name: 2025-04, 2025-Q2 or 2025."""
    year, at = divmod(number * PERIODS[period], 12)
    if period == "year":
        return f"{year:04d}"
    return f"{year:04d}-Q{at // 3 + 1}" if period == "quarter" else f"{year:04d}-{at + 1:02d}"
