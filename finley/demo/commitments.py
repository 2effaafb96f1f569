"""The commitments of a small food maker: what recurs, how often, from which day, at which price."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from random import Random

from finley.demo.frequency import (
    DAY,
    JITTER_LIMIT,
    STEP_DAYS,
    STEP_MONTHS,
    Habit,
    add_months,
    due_days,
)
from finley.demo.parties import Party

# Share of the average in January, February, …
WINTER = (1.9, 1.75, 1.4, 0.9, 0.5, 0.3, 0.25, 0.25, 0.45, 0.9, 1.5, 1.9)
AUTUMN = (0.7, 0.7, 0.75, 0.8, 0.8, 0.85, 0.8, 0.9, 1.1, 1.5, 1.7, 1.4)
SUMMER = (0.3, 0.35, 0.6, 0.9, 1.4, 1.9, 2.1, 1.9, 1.1, 0.6, 0.4, 0.45)
GROWING = frozenset(range(4, 11))


@dataclass(frozen=True)
class Spec:
    """One commitment before random numbers are applied. `low` and `high` limit its first amount in
    pounds.

    `via` is invoice, debit, card, sale, payout, charge or payroll. `spread` is the relative
    standard deviation of the amounts, and `drift` their growth per year. `rises`: the price rises
    once. `late`, `early`: it starts late, ends early. `steady`: it keeps its day (only weekends
    move it) and is never missed. `doubles`: it sometimes happens twice. `profile` has the share of
    the average in each month of the year. `months`: it happens in these only. `day` is the day of
    the month.
    """

    id: str
    role: str
    account: str
    frequency: str
    via: str
    low: int
    high: int
    text: str
    spread: float = 0.0
    drift: float = 0.0
    rises: bool = False
    late: bool = False
    early: bool = False
    steady: bool = False
    doubles: bool = False
    profile: tuple[float, ...] | None = None
    months: frozenset[int] | None = None
    day: int | None = None


SPECS = (
    Spec("rent-office", "landlord", "Premises", "monthly", "debit", 1800, 4200,
         "Rent, office", rises=True, steady=True, day=1),
    Spec("rent-store", "landlord", "Premises", "monthly", "debit", 600, 1500,
         "Rent, cold store", steady=True, day=1),
    Spec("electricity", "power", "Premises", "monthly", "debit", 500, 1400,
         "Electricity", spread=0.07, drift=0.15),
    Spec("water", "water", "Premises", "quarterly", "debit", 180, 420, "Water", spread=0.05),
    Spec("gas", "gas", "Premises", "monthly", "debit", 250, 700,
         "Gas, heating", spread=0.06, profile=WINTER),
    Spec("broadband", "telecom", "Office", "monthly", "debit", 45, 90,
         "Broadband", rises=True, steady=True),
    Spec("mobiles", "telecom", "Sales", "monthly", "debit", 180, 340, "Mobiles", spread=0.04),
    Spec("cleaning", "cleaner", "Premises", "fortnightly", "invoice", 240, 480,
         "Cleaning, fortnight", rises=True, doubles=True),
    Spec("agency", "agency", "Production", "four-weekly", "invoice", 1800, 4200,
         "Agency staff, four weeks", spread=0.08),
    Spec("dairy", "dairy", "Production", "weekly", "invoice", 160, 480,
         "Milk and cream", spread=0.1),
    Spec("laundry", "laundry", "Production", "weekly", "invoice", 35, 80,
         "Workwear", late=True, doubles=True),
    Spec("waste", "waste", "Premises", "monthly", "invoice", 120, 260,
         "Waste collection", drift=0.06, doubles=True),
    Spec("packaging", "packaging", "Production", "monthly", "invoice", 800, 2000,
         "Gift packaging and tubs", spread=0.06, profile=AUTUMN),
    Spec("grounds", "grounds", "Premises", "fortnightly", "invoice", 70, 140,
         "Grass cutting", months=GROWING),
    Spec("accountancy", "accountant", "Office", "monthly", "invoice", 250, 450,
         "Accountancy", rises=True),
    Spec("fire-alarm", "fire", "Premises", "quarterly", "invoice", 180, 350,
         "Fire alarm service"),
    Spec("pest-control", "pest", "Production", "quarterly", "invoice", 90, 160,
         "Pest control visit", drift=0.04),
    Spec("insurance", "insurer", "Office", "yearly", "debit", 2400, 5200,
         "Insurance, annual premium", drift=0.07),
    Spec("membership", "licence", "Office", "yearly", "invoice", 300, 900,
         "Annual membership", steady=True),
    Spec("bookkeeping", "ledgersoft", "Office", "monthly", "card", 28, 60,
         "Bookkeeping subscription", rises=True, steady=True),
    Spec("design", "designsoft", "Sales", "monthly", "card", 40, 110,
         "Design subscription", rises=True, steady=True),
    Spec("storage", "designsoft", "Office", "monthly", "card", 9, 19,
         "Storage subscription", steady=True, late=True),
    Spec("hosting", "hosting", "Sales", "quarterly", "card", 60, 150, "Web hosting", steady=True),
    Spec("coffee", "coffee", "Office", "weekly", "card", 22, 48, "Coffee beans"),
    Spec("snacks", "snacks", "Office", "fortnightly", "card", 35, 70, "Fruit box", early=True),
    Spec("courier", "courier", "Sales", "monthly", "invoice", 300, 700,
         "Courier contract", spread=0.05, early=True),
    Spec("pension", "pension", "Payroll", "monthly", "debit", 2600, 5200,
         "Pension contributions", spread=0.015, steady=True),
    Spec("account-fee", "bank", "Office", "monthly", "charge", 7, 24,
         "Bank account fee", rises=True, steady=True),
    Spec("till", "processor", "Sales", "fortnightly", "payout", 900, 2600,
         "Shop takings", spread=0.15, profile=SUMMER),
    Spec("supply-a", "customer", "Sales", "monthly", "sale", 700, 2200,
         "Standing order", rises=True),
    Spec("supply-b", "customer", "Sales", "monthly", "sale", 300, 900,
         "Standing order", spread=0.06, early=True),
    Spec("supply-c", "customer", "Sales", "four-weekly", "sale", 400, 1200,
         "Standing order", drift=0.05),
    Spec("supply-d", "customer", "Sales", "weekly", "sale", 120, 380,
         "Weekly delivery", spread=0.08, late=True),
    Spec("ice", "customer", "Sales", "monthly", "sale", 1200, 3600,
         "Ice cream, monthly call-off", spread=0.06, profile=SUMMER),
    Spec("licence-fee", "customer", "Sales", "quarterly", "sale", 900, 1900,
         "Recipe licence", steady=True),
)  # fmt: skip


@dataclass(frozen=True)
class Stream:
    """One commitment with its party, its days and its price. Amounts are in pence."""

    spec: Spec
    party: Party
    first: date
    last: date
    active: bool
    habit: Habit
    price: int
    rise_on: date | None = None
    rise: float = 1.0
    who: Party | None = None

    def amount_on(self, rng: Random, day: date) -> int:
        """The pence due on a day, from price, rise, drift, season and chance."""
        factor = self.rise if self.rise_on and day >= self.rise_on else 1.0
        factor *= math.pow(1 + self.spec.drift, (day - self.first).days / 365.25)
        if self.spec.profile:
            factor *= self.spec.profile[day.month - 1]
        if self.spec.spread:
            factor *= max(0.4, 1 + rng.gauss(0, self.spec.spread))
        return round(self.price * factor)

    def seasonal_months(self) -> list[int] | None:
        """The months of its season, or None if it has none."""
        if self.spec.months:
            return sorted(self.spec.months)
        if self.spec.profile:
            return [month for month, share in enumerate(self.spec.profile, 1) if share >= 1.3]
        return None


def first_day(rng: Random, spec: Spec, earliest: date) -> date:
    """A random day in the commitment's first period from `earliest` on; for a yearly commitment, in
    its first four months."""
    if spec.frequency in STEP_DAYS:
        day = earliest + DAY * rng.randrange(STEP_DAYS[spec.frequency])
        return day + DAY * max(0, 7 - day.weekday()) if day.weekday() >= 5 else day
    ahead = rng.randrange(min(4, STEP_MONTHS[spec.frequency]))
    month = add_months(earliest.replace(day=1), ahead)
    day = month.replace(day=spec.day or rng.randint(2, 26))
    return day if day >= earliest else add_months(day, 1)


def random_price(rng: Random, spec: Spec) -> int:
    """A random price in pence, in whole or half pounds. A salary may be any number of pence."""
    pence = rng.randint(spec.low * 100, spec.high * 100)
    return pence if spec.via == "payroll" else round(pence / 50) * 50


def habit_of(spec: Spec, usual: Habit) -> Habit:
    if spec.steady:
        return Habit()
    jitter = min(usual.jitter, JITTER_LIMIT.get(spec.frequency, usual.jitter))
    missed = 0.0 if spec.frequency == "yearly" else usual.missed
    shifted = usual.shifted if spec.frequency in STEP_MONTHS else 0.0
    return Habit(jitter, missed, shifted, doubled=0.04 if spec.doubles else 0.0)


def expected_days(stream: Stream) -> tuple[list[date], date | None]:
    """The days on which the commitment falls due up to the stream's last day, and the next such day
    if the stream goes on, else None."""
    days: list[date] = []
    for day in due_days(stream.spec.frequency, stream.first, stream.spec.months):
        if day > stream.last:
            return days, day if stream.active else None
        days.append(day)
    raise AssertionError("a plan has no end")
