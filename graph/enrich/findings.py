"""All links and duplicates of a tenant, found once: each detector gets what others have found."""

from functools import cached_property
from uuid import UUID

from graph.enrich import (
    duplicates,
    fees,
    fields,
    references,
    reversals,
    same_transaction,
    settlements,
)
from graph.enrich.counts import Counts
from graph.enrich.payments import Payments


class Findings:
    """Each is computed when it is first asked for."""

    def __init__(self, user_id: UUID, payments: Payments) -> None:
        self.user_id, self.payments = user_id, payments

    @cached_property
    def same(self) -> same_transaction.Pairs:
        kinds = fields.load(self.user_id, self.payments)
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
    def duplicates(self) -> list[duplicates.Duplicate]:
        stated = duplicates.stated(self.user_id, self.payments)
        return duplicates.find(self.payments, stated, self.same, self.fees, self.reversals)


def enrich(user_id: UUID, payments: Payments) -> dict[str, Counts]:
    """Every kind of link and the duplicates, by name; each in a transaction of its own."""
    found = Findings(user_id, payments)
    return {
        "same_transaction": same_transaction.enrich(user_id, payments, found.same),
        "fee_of": fees.enrich(user_id, payments, found.fees),
        "reversal": reversals.enrich(user_id, payments, found.reversals),
        "settles": settlements.enrich(user_id, payments, found.settled),
        "reference": references.enrich(user_id, payments),
        "fraud": duplicates.enrich(user_id, payments, found.duplicates),
    }
