"""Finds invoices that a payment names and that other payments have settled."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from graph.enrich.check.objection import SHOWN, Finding, money, row
from graph.enrich.columns import numbers
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.name_similarity import core
from graph.enrich.columns.payments import Payments
from graph.enrich.links.settlements import CONFIDENCE, Settled


class Paid:
    """Which payments settle which invoices. Payments that came back are left out."""

    def __init__(self, payments: Payments, settled: Sequence[Settled]) -> None:
        self.payments, self.party = payments, sides(payments).party
        self.by_payment: dict[int, list[Settled]] = defaultdict(list)
        self._by_invoice: dict[int, list[Settled]] = defaultdict(list)
        for settlement in settled:
            if not settlement.returned:
                self.by_payment[settlement.payment].append(settlement)
                self._by_invoice[settlement.invoice].append(settlement)
        own = numbers.of_documents(payments)
        self._numbered: dict[str, list[int]] = defaultdict(list)
        for invoice in self._by_invoice:
            if own[invoice]:
                self._numbered[own[invoice]].append(invoice)

    def findings(self, place: int) -> Iterator[Finding]:
        """Yield a finding for each invoice that the payment in row `place` names, if other payments
        have settled so much of it that this one would be too much."""
        payments = self.payments
        for number in sorted(numbers.named(payments)[place] & self._numbered.keys()):
            for invoice in self._numbered[number]:
                others = [one for one in self._by_invoice[invoice] if one.payment != place]
                paid = sum(one.amount for one in others)
                more = paid + int(payments.amount[place]) > int(payments.amount[invoice])
                if others and more and self._is_of(invoice, place):
                    yield self._finding(invoice, others, paid)

    def _is_of(self, invoice: int, place: int) -> bool:
        payments, names = self.payments, self.payments.entities.name
        one, other = self.party[invoice], self.party[place]
        alike = one == other or core(names[one]) == core(names[other])
        return bool(alike and payments.currency[invoice] == payments.currency[place])

    def _finding(self, invoice: int, others: list[Settled], paid: int) -> Finding:
        payments = self.payments
        currency, owed = payments.currency[invoice], int(payments.amount[invoice])
        rows = (invoice, *(one.payment for one in others))[:SHOWN]
        by = ", ".join(row(payments, at) for at in rows[1:])
        if unnamed := len(others) - len(rows[1:]):
            by += f" and {unnamed} more"
        why = (
            f"{money(paid, currency)} of {row(payments, invoice)} is settled already by {by}; "
            f"{money(max(owed - paid, 0), currency)} is open"
        )
        return Finding("already_paid", min(CONFIDENCE[one.how] for one in others), why, rows)
