"""Groups the pairs of layer 9 into cases: one case per possible double payment, with the amount at
risk.

Two pairs belong to one case in each of these situations. They share a row. Their rows are sightings
of one payment. Layer 9 says so (the lines of one invoice, a batch that is paid again). The payment
in one pair settles the invoice in the other. Two payments to a party have the amounts of two of its
invoices that are a pair.

The amount at risk is that of the extra rows, counted once. An extra payment that only pays an extra
invoice of the case adds nothing. Nothing here uses the database.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from graph.models.choices import MONEY_MOVED

LATEST = 400  # days after an invoice within which a payment of the same amount may belong to it


@dataclass(frozen=True)
class Row:
    """One row of a pair, as a relationship.

    `group` is the id of the canonical sighting of its payment, or its own id if it has one sighting
    only. `key` is the row's source and key.
    """

    id: str
    group: str
    kind: str
    amount: Decimal
    currency: str
    day: date
    party: str
    key: str

    @property
    def moves_money(self) -> bool:
        return self.kind in MONEY_MOVED


@dataclass(frozen=True)
class Pair:
    """A pair of layer 9: the later row repeats the original."""

    id: UUID
    confidence: float
    status: str
    evidence: dict[str, Any]
    later: Row
    original: Row


Settled = Mapping[str, set[str]]  # an invoice → the groups of the payments that settle it


@dataclass(frozen=True)
class Case:
    """One possible double payment.

    `pairs` are ordered by confidence. `extras` has the extra row of each group that should not have
    been paid, by group. `rows` has all rows by id.
    """

    pairs: Sequence[Pair]
    extras: Mapping[str, Row]
    rows: Mapping[str, Row]

    @property
    def amount(self) -> Decimal:
        return sum((row.amount for row in self.extras.values()), Decimal(0))

    @property
    def keys(self) -> list[str]:
        return sorted({row.key for pair in self.pairs for row in (pair.later, pair.original)})

    def values(self) -> dict[str, Any]:
        """Return the values of the case's row that programs write, by column. The columns that
        people write are not among them."""
        best = self.pairs[0]
        days = [row.day for row in self.rows.values()]
        return {
            "kind": best.evidence.get("kind", ""),
            "reason": best.evidence.get("why", ""),
            "confidence": best.confidence,
            "party": best.later.party,
            "amount_at_risk": self.amount,
            "currency": best.later.currency,
            "extra_payments": len(self.extras),
            "first_day": min(days),
            "last_day": max(days),
            "evidence": {
                "for": [_reason(pair) for pair in self.pairs],
                "against": list(
                    dict.fromkeys(
                        note for pair in self.pairs for note in pair.evidence.get("against", [])
                    )
                ),
            },
            "row_keys": self.keys,
            "found": True,
        }


def _reason(pair: Pair) -> dict[str, Any]:
    return {
        "kind": pair.evidence.get("kind", ""),
        "why": pair.evidence.get("why", ""),
        "confidence": round(pair.confidence, 4),
        "repeats": [pair.later.key, pair.original.key],
    }


def group(pairs: Sequence[Pair], settled: Settled) -> list[Case]:
    """Return the cases of these pairs, which are ordered by confidence. A case comes where its
    first pair does.

    `settled` has, for each invoice's group, the groups of the payments that settle it.
    """
    sets = _UnionFind()
    for pair in pairs:
        sets.join(pair.later.group, pair.original.group)
    nodes = {row.group for pair in pairs for row in (pair.later, pair.original)}
    for invoice, payments in settled.items():
        for payment in payments & nodes if invoice in nodes else ():
            sets.join(invoice, payment)
    for one, other in _of_equal_amounts(pairs, settled):
        sets.join(one.later.group, other.later.group)
    batches: dict[str, str] = {}
    for pair in pairs:  # layer 9 marks the lines of one invoice, and batches, as one case
        if name := pair.evidence.get("case"):
            sets.join(batches.setdefault(name, pair.later.group), pair.later.group)
    by_case: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_case[sets.first(pair.later.group)].append(pair)
    return [_case(members, settled) for members in by_case.values()]


def _of_equal_amounts(pairs: Iterable[Pair], settled: Settled) -> Iterator[tuple[Pair, Pair]]:
    """Yield (pair of invoices, pair of payments) of one party, amount and currency.

    The payment follows the invoice within LATEST days, and is not known to settle an invoice.
    """
    settling = {payment for payments in settled.values() for payment in payments}
    invoices: dict[tuple[str, Decimal, str], list[Pair]] = defaultdict(list)
    payments: dict[tuple[str, Decimal, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        kind = payments if pair.later.moves_money else invoices
        kind[pair.later.party, pair.later.amount, pair.later.currency].append(pair)
    for key in invoices.keys() & payments.keys():
        for invoice in invoices[key]:
            for payment in payments[key]:
                late = (payment.later.day - invoice.original.day).days
                if payment.later.group not in settling and 0 <= late <= LATEST:
                    yield invoice, payment


def _case(pairs: list[Pair], settled: Settled) -> Case:
    rows = {row.id: row for pair in pairs for row in (pair.original, pair.later)}
    later: dict[str, Row] = {}
    pair_groups: set[tuple[str, str]] = set()
    for pair in pairs:  # the surest first: its mirror image, the other way round, adds nothing
        one, other = pair.later.group, pair.original.group
        if one != other and (other, one) not in pair_groups:
            pair_groups.add((one, other))
            later.setdefault(one, pair.later)
    owed = {name: row for name, row in later.items() if not row.moves_money}
    amounts = {row.amount for row in owed.values()}
    invoices = {row.group for row in rows.values() if not row.moves_money}
    paying = {payment for invoice in invoices for payment in settled.get(invoice, ())}
    extras = {
        name: row
        for name, row in later.items()
        # a payment of one of the invoices adds nothing to the risk
        if name in owed or not (name in paying or row.amount in amounts)
    }
    return Case(sorted(pairs, key=lambda pair: -pair.confidence), extras, rows)


class _UnionFind:
    """Sets of names that `join` merges; `first` returns one name for all names of a set
    (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def first(self, name: str) -> str:
        while (parent := self._parent.setdefault(name, name)) != name:
            name = parent
        return name

    def join(self, one: str, other: str) -> None:
        self._parent[self.first(other)] = self.first(one)
