"""Lists the bills that were due before the books end and are not wholly paid."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from finley.demo.truth import Ref, Settlement, Unpaid


class Bill(NamedTuple):
    """A bill that is to be paid by `due`."""

    row: Ref
    party: str
    due: date


def unpaid(bills: Iterable[Bill], settles: Iterable[Settlement], end: date) -> list[Unpaid]:
    """The bills due by the books' last day that no complete settlement has, the earliest first."""
    paid = {invoice for one in settles if one.complete for invoice in one.invoices}
    late = (bill for bill in bills if bill.due <= end and bill.row not in paid)
    return [Unpaid(*bill) for bill in sorted(late, key=lambda bill: (bill.due, bill.row))]
