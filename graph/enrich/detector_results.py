"""The detectors' results for a tenant's books. Each is computed once and shared."""

from functools import cached_property
from uuid import UUID

from graph.enrich import fraud
from graph.enrich.columns import stated_fields
from graph.enrich.columns.payments import Payments, load
from graph.enrich.links import fees, reversals, same_transaction, settlements
from graph.enrich.links.sighting_pairs import Pairs
from graph.enrich.open_bills import Bills
from graph.enrich.series import incremental
from graph.enrich.series.forecast import Course, Todays, courses, todays
from graph.enrich.temporal import this_day


class Findings:
    """The detectors' results for one tenant. Each is computed when it is first read.

    `everything` searches all groups of payments for series, including those unchanged since the
    last search.
    """

    def __init__(self, user_id: UUID, *, everything: bool = False) -> None:
        self.user_id, self.everything = user_id, everything

    @cached_property
    def payments(self) -> Payments:
        return load(self.user_id)

    @cached_property
    def until(self) -> Todays:
        """Return source → the day that counts as today in its books."""
        return todays(self.payments, this_day())

    @cached_property
    def courses(self) -> list[Course]:
        """Return the tenant's series with their occurrences."""
        series = incremental.find(self.user_id, self.payments, everything=self.everything)
        return courses(self.payments, series)

    @cached_property
    def same(self) -> Pairs:
        kinds = stated_fields.load(self.user_id, self.payments)
        return same_transaction.find(self.payments, kinds)

    @cached_property
    def fees(self) -> fees.Fees:
        return fees.find(self.payments)

    @cached_property
    def reversals(self) -> reversals.Reversals:
        return reversals.find(self.payments, self.same, self.fees)

    @cached_property
    def settled(self) -> list[settlements.Settled]:
        return settlements.find(self.payments, self.same, self.fees, self.reversals)

    @cached_property
    def bills(self) -> Bills:
        return Bills.of(self.payments, self.settled, self.reversals, self.same)

    @cached_property
    def duplicates(self) -> list[fraud.Duplicate]:
        columns = fraud.stated(self.user_id, self.payments)
        return fraud.find(self.payments, columns, self.same, self.fees, self.reversals)
