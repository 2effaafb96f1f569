"""Counts the runs that ended in the last hour, day and week.

A past hour's counts do not change any more, so each process reads them once.
"""

from datetime import UTC, datetime
from threading import Lock

from django.db import connections

from syncjobs import sql
from syncjobs.admin.charts import Chart, Ends

HOUR, STEP = 3_600, 300
DAY_HOURS, WEEK_HOURS = 24, 168
LATE = 900  # seconds after which no transaction that ended a run can still commit
Counts = tuple[int, int, int]


class EndedHours:
    """Counts the runs that ended in each hour of the last week, and remembers the counts of past
    hours. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[int, Counts] = {}
        self._complete = 0  # every hour before this one is counted

    def forget(self) -> None:
        with self._lock:
            self._counts, self._complete = {}, 0

    def read(self, as_of: datetime) -> dict[int, Counts]:
        """Return the counts for the week up to `as_of`: whole hours since the epoch → counts by
        state. Hours without ended runs are left out."""
        now = as_of.timestamp()
        first = int(now // HOUR) - WEEK_HOURS + 1
        with self._lock:
            start = max(first, self._complete)
            counts = {hour: row for hour, row in self._counts.items() if first <= hour < start}
        counts |= _ended(start * HOUR, HOUR)
        over = int((now - LATE) // HOUR)
        with self._lock:
            self._counts = {hour: row for hour, row in counts.items() if hour < over}
            self._complete = over
        return counts


hours = EndedHours()


def charts(as_of: datetime) -> list[Chart]:
    """The charts of the hour, day and week that end at the timestamp."""
    ended = hours.read(as_of)
    hour = int(as_of.timestamp() // HOUR)
    days = range(hour // 24 - 6, hour // 24 + 1)
    return [
        _last_hour(as_of),
        Chart("day", "Last 24 hours, by hour", [_of_hour(ended, hour - 23 + n) for n in range(24)]),
        Chart("week", "Last 7 days, by day (UTC)", [_of_day(ended, day) for day in days]),
    ]


def _last_hour(as_of: datetime) -> Chart:
    last = int(as_of.timestamp() // STEP)
    first = last - HOUR // STEP + 1
    ended = _ended(first * STEP, STEP)
    bars = [
        Ends(f"{_at(nth * STEP):%H:%M}", *ended.get(nth, (0, 0, 0)))
        for nth in range(first, last + 1)
    ]
    return Chart("hour", "Last hour, by 5 minutes", bars)


def _of_hour(ended: dict[int, Counts], hour: int) -> Ends:
    return Ends(f"{_at(hour * HOUR):%a %H:%M}", *ended.get(hour, (0, 0, 0)))


def _of_day(ended: dict[int, Counts], day: int) -> Ends:
    rows = [ended.get(day * 24 + n, (0, 0, 0)) for n in range(24)]
    sums = [sum(column) for column in zip(*rows, strict=True)]
    return Ends(f"{_at(day * 24 * HOUR):%a} {_at(day * 24 * HOUR).day}", *sums)


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _ended(since: int, step: int) -> dict[int, Counts]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql.read("console/ended"), {"since": since, "step": step})
        return {nth: (succeeded, failed, cancelled) for nth, succeeded, failed, cancelled in cursor}
