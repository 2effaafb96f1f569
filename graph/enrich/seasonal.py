"""Layer 3, seasonal: the months in which a series or a flow is high.

A payment points at its series' season, if that has one. Otherwise it points at the season of the
remaining flow between its two parties in its source and currency. A month without a payment counts
as 0. The first and the last month of the source's books are left out if they are incomplete.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

import numpy as np

from graph.enrich import temporal
from graph.enrich.columns.payments import UNIT, Payments
from graph.enrich.series.activity import Floats
from graph.enrich.series.detect import groups
from graph.enrich.series.forecast import Course, Todays
from graph.enrich.series.periods import Ints, first_of, month_of
from graph.enrich.series.seasonality import LEAST_BUSY, LONGEST, Season, season
from graph.enrich.write import patterns as write_patterns
from graph.enrich.write.counts import Counts
from graph.enrich.write.patterns import Shared
from graph.models.enrichment import SeasonalPattern

DIGITS = 4
RARE = 60.0  # days; a series with a longer period has no season of its own
MERELY_MISSED = 0.8  # least share of kept agreed days; with less, the gaps may be a season


def enrich(user_id: UUID, payments: Payments, every: Sequence[Course], until: Todays) -> Counts:
    """Write one row of layer 3 per season, and point its payments to it. Return the numbers of
    changed rows."""
    seasons = list(patterns(payments, every, until))
    return write_patterns.write(user_id, "seasonal", SeasonalPattern, seasons)


def patterns(payments: Payments, every: Sequence[Course], until: Todays) -> Iterator[Shared]:
    """Yield the seasons of series, then those of the other payments between the same two parties.

    A quarterly or yearly payment is high in its months because of its frequency. That is not a
    season.
    """
    spans = _spans(payments, until)
    is_explained = np.zeros(len(payments), dtype=bool)
    for course in every:
        places = course.series.places
        often = course.series.fit.grid.frequency.period < RARE
        strongest = _of_series(payments, course, spans) if often else None
        is_explained[places] |= strongest is not None or not often
        if strongest:
            name = f"series|{temporal.key(payments, course.series)}"
            yield _shared(payments, name, places, strongest)
    for places in groups(payments):
        rest = places[~is_explained[places]]
        strongest = _of_flow(payments, rest, spans) if len(rest) >= LEAST_BUSY else None
        if strongest:
            yield _shared(payments, f"flow|{_flow(payments, rest)}", rest, strongest)


def _spans(payments: Payments, until: Todays) -> dict[str, tuple[int, int]]:
    """Return source → (first month, month after the last): the whole months of the source's
    books up to its today. Months count from January 1970."""
    spans = {}
    for source in dict.fromkeys(payments.source):
        days = payments.day[(payments.source == source) & (payments.day <= until[source])]
        if len(days):
            months = month_of(np.asarray([days.min(), days.max()]))
            spans[source] = _whole(months, days)
    return spans


CUT = 7  # days; books that begin or end this close to a month's edge contain the whole month


def _whole(months: Ints, days: Ints) -> tuple[int, int]:
    first, last = (int(month) for month in months)
    begins, ends = int(days.min() - first_of(months)[0]), int(first_of(months + 1)[1] - days.max())
    first += begins > CUT
    last -= ends > CUT + 1
    return max(first, last + 1 - LONGEST), last + 1


Spans = dict[str, tuple[int, int]]


def _of_series(payments: Payments, course: Course, spans: Spans) -> Season | None:
    """Return the season of a series, or None.

    A payment of a monthly series counts in the month that its occurrence belongs to, however early
    or late it comes, and missed months are unknown. Other series count in the months of their
    payments.
    """
    frequency = course.series.fit.grid.frequency
    whole = len(course.slots) >= MERELY_MISSED * course.series.fit.expected
    if frequency.name != "monthly" or not whole:
        return _of_flow(payments, course.series.places, spans)
    return season(np.exp(course.amounts) / UNIT, month_of(course.habit.expected(course.slots)))


def _of_flow(payments: Payments, places: Ints, spans: Spans) -> Season | None:
    source = payments.source[places[0]]
    if source not in spans:
        return None
    first, after = spans[source]
    months = month_of(payments.day[places])
    inside = (months >= first) & (months < after)
    if inside.sum() < LEAST_BUSY:
        return None
    # The payments may have begun or ended within the books. Then only their own months count, in
    # whole years.
    first, after = _months_of_payments(months[inside], first, after)
    totals = _totals(payments, places[inside], months[inside], first, after)
    return season(totals, np.arange(first, after))


def _months_of_payments(months: Ints, first: int, after: int) -> tuple[int, int]:
    """Return (first month, month after the last) of the books, without the whole years before
    the first payment or after the last."""
    before = (int(months.min()) - first) // 12 * 12
    behind = (after - 1 - int(months.max())) // 12 * 12
    return first + before, after - behind


def _totals(payments: Payments, places: Ints, months: Ints, first: int, after: int) -> Floats:
    totals: Floats = np.bincount(
        months - first, payments.amount[places] / UNIT, minlength=after - first
    )
    return totals


def _flow(payments: Payments, places: Ints) -> str:
    first = places[0]
    ends = (str(payments.entities.id[payments.payer[first]]),
            str(payments.entities.id[payments.payee[first]]))  # fmt: skip
    return "|".join((payments.source[first], *ends, payments.currency[first]))


def _shared(payments: Payments, name: str, places: Ints, strongest: Season) -> Shared:
    columns = {
        "seasonal_strength": round(strongest.strength, DIGITS),
        "seasonal_months": list(strongest.months),
        "evidence": {
            "share_of_mean_by_month": [round(share, DIGITS) for share in strongest.by_month],
            "months_seen": strongest.seen,
            "chance_in_noise": float(f"{strongest.chance:.3g}"),
            "payments": len(places),
            "currency": str(payments.currency[places[0]]),
        },
    }
    return Shared(name, columns, list(payments.relationship[places]))
