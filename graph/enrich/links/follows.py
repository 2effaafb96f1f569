"""Links each occurrence of a series to the one before it.

The link goes from the later payment's posting to the earlier one's, on the counterparty's account.
Its confidence is the series' (`Series.score`, in hundredths, so that small changes do not change
links). If a slot was paid in several rows, the last one represents it, and the other rows are not
linked.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from uuid import UUID

from graph.enrich.columns.payments import Payments
from graph.enrich.series.forecast import Course
from graph.enrich.write.counts import Counts
from graph.enrich.write.write_links import Link, write

METHOD = "series"


def enrich(user_id: UUID, payments: Payments, every: Sequence[Course]) -> Counts:
    """Write the tenant's follows links for these series, and return the numbers of changed
    links."""
    return write(user_id, METHOD, links(payments, every))


def links(payments: Payments, every: Sequence[Course]) -> Iterator[Link]:
    """Yield one link from each occurrence of a series to the one before it."""
    for course in every:
        sure = round(min(max(course.series.score, 0.0), 1.0), 2)
        occurrences = zip(course.slots.tolist(), course.last.tolist(), strict=True)
        for (before, earlier), (slot, later) in pairwise(occurrences):
            reason = _reason(payments, course, later, earlier, missed=slot - before - 1)
            ends = (payments.payee_event[later], payments.payee_event[earlier])
            yield Link(*ends, "follows", sure, reason)


def _reason(payments: Payments, course: Course, later: int, earlier: int, *, missed: int) -> str:
    frequency = course.series.frequency.replace("_", "-")
    days = payments.day[later] - payments.day[earlier]
    gap = f", {missed} missed between them" if missed else ""
    return (
        f"row {payments.external_id[later]} of {payments.source[later]} is next after row "
        f"{payments.external_id[earlier]} in a {frequency} series, {days} days later{gap}"
    )
