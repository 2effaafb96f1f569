"""Invents payments without an agreement: supplies, card purchases, petty cash, claims, gifts,
jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import takewhile

from benchmarks.otherbooks.agreements import fee, gift_number
from benchmarks.otherbooks.bank_days import DAY, agreed
from benchmarks.otherbooks.book_files import Desk, Row, pounds, random_days
from benchmarks.otherbooks.people import Party, apart
from finley.demo.truth import Decoy, Reversal, SameTransaction, Series

TRADES = ("Tools", "Frames", "Tyres", "Paints", "Printing Company", "Catering Services",
          "Coach Hire", "Timber Brothers", "Manufacturing", "Signs & Banners")  # fmt: skip
SHOPS = ("Bakery", "Ironmongers", "Stationers", "Railways", "Petrol", "Cafe", "Chandlers",
         "Electrical", "Bookshop")  # fmt: skip
CLIENTS = ("Deliveries", "Theatre", "Couriers", "College", "Hostel", "Brewery")
ANONYMOUS = Party("nobody", "customer", "Anonymous", ["Anonymous"], "")
CALL_OUTS = 10


@dataclass
class Met:
    """The suppliers and clients that occurred so far, and the donation platform."""

    suppliers: list[Party] = field(default_factory=list)
    clients: list[Party] = field(default_factory=list)
    platform: Party = field(default_factory=lambda: ANONYMOUS)


def write_down(desk: Desk, parties: Met, staff: list[Party], scale: float) -> None:
    """Write all irregular payments. `scale` multiplies their frequency."""
    _supplies(desk, parties, scale)
    _decoys(desk, parties)
    _purchases(desk, staff, scale)
    _petty_cash(desk, staff, scale)
    _claims(desk, staff, scale)
    _gifts(desk, scale)
    _jobs(desk, parties, scale)
    _pay_out(desk, parties.platform)


def supply(desk: Desk, party: Party, day: date, pence: int) -> Row:
    """Write an invoice for goods, due in thirty days, and return it."""
    number = party.next_number(desk.rng)
    return desk.purchase(day, party, pence, "Goods", number=number, due=day + DAY * 30)


def _supplies(desk: Desk, parties: Met, scale: float) -> None:
    parties.suppliers += [desk.register.company(trade) for trade in TRADES]
    first, second = parties.suppliers[:2]
    north = first.name.replace(" Ltd", "").replace(" Limited", "")
    twins = [
        desk.register.company("", name=f"{north} ({place}) Ltd") for place in ("Leeds", "York")
    ]
    son = desk.register.company("", name=f"{second.name.split()[0]} & Daughters Limited")
    apart(first, *twins)
    apart(second, son)
    for party in (*parties.suppliers, *twins, son):
        low = desk.rng.uniform(30, 200)
        for day in random_days(desk, desk.rng.uniform(0.4, 1.3) * scale):
            supply(desk, party, day, pounds(desk.rng, low, low * 5))


def _decoys(desk: Desk, parties: Met) -> None:
    """Write equal call-outs at irregular times, and equal invoices of one day with their own
    numbers. Note both as decoys."""
    caller, rng = desk.register.company("Locksmiths"), desk.rng
    start, end = desk.span
    price = rng.randrange(60, 140) * 100
    days = sorted(rng.sample(range((end - start).days), CALL_OUTS))
    rows = [supply(desk, caller, desk.inside(start + DAY * day), price) for day in days]
    desk.decoys.append(Decoy("irregular_series", [row.ref for row in rows]))
    for party in rng.sample(parties.suppliers[2:], 3):
        day = desk.inside(start + DAY * rng.randrange((end - start).days))
        same = [supply(desk, party, day, 7500) for _ in range(2)]
        desk.decoys.append(Decoy("identical_tickets", [row.ref for row in same]))


def _purchases(desk: Desk, staff: list[Party], scale: float) -> None:
    shops = [desk.register.company(trade) for trade in SHOPS]
    for party in shops:
        low = desk.rng.uniform(4, 40)
        for day in random_days(desk, desk.rng.uniform(0.5, 1.5) * scale):
            paid = desk.card(day, desk.rng.choice(staff[:4]), party, pounds(desk.rng, low, low * 4))
            if desk.rng.random() < 0.08:
                desk.decoys.append(Decoy("unposted_card", [paid.ref]))
            else:
                post(desk, paid)
    for party in desk.rng.sample(shops, 3):
        _twice(desk, party, staff[0])


def post(desk: Desk, paid: Row, group: str | None = None) -> Row:
    """Write the ledger entry of the card line `paid`, one to five days later. Most have a receipt's
    number."""
    day = desk.inside(paid.day + DAY * desk.rng.randint(1, 5))
    number = paid.party.next_number(desk.rng) if group or desk.rng.random() < 0.7 else ""
    entry = desk.purchase(day, paid.party, paid.pence, "By card", centre="Office", number=number)
    desk.same.append(SameTransaction(paid.ref, entry.ref, "card", group))
    return entry


def _twice(desk: Desk, party: Party, holder: Party) -> None:
    """Write two equal purchases on one day, each with its own receipt."""
    start, end = desk.span
    day = desk.inside(start + DAY * desk.rng.randrange((end - start).days - 10))
    price = desk.rng.randrange(40, 300) * 10
    paid = [desk.card(day, holder, party, price) for _ in range(2)]
    entries = [post(desk, row, f"twice-{paid[0].ref.key}") for row in paid]
    for rows in (paid, entries):
        desk.decoys.append(Decoy("equal_purchases", [row.ref for row in rows]))


def _petty_cash(desk: Desk, staff: list[Party], scale: float) -> None:
    """Write small payments from petty cash, which is refilled from the bank when it is empty."""
    filled = 0
    for day in random_days(desk, 5 * scale):
        pence = pounds(desk.rng, 1, 18)
        desk.purchase(day, desk.rng.choice(staff), pence, "Petty cash", centre="Tin", keyed=0.0)
        filled -= pence
        if filled < 0:
            desk.bank(day, staff[0], -10_000, "CSH", "PETTY CASH")
            filled += 10_000


def _claims(desk: Desk, staff: list[Party], scale: float) -> None:
    for who in staff:
        for day in random_days(desk, 1.2 * scale):
            for _ in range(desk.rng.randint(1, 3)):
                text = desk.rng.choice(("Train", "Mileage", "Refreshments", "Postage"))
                receipt = f"R{desk.rng.randrange(10**5):05d}"
                desk.claim(day, who, pounds(desk.rng, 3, 60), text, receipt)


def _gifts(desk: Desk, scale: float) -> None:
    """Write one-off gifts on any day of the week, some without a name. The fee of each follows at
    once; a few are refunded."""
    rng, (start, end) = desk.rng, desk.span
    givers = [desk.register.person("customer") for _ in range(25)]
    for _ in range(round(9 * scale * (end - start).days / 30)):
        day = start + DAY * rng.randrange((end - start).days)
        who = ANONYMOUS if rng.random() < 0.15 else rng.choice(givers)
        pence = rng.choice((500, 1000, 2000, 2500, 5000, rng.randrange(300, 9000)))
        gift = desk.gift(day, who, pence, "charge", gift_number(desk))
        fee(desk, gift)
        if who is not ANONYMOUS and rng.random() < 0.06 and (end - day).days > 20:
            later = day + DAY * rng.randint(1, 12)
            back = desk.gift(later, who, -pence, "refund", gift.cells["About"])
            desk.reversals.append(Reversal(back.ref, gift.ref, partial=False))


def _jobs(desk: Desk, parties: Met, scale: float) -> None:
    """Write invoices for repairs for clients. Then give all sales invoices their numbers, in the
    order of days."""
    parties.clients += [desk.register.company(trade, "customer") for trade in CLIENTS]
    for who in parties.clients:
        for day in random_days(desk, desk.rng.uniform(0.4, 1.0) * scale):
            pence = pounds(desk.rng, 40, 500)
            desk.invoice(day, who, pence, "Repairs")
    number = desk.rng.randrange(2000, 7000)
    for row in sorted(desk.rows["invoices.csv"], key=lambda row: row.day):
        number += 1
        row.cells["Invoice"] = f"WS{number}"


def _pay_out(desk: Desk, platform: Party) -> None:
    """Write the platform's payout of each Monday: what came in since the last one, less fees and
    refunds. The bank's row follows within two days."""
    due: list[date] = []
    payouts: list[Row] = []
    receipts: list[Row] = []
    since, (start, end), gifts = desk.span[0], desk.span, list(desk.rows["giving.csv"])
    mondays = list(takewhile(lambda day: day <= end - DAY * 5, agreed("weekly:0", start + DAY * 7)))
    for day in mondays:
        net = sum(row.pence for row in gifts if since <= row.day < day)
        if net > 0:
            since = day
            due.append(day)
            payouts.append(desk.gift(day, platform, -net, "payout"))
            arrived = desk.inside(day + DAY * desk.rng.randint(1, 2))
            receipts.append(desk.bank(arrived, platform, net, "BGC", "GIVING"))
            desk.same.append(SameTransaction(receipts[-1].ref, payouts[-1].ref, "bank"))
    for rows in (payouts, receipts):
        _note(desk, rows, due, mondays)


def _note(desk: Desk, rows: list[Row], due: list[date], days: list[date]) -> None:
    for row in rows:
        row.series = "payout"
    missed = [day for day in days if day not in due]
    desk.series.append(Series(
        f"payout@{rows[0].ref.file.removesuffix('.csv')}", "payout", rows[0].ref.file,
        rows[0].party.id, "weekly", [row.ref for row in rows], due, days, missed, [], [], True,
        days[-1] + DAY * 7, None,
    ))  # fmt: skip
