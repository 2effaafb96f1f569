"""Permanent agreements (rents, wages, subscriptions, regular gifts), and how each is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from math import pow as power
from random import Random

from benchmarks.otherbooks.bank_days import DAY, agreed, frequency_of, preceding
from benchmarks.otherbooks.book_files import Desk, Row
from benchmarks.otherbooks.people import Party
from finley.demo.truth import Fee, Ref, SameTransaction, Series

HEATING = (2.0, 1.8, 1.3, 0.8, 0.5, 0.3, 0.3, 0.3, 0.5, 1.0, 1.5, 1.9)
TOURING = (0.3, 0.3, 0.5, 0.9, 1.5, 1.9, 2.1, 1.9, 1.1, 0.6, 0.4, 0.5)
HIGH = 1.3  # times its average: a month of the season


@dataclass(frozen=True)
class Plan:
    """An agreement before it has a party and a price.

    `via` says how it is paid: order (standing order or debit, with a ledger entry), wage, invoice,
    card, gift (on the platform), given (a gift by standing order), served (a job for a client).
    `low` and `high` limit the price in pounds. `spread` is the relative standard deviation of the
    amounts, `drift` their growth per year, and `april` a rise each April. `loose`: it keeps its day
    only roughly and is missed now and then. `early`: a holiday moves it to the day before. `starts`
    and `ends` are shares of the books' length.
    """

    id: str
    trade: str
    schedule: str
    via: str
    low: float
    high: float
    text: str
    spread: float = 0.0
    drift: float = 0.0
    april: float = 0.0
    profile: tuple[float, ...] | None = None
    loose: bool = False
    early: bool = False
    starts: float = 0.0
    ends: float = 1.0


PLANS = (
    Plan("workshop-rent", "Estates", "quarterly:days", "order", 2100, 3900, "Rent, quarter"),
    Plan("shop-rent", "Lettings", "monthly:last", "order", 700, 1300, "Rent of the shop"),
    Plan("loan", "Finance", "monthly:15", "order", 210, 480, "Loan repayment"),
    Plan("power", "Electrical Supply", "monthly:11", "order", 180, 420, "Electricity",
         spread=0.06, profile=HEATING),
    Plan("phones", "Networks", "monthly:19", "order", 40, 90, "Telephones", april=0.045),
    Plan("vat", "Revenue Office", "quarterly:7", "order", 900, 2400, "VAT", spread=0.25),
    Plan("pension", "Provident", "monthly:22", "order", 400, 800, "Pensions", spread=0.03),
    Plan("cover", "Mutual", "yearly:4-6", "order", 900, 1900, "Insurance", drift=0.08),
    Plan("charge", "Bank", "monthly:2", "order", 6, 12, "Bank charge", spread=0.2),
    Plan("cleaner", "Cleaning Services", "fortnightly:1", "invoice", 70, 150, "Cleaning",
         loose=True, april=0.05),
    Plan("bins", "Recycling Company", "four-weekly:2", "invoice", 45, 95, "Bins", loose=True),
    Plan("parts", "Components", "monthly:27", "invoice", 500, 1400, "Parts, month's account",
         spread=0.12, loose=True),
    Plan("audit", "Brothers", "quarterly:20", "invoice", 250, 500, "Books checked", loose=True),
    Plan("lift", "Engineering Services", "quarterly:12", "invoice", 110, 220, "Lift inspection",
         loose=True, starts=0.2),
    Plan("website", "Design Studio", "monthly:8", "invoice", 60, 140, "Website care", loose=True,
         ends=0.6),
    Plan("milk", "Dairy", "weekly:3", "invoice", 11, 26, "Milk for the cafe", loose=True,
         spread=0.05),
    Plan("accounts-app", "Software", "monthly:5", "card", 24, 40, "Accounts app", spread=0.015),
    Plan("photo-app", "Imaging", "monthly:21", "card", 9, 20, "Photo app", starts=0.3),
    Plan("journal", "Periodicals", "four-weekly:0", "card", 6, 14, "Cycling weekly, by the four"),
    Plan("fruit", "Orchards", "weekly:1", "card", 12, 26, "Fruit box", ends=0.7),
    Plan("fleet", "Couriers", "monthly:6", "served", 300, 900, "Fleet service", loose=True),
    Plan("school", "Academy", "four-weekly:4", "served", 150, 400, "School bikes", loose=True,
         drift=0.06),
    Plan("tours", "Travel", "monthly:14", "served", 300, 800, "Tour bikes", loose=True,
         spread=0.08, profile=TOURING),
    Plan("oil", "Fuels", "monthly:17", "invoice", 90, 260, "Heating oil", loose=True,
         spread=0.08, profile=HEATING),
    Plan("hire", "Council Leisure", "quarterly:25", "served", 400, 900, "Hire stock, quarter",
         loose=True),
)  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """An agreement with its party and its price in pence. `who` is the holder of the card."""

    plan: Plan
    party: Party
    pence: int
    who: Party

    def on(self, rng: Random, day: date, start: date) -> int:
        """The amount in pence that is due on `day`. `start` is the books' first day."""
        plan = self.plan
        factor = power(1 + plan.drift, (day - start).days / 365)
        factor *= power(1 + plan.april, day.year - start.year - (day.month < 4) + (start.month < 4))
        factor *= plan.profile[day.month - 1] if plan.profile else 1
        return round(self.pence * factor * max(0.5, rng.gauss(1, plan.spread)))


def write_down(desk: Desk, staff: list[Party], givers: list[Party]) -> None:
    """Write every agreement from its first to its last day."""
    rng = desk.rng
    for plan in PLANS:
        kind = "customer" if plan.via == "served" else "vendor"
        party = desk.register.company(plan.trade, kind)
        _keep(desk, Kept(plan, party, round(rng.uniform(plan.low, plan.high) * 20) * 5,
                         rng.choice(staff)))  # fmt: skip
    _employ(desk, staff)
    _promise(desk, givers)


def _employ(desk: Desk, staff: list[Party]) -> None:
    """Employ the staff. The office is paid on the 25th or the working day before, the workshop on
    Fridays."""
    for number, person in enumerate(staff):
        weekly = number % 2 == 1
        plan = Plan(
            f"wage-{number}", "", "weekly:4" if weekly else "monthly:25", "wage", 0, 0, "Wages",
            spread=0.12 if weekly else 0.0, april=0.03, early=True,
            starts=0.25 if number == 2 else 0.0, ends=0.7 if number == 3 else 1.0,
        )  # fmt: skip
        pence = desk.rng.randrange(280, 460) * (100 if weekly else 430)
        _keep(desk, Kept(plan, person, pence, person))


def _promise(desk: Desk, givers: list[Party]) -> None:
    """Let the givers agree to regular gifts: half of them by standing order, the others on the
    platform, where cards sometimes fail."""
    for number, person in enumerate(givers):
        on_platform = number % 2 == 1
        day = desk.rng.randint(1, 28)
        plan = Plan(
            f"gift-{number}", "", f"monthly:{day}", "gift" if on_platform else "given", 0, 0,
            "Regular gift", loose=False, starts=0.3 * (number % 5 == 0),
            ends=0.65 if number % 7 == 3 else 1.0,
        )  # fmt: skip
        _keep(desk, Kept(plan, person, desk.rng.choice((500, 1000, 1500, 2000, 2500)), person))


def _keep(desk: Desk, agreement: Kept) -> None:
    plan, (start, end) = agreement.plan, desk.span
    length = (end - start).days
    first, last = start + DAY * round(length * plan.starts), start + DAY * round(length * plan.ends)
    days, coming = _days(plan, first, last)
    missed = _missed(desk, plan, days)
    by_file: dict[str, list[tuple[date, Row]]] = {}
    for due in days:
        if due not in missed:
            for row in KEEP[plan.via](desk, agreement, due, _day(desk, plan, due)):
                row.series = plan.id
                by_file.setdefault(row.ref.file, []).append((due, row))
    months = _season(plan)
    active = plan.ends == 1.0
    for file, pairs in by_file.items():
        if len(pairs) > 1:
            desk.series.append(Series(
                f"{plan.id}@{file.removesuffix('.csv')}", plan.id, file, agreement.party.id,
                frequency_of(plan.schedule), [row.ref for _, row in pairs], [d for d, _ in pairs],
                days, missed, [], [], active, coming if active else None, months,
            ))  # fmt: skip


def _days(plan: Plan, first: date, last: date) -> tuple[list[date], date]:
    days: list[date] = []
    for day in agreed(plan.schedule, first):
        if day > last:
            return days, day
        days.append(day)
    raise AssertionError("agreements have no end")


def _missed(desk: Desk, plan: Plan, days: list[date]) -> list[date]:
    """The days of `days` on which nothing is paid. The first day and the last two are never missed,
    because a missed end cannot be distinguished from an end."""
    share = desk.missed if plan.loose or plan.via == "gift" else 0.0
    return [day for day in days[1:-2] if desk.rng.random() < share]


def _day(desk: Desk, plan: Plan, due: date) -> date:
    """The day on which the payment due on `due` really happens. Holidays shift every agreement.
    Loose agreements are also early or late, frequent ones less."""
    if plan.loose:
        most = min(desk.jitter, {"weekly": 1, "fortnightly": 2}.get(frequency_of(plan.schedule), 9))
        due += DAY * desk.rng.randint(-most, most)
    return preceding(due) if plan.early and due > desk.span[0] else desk.inside(due)


def _season(plan: Plan) -> list[int] | None:
    if plan.profile is None:
        return None
    return [month for month, share in enumerate(plan.profile, 1) if share >= HIGH]


def _order(desk: Desk, agreement: Kept, due: date, day: date) -> list[Row]:
    """Write a standing order: the bank's row, and the ledger's row on the same day or up to three
    days later. Return both."""
    plan = agreement.plan
    pence = agreement.on(desk.rng, due, desk.span[0])
    kind = "SO" if plan.spread == 0 and plan.profile is None else "DD"
    paid = desk.bank(day, agreement.party, -pence, kind, f"{plan.id[:4]}{agreement.pence}")
    return [paid, _entered(desk, agreement, paid, pence, 3)]


def _wage(desk: Desk, agreement: Kept, due: date, day: date) -> list[Row]:
    pence = agreement.on(desk.rng, due, desk.span[0])
    paid = desk.bank(day, agreement.party, -pence, "BGC", f"WAGES {day:%d%b%y}")
    return [paid, _entered(desk, agreement, paid, pence, 0)]


def _card(desk: Desk, agreement: Kept, due: date, day: date) -> list[Row]:
    pence = agreement.on(desk.rng, due, desk.span[0])
    paid = desk.card(day, agreement.who, agreement.party, pence)
    return [paid, _entered(desk, agreement, paid, pence, 4)]


def _entered(desk: Desk, agreement: Kept, paid: Row, pence: int, lag: int) -> Row:
    day = desk.inside(paid.day + DAY * desk.rng.randint(0, lag))
    entry = desk.purchase(day, agreement.party, pence, agreement.plan.text, centre="Office")
    kind = "card" if paid.ref.file == "cards.csv" else "bank"
    desk.same.append(SameTransaction(paid.ref, entry.ref, kind))
    return entry


def _invoice(desk: Desk, agreement: Kept, due: date, day: date) -> list[Row]:
    """Write an invoice that is due in thirty days, which a payment run pays. Return it."""
    pence = agreement.on(desk.rng, due, desk.span[0])
    number = agreement.party.next_number(desk.rng)
    return [desk.purchase(day, agreement.party, pence, agreement.plan.text, number=number,
                          due=day + DAY * 30)]  # fmt: skip


def _served(desk: Desk, agreement: Kept, due: date, day: date) -> list[Row]:
    pence = agreement.on(desk.rng, due, desk.span[0])
    return [desk.invoice(day, agreement.party, pence, agreement.plan.text)]


def _given(desk: Desk, agreement: Kept, due: date, day: date) -> list[Row]:
    del due
    return [desk.bank(day, agreement.party, agreement.pence, "SO", "GIFT")]


def _gift(desk: Desk, agreement: Kept, due: date, day: date) -> list[Row]:
    """Write a gift on the platform, which may be at a weekend, and its fee, which follows at once.
    Return the gift."""
    del day
    paid = desk.gift(due, agreement.party, agreement.pence, "charge", gift_number(desk))
    desk.echoes.append(fee(desk, paid))
    return [paid]


def gift_number(desk: Desk) -> str:
    """A new number of a gift on the platform. The gift's fee and refund state it, too."""
    return f"G{desk.rng.randrange(16**8):08X}"


def fee(desk: Desk, paid: Row) -> Ref:
    """Write the fee that the platform keeps of a gift: 1.4 % and 20 pence."""
    platform = next(p for p in desk.register.parties if p.id == "p000")
    charge = desk.gift(
        paid.day, platform, -round(paid.pence * 0.014) - 20, "fee", paid.cells["About"]
    )
    desk.fees.append(Fee(charge.ref, paid.ref))
    return charge.ref


KEEP: dict[str, Callable[[Desk, Kept, date, date], list[Row]]] = {
    "order": _order,
    "wage": _wage,
    "card": _card,
    "invoice": _invoice,
    "served": _served,
    "given": _given,
    "gift": _gift,
}
