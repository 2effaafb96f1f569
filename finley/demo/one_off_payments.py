"""Invents payments that do not recur: supplies, card purchases, orders from customers."""

from __future__ import annotations

from datetime import date
from random import Random

from finley.demo.company import DEPARTMENTS
from finley.demo.frequency import DAY, days_paid, within
from finley.demo.journal import PENDING, Journal, Row
from finley.demo.parties import Party
from finley.demo.truth import SameTransaction

_GOODS = ("Materials", "Spare parts", "Repair", "Small order", "Delivery", "Samples", "Call-out")
_OUTLAYS = ("Travel", "Office sundries", "Client lunch", "Tools", "Refreshments", "Fuel", "Books")


def write_down(journal: Journal, scale: float) -> None:
    """Write all irregular payments. `scale` multiplies their frequency."""
    _supplies(journal, scale)
    _purchases(journal, scale)
    _orders(journal, scale)


def some_pence(rng: Random, median: float) -> int:
    """A random amount in pence: log-normal around the median, which is in pounds. One in six is
    round."""
    pence = max(95, round(median * 100 * rng.lognormvariate(0, 0.7)))
    return max(500, round(pence, -3) // 2) if rng.random() < 0.16 else pence


def supply(journal: Journal, rng: Random, party: Party, day: date, pence: int) -> Row:
    """Write a purchase invoice for supplies, whose number is still pending, and return it."""
    return journal.ledger(
        day, party, pence, rng.choice(DEPARTMENTS[:2]), "PI", text=rng.choice(_GOODS),
        number=PENDING, due=day + DAY * party.terms,
    )  # fmt: skip


def _supplies(journal: Journal, scale: float) -> None:
    company, rng = journal.company, journal.company.dice("supplies")
    rates = [(party, rng.uniform(0.6, 1.4)) for party in company.suppliers]
    rates += [(party, 0.5) for party in company.lookalikes]
    rates += [(party, 0.8) for party in company.foreign]
    rates += [(company.roles["landlord"], 0.4)]
    past: list[Row] = []
    for party, rate in rates:
        median = rng.uniform(80, 600)
        for day in days_paid(rng, rate * scale, company.span):
            row = supply(journal, rng, party, day, some_pence(rng, median))
            if past and rng.random() < 0.04:
                row = _same_amount(journal, rng, row, past)
            past.append(row)


def _same_amount(journal: Journal, rng: Random, row: Row, past: list[Row]) -> Row:
    """Give the row the amount of another supplier's row, as if by chance, and note both as a decoy.
    Return the row."""
    other = rng.choice(past)
    if other.party is not row.party:
        journal.revalue(row, other.pence)
        journal.decoy("chance_amount", other, row)
    return row


def _purchases(journal: Journal, scale: float) -> None:
    company, rng = journal.company, journal.company.dice("purchases")
    holders = company.staff[: max(2, len(company.staff) // 3)]
    for party in company.merchants:
        median, rate = rng.uniform(8, 90), rng.uniform(0.5, 1.5)
        for day in days_paid(rng, rate * scale, company.span):
            paid = journal.card(day, rng.choice(holders), party, some_pence(rng, median))
            if rng.random() < 0.06:
                journal.decoy("unposted_card", paid)
            else:
                post_card(journal, rng, paid)


def post_card(
    journal: Journal, rng: Random, paid: Row, *, latest: int = 6, group: str | None = None,
    receipt: bool = False,
) -> Row:  # fmt: skip
    """Write the ledger line of the card line `paid`, 1 to `latest` days later, and return it. Three
    in four have a receipt's number."""
    day = within(paid.day + DAY * rng.randint(1, latest), journal.company.span)
    number = PENDING if receipt or rng.random() < 0.75 else ""
    posted = journal.ledger(
        day, paid.party, paid.pence, rng.choice(DEPARTMENTS[1:]), "CP",
        text=rng.choice(_OUTLAYS), number=number,
    )  # fmt: skip
    journal.same.append(SameTransaction(paid.ref, posted.ref, "card", group))
    return posted


def _orders(journal: Journal, scale: float) -> None:
    company, rng = journal.company, journal.company.dice("orders")
    for party in company.customers:
        median = rng.uniform(120, 900)
        for day in days_paid(rng, rng.uniform(0.4, 1.2) * scale, company.span):
            due = day + DAY * party.terms
            journal.sale(day, party, some_pence(rng, median), "Order", number=PENDING, due=due)
