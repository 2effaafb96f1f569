"""Invents a company: its people, suppliers, customers and commitments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random

from finley.demo import spelling_noise
from finley.demo.commitments import SPECS, Spec, Stream, first_day, habit_of, random_price
from finley.demo.frequency import (
    DAY,
    Habit,
    dice,
)
from finley.demo.invented_names import TRADES, Names
from finley.demo.parties import Party, Registry

DEPARTMENTS = ("Premises", "Production", "Sales", "Office")


@dataclass
class Company:
    """The people, parties and streams of the company. `span` is the first and the last day of the
    books."""

    seed: int
    span: tuple[date, date]
    registry: Registry
    names: Names
    roles: dict[str, Party] = field(default_factory=dict)
    staff: list[Party] = field(default_factory=list)
    suppliers: list[Party] = field(default_factory=list)
    lookalikes: list[Party] = field(default_factory=list)
    foreign: list[Party] = field(default_factory=list)
    merchants: list[Party] = field(default_factory=list)
    customers: list[Party] = field(default_factory=list)
    late: list[Party] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)

    def dice(self, purpose: str) -> Random:
        """The random source for this purpose; see `frequency.dice`."""
        return dice(self.seed, purpose)


def found(
    seed: int, span: tuple[date, date], *, staff: int, jitter_days: int, missed: float
) -> Company:
    """Invent a company whose books cover `span` (first and last day). Equal arguments give the same
    company."""
    rng = dice(seed, "company")
    company = Company(seed, span, Registry(rng), Names(rng))
    _hire(company, staff)
    _meet(company, rng)
    company.lookalikes = _twins(company, rng)
    habit = Habit(jitter_days, missed, shifted=0.03, doubled=0.0)
    company.streams = [_commit(company, rng, s, _partner(company, s), habit) for s in SPECS]
    company.streams += [_employ(company, rng, person, n) for n, person in enumerate(company.staff)]
    return company


def _hire(company: Company, staff: int) -> None:
    for _ in range(staff):
        company.staff.append(company.registry.add("employee", company.names.person()))


def _meet(company: Company, rng: Random) -> None:
    add, names = company.registry.add, company.names
    for role in dict.fromkeys(spec.role for spec in SPECS if spec.role != "customer"):
        company.roles[role] = add("bank" if role == "bank" else "vendor", names.company(role))
    for group, role, kind in (
        (company.suppliers, "supply", "vendor"),
        (company.merchants, "merchant", "vendor"),
        (company.customers, "customer", "customer"),
    ):
        group += [add(kind, names.company(role, trade)) for trade in TRADES[role]]
    for trade in rng.sample(TRADES["foreign"], 2):
        name = f"{names.place()} {trade} {rng.choice(('BV', 'GmbH'))}"
        company.foreign.append(add("vendor", name, currency="EUR"))
    company.roles["designsoft"].currency = "USD"
    paid_by_card = [company.roles[spec.role] for spec in SPECS if spec.via == "card"]
    for party in (*company.merchants, *paid_by_card):
        party.iban = ""  # nobody knows a shop's bank account
    company.late = company.customers[-2:]


def _twins(company: Company, rng: Random) -> list[Party]:
    """Suppliers that only look like others: another region, another trade, or the same name."""
    first, second, third = rng.sample(company.suppliers, 3)
    place, trade = first.name.split()[0], spelling_noise.bare(second.name).split()
    names = (
        (first, f"{spelling_noise.bare(first.name)} ({rng.choice(('North', 'Wales'))}) Ltd"),
        (first, f"{place} {rng.choice(('Roofing', 'Plumbing', 'Security'))} Ltd"),
        (second, f"{trade[0]} & Sons {' '.join(trade[1:])} Ltd"),
        (third, third.name),
    )
    twins = [company.registry.add("vendor", name) for _, name in names]
    for (original, _), twin in zip(names, twins, strict=True):
        original.apart_from.append(twin.id)
        twin.apart_from.append(original.id)
    twins[0].apart_from.append(twins[1].id)
    twins[1].apart_from.append(twins[0].id)
    return twins


def ghost(company: Company, victim: Party) -> Party:
    """A fictitious supplier, with keys of its own but the victim's bank account."""
    party = company.registry.add("vendor", company.names.company("supply"))
    party.iban, party.currency = victim.iban, victim.currency
    party.apart_from.append(victim.id)
    victim.apart_from.append(party.id)
    return party


def _commit(company: Company, rng: Random, spec: Spec, party: Party, usual: Habit) -> Stream:
    start, end = company.span
    length = (end - start).days
    first = start + DAY * rng.randint(length // 4, length // 3) if spec.late else start
    last = end - DAY * rng.randint(length * 2 // 5, length // 2) if spec.early else end
    return Stream(
        spec, party, first_day(rng, spec, first), last, not spec.early,
        habit_of(spec, usual), random_price(rng, spec),
        rise_on=start + DAY * rng.randint(length * 2 // 5, length * 3 // 5) if spec.rises else None,
        rise=rng.uniform(1.04, 1.15), who=rng.choice(company.staff),
    )  # fmt: skip


def _partner(company: Company, spec: Spec) -> Party:
    if spec.role != "customer":
        return company.roles[spec.role]
    orders = [other.id for other in SPECS if other.role == "customer"]
    # The first standing order goes to the last customer, who is one of the late payers.
    return company.customers[orders.index(spec.id) - 1]


def _employ(company: Company, rng: Random, person: Party, number: int) -> Stream:
    """The stream of a person's salary. Of the staff, some join late, one in ten leaves, and one in
    four is paid by the hour."""
    spec = Spec(
        f"salary-{number:02d}", "employee", "Payroll", "monthly", "payroll", 1650, 3600,
        "Salary", spread=rng.choice((0, 0, 0, 0.07)), rises=True, steady=True, day=28,
        late=number % 9 == 4, early=number % 10 == 7,
    )  # fmt: skip
    return _commit(company, rng, spec, person, Habit())
