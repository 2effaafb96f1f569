"""Invents rows that look like a series, a duplicate, a match or one party, but are not."""

from __future__ import annotations

from datetime import date
from random import Random

from finley.demo.frequency import DAY, days_paid, due_days, irregular, within
from finley.demo.journal import PENDING, Journal, Row
from finley.demo.one_off_payments import post_card, some_pence, supply

PLACEHOLDER_ID, PLACEHOLDER_DAY = "V99999", 5
MASK = "REDACTED"


def write_down(journal: Journal, scale: float) -> None:
    """Write every kind of decoy a few times."""
    rng = journal.company.dice("decoys")
    _irregular(journal, rng)
    _strangers(journal, rng, scale)
    _masked(journal, rng)
    for _ in range(3):
        _tickets(journal, rng)
        _equal_purchases(journal, rng)
        _near_miss(journal, rng)
        _too_far(journal, rng)
    _nothing(journal, rng)


def _random_day(journal: Journal, rng: Random, margin: int = 0) -> date:
    start, end = journal.company.span
    return within(start + DAY * rng.randrange((end - start).days - margin), journal.company.span)


def _irregular(journal: Journal, rng: Random) -> None:
    """Write call-outs with one price at irregular times, and purchases with one price from a card
    merchant at irregular times."""
    company = journal.company
    caller = company.registry.add("vendor", company.names.company("supply"))
    price = rng.randrange(45, 160) * 100
    days = irregular(rng, 11, company.span)
    journal.decoy("irregular_series", *[supply(journal, rng, caller, d, price) for d in days])
    shop = company.registry.add("vendor", company.names.company("merchant"))
    paid = [journal.card(day, rng.choice(company.staff[:8]), shop, price // 4)
            for day in irregular(rng, 9, company.span)]  # fmt: skip
    journal.decoy("irregular_series", *paid)
    # Posted on the next day, because equal amounts that overtake each other could be paired in two
    # ways.
    posted = [post_card(journal, rng, row, latest=1) for row in paid]
    journal.decoy("irregular_series", *posted)


def _strangers(journal: Journal, rng: Random, scale: float) -> None:
    """Write payments to suppliers that are each paid once, all under one placeholder id: one on a
    fixed day of each month, and others on random days."""
    start, end = journal.company.span
    journal.placeholders.add(PLACEHOLDER_ID)
    first = start.replace(day=PLACEHOLDER_DAY)
    regular: list[date] = []
    for day in due_days("monthly", first):
        if day > end:
            break
        if day >= start:
            regular.append(within(day, journal.company.span))
    journal.decoy("regular_strangers", *[_one_off(journal, rng, day) for day in regular])
    for day in days_paid(rng, 0.8 * scale, journal.company.span):
        _one_off(journal, rng, day)


def _one_off(journal: Journal, rng: Random, day: date) -> Row:
    company = journal.company
    name = company.names.company(rng.choice(("merchant", "supply", "customer")))
    party = company.registry.add("vendor", name)
    party.supplier_id = PLACEHOLDER_ID
    who = {"party": name, "supplier_id": PLACEHOLDER_ID}
    pence = some_pence(rng, 60)
    return journal.ledger(day, party, pence, "Office", "PP", text="Sundry", who=who)


def _masked(journal: Journal, rng: Random) -> None:
    """Write payments of a dozen parties that share one name, such as "REDACTED", and have an id
    each."""
    journal.masks.add(MASK)
    for _ in range(12):
        party = journal.company.registry.add("vendor", MASK)
        who = {"party": MASK, "supplier_id": party.supplier_id}
        for _ in range(rng.randint(1, 3)):
            day = _random_day(journal, rng)
            pence = some_pence(rng, 150)
            journal.ledger(day, party, pence, "Office", "PP", text="Redacted", who=who)


def _tickets(journal: Journal, rng: Random) -> None:
    """Write two or three equal invoices of one supplier on one day, each with its own number."""
    party, day = rng.choice(journal.company.suppliers), _random_day(journal, rng)
    price = rng.randrange(30, 200) * 100
    rows = [supply(journal, rng, party, day, price) for _ in range(rng.randint(2, 3))]
    journal.decoy("identical_tickets", *rows)


def _equal_purchases(journal: Journal, rng: Random) -> None:
    """Write two equal card lines of one holder at one merchant on one day. Their receipts have
    different numbers."""
    party, day = rng.choice(journal.company.merchants), _random_day(journal, rng)
    holder, price = rng.choice(journal.company.staff[:8]), rng.randrange(8, 60) * 50
    paid = [journal.card(day, holder, party, price) for _ in range(2)]
    group = f"equal-{paid[0].ref.key}"
    posted = [post_card(journal, rng, row, group=group, receipt=True) for row in paid]
    journal.decoy("equal_purchases", *paid)
    journal.decoy("equal_purchases", *posted)


def _near_miss(journal: Journal, rng: Random) -> None:
    """Write a card line that has no line in the ledger, and some days later a cash purchase of
    almost the same amount from the same merchant."""
    party, day = rng.choice(journal.company.merchants), _random_day(journal, rng, 8)
    pence = some_pence(rng, 50) + 2000
    paid = journal.card(day, rng.choice(journal.company.staff[:8]), party, pence)
    later = within(day + DAY * rng.randint(1, 4), journal.company.span)
    almost = round(pence * rng.choice((0.93, 0.96, 1.04, 1.07)))
    cash = journal.ledger(later, party, almost, "Office", "PP", text="Paid in cash",
                          number=PENDING)  # fmt: skip
    journal.decoy("near_miss", paid, cash)


def _too_far(journal: Journal, rng: Random) -> None:
    """Write a card line, and a cash purchase of the same amount from the same merchant that was six
    weeks or more earlier."""
    party, day = rng.choice(journal.company.merchants), _random_day(journal, rng, 70)
    pence = some_pence(rng, 50) + 2000
    cash = journal.ledger(day, party, pence, "Office", "PP", text="Paid in cash",
                          number=PENDING)  # fmt: skip
    later = within(day + DAY * rng.randint(45, 65), journal.company.span)
    paid = journal.card(later, rng.choice(journal.company.staff[:8]), party, pence)
    journal.decoy("near_miss", paid, cash)


def _nothing(journal: Journal, rng: Random) -> None:
    """Write an invoice of zero, for a replacement under guarantee."""
    party, day = rng.choice(journal.company.suppliers), _random_day(journal, rng)
    row = journal.ledger(day, party, 0, "Production", "PI", text="Replacement under guarantee",
                         number=PENDING)  # fmt: skip
    journal.decoy("zero_amount", row)
