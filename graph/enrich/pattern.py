"""Layer 4, pattern: templates that many series follow, with names for people.

A template is what several series have in common: the kinds of the two parties, the frequency,
whether the amount is fixed, its band, whether the payments state a document number, and the
currency. Its confidence is the mean recurrence score of its series, reduced if they are few by the
rule of succession: (sum of scores + 1) / (series + 2) (P.-S. Laplace, "Essai philosophique sur les
probabilites", 1814).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

import numpy as np

from graph.enrich import temporal
from graph.enrich.columns.payments import UNIT, Payments
from graph.enrich.series.forecast import Course
from graph.enrich.write import patterns as write_patterns
from graph.enrich.write.counts import Counts
from graph.enrich.write.patterns import Shared
from graph.models.enrichment import RelationshipPattern

BANDS = (0, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 100_000)
FIXED = 0.02  # largest spread of log amounts of a fixed amount: rounding, or one small rise
RISES = 0.25  # share of the steps between amounts that may be larger: the price may rise
DIGITS = 4
FREQUENCY_WORDS = {
    "four_weekly": "four-weekly", "thirty_days": "30-day", "two_monthly": "two-monthly",
    "half_yearly": "half-yearly", "twice_monthly": "twice-a-month",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Template:
    """The properties that several series have in common."""

    frequency: str
    payer: str
    payee: str
    currency: str
    band: str
    fixed: bool
    numbered: bool

    @property
    def key(self) -> str:
        amount, number = "fixed" if self.fixed else "varying", "numbered" if self.numbered else ""
        ends = (self.payer, self.payee)
        return "|".join((self.frequency, *ends, self.currency, self.band, amount, number))

    @property
    def name(self) -> str:
        """Return the template's name for people, such as: monthly fixed bill, department to vendor,
        GBP 100-250"""
        what = "bill" if self.numbered else "payment"
        frequency = FREQUENCY_WORDS.get(self.frequency, self.frequency)
        amount = "fixed" if self.fixed else "varying"
        ends = f"{self.payer} to {self.payee}"
        return f"{frequency} {amount} {what}, {ends}, {self.currency} {self.band}"


def enrich(user_id: UUID, payments: Payments, every: Sequence[Course]) -> Counts:
    """Write one row of layer 4 per template and point the series' payments to it. Return the
    numbers of changed rows."""
    rows = patterns(payments, every)
    return write_patterns.write(user_id, "pattern", RelationshipPattern, rows)


def patterns(payments: Payments, courses: Sequence[Course]) -> list[Shared]:
    """Return the templates of these series as rows of the layer, with the payments that point to
    each."""
    alike: dict[Template, list[Course]] = defaultdict(list)
    for course in courses:
        alike[template(payments, course)].append(course)
    return [_shared(payments, shape, alike[shape]) for shape in sorted(alike)]


def template(payments: Payments, course: Course) -> Template:
    """Return the template that the series fits."""
    places = course.series.places
    first = places[0]
    kinds = payments.entities.kind
    return Template(
        course.series.frequency,
        str(kinds[payments.payer[first]]),
        str(kinds[payments.payee[first]]),
        str(payments.currency[first]),
        band(float(np.median(payments.amount[places])) / UNIT),
        is_fixed(course),
        bool((payments.document[places] != "").mean() > 0.5),
    )


def is_fixed(course: Course) -> bool:
    """Return whether the series' amount stays the same between occurrences, except for some
    rises."""
    steps = np.abs(np.diff(course.amounts))
    return bool((steps > FIXED).mean() <= RISES and np.median(steps) <= FIXED / 4)


def band(amount: float) -> str:
    """Return the name of the band that contains the amount. A band contains its lower edge, not its
    upper one."""
    for low, high in pairwise(BANDS):
        if amount < high:
            return f"{low:,}-{high:,}" if low else f"under {high:,}"
    return f"{BANDS[-1]:,} or more"


def _shared(payments: Payments, shape: Template, courses: list[Course]) -> Shared:
    scores = [min(max(course.series.score, 0.0), 1.0) for course in courses]
    places = np.concatenate([course.series.places for course in courses])
    columns = {
        "pattern_name": shape.name,
        "pattern_confidence": round((sum(scores) + 1) / (len(scores) + 2), DIGITS),
        "evidence": {
            "series": len(courses),
            "payments": len(places),
            "mean_recurrence_score": round(sum(scores) / len(scores), DIGITS),
            "median_amount": round(float(np.median(payments.amount[places])) / UNIT, 2),
            "with_document": round(float((payments.document[places] != "").mean()), DIGITS),
            "examples": [temporal.key(payments, course.series) for course in courses[:5]],
        },
    }
    return Shared(shape.key, columns, list(payments.relationship[places]))
