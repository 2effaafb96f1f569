"""Cases: the pairs of layer 9 about one possible double payment, as one.

Pairs are about one case where they share a row, where their rows are views of one payment, where
layer 9 says so (the lines of one invoice, a batch that is paid again), where one's payment settles
the other's invoice, or where two payments to a party are of the very amount of two invoices of it
that are a pair. The amount at risk is that of the extra rows, once: an extra payment that only pays
an extra invoice of the case adds nothing.

A case is found again by its rows' own keys in their sources, so a decision outlives re-imports and
recomputations. A case that people have closed opens again when more is at risk than they knew.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from graph import sql
from graph.database.bulk import alone
from graph.database.tenancy import tenant_transaction
from graph.enrich.write.counts import Counts
from graph.models import DuplicateTransaction, PaymentCase, PaymentCaseEntry, PaymentCaseRow
from graph.models.choices import MONEY_MOVED, CaseAction, CaseRole, CaseState, DuplicateStatus

PROGRAM = "enrichment"
CLOSED = (CaseState.DISMISSED, CaseState.RECOVERED)
LATEST = 400  # days after its invoice within which a payment of the same amount may be for it


@dataclass(frozen=True)
class Row:
    """One row of a pair. `group`: the view of its payment that counts, or itself."""

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
    """One possible double payment: its pairs, the surest first, and which groups are extra."""

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
        """The columns that programs write."""
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
    """The cases of these pairs (the surest first), in the order of their first pairs."""
    chosen = _Joined()
    for pair in pairs:
        chosen.join(pair.later.group, pair.original.group)
    nodes = {row.group for pair in pairs for row in (pair.later, pair.original)}
    for invoice, payments in settled.items():
        for payment in payments & nodes if invoice in nodes else ():
            chosen.join(invoice, payment)
    for one, other in _of_equal_amounts(pairs, settled):
        chosen.join(one.later.group, other.later.group)
    batches: dict[str, str] = {}
    for pair in pairs:  # layer 9 tells lines of one invoice, and batches, as one
        if named := pair.evidence.get("case"):
            chosen.join(batches.setdefault(named, pair.later.group), pair.later.group)
    by_case: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_case[chosen.first(pair.later.group)].append(pair)
    return [_case(members, settled) for members in by_case.values()]


def _of_equal_amounts(pairs: Iterable[Pair], settled: Settled) -> Iterator[tuple[Pair, Pair]]:
    """Pairs of invoices and pairs of payments to the same party of the same amount, of which no
    settlement says anything else."""
    told = {payment for payments in settled.values() for payment in payments}
    invoices: dict[tuple[str, Decimal, str], list[Pair]] = defaultdict(list)
    payments: dict[tuple[str, Decimal, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        kind = payments if pair.later.moves_money else invoices
        kind[pair.later.party, pair.later.amount, pair.later.currency].append(pair)
    for key in invoices.keys() & payments.keys():
        for invoice in invoices[key]:
            for payment in payments[key]:
                late = (payment.later.day - invoice.original.day).days
                if payment.later.group not in told and 0 <= late <= LATEST:
                    yield invoice, payment


def _case(pairs: list[Pair], settled: Settled) -> Case:
    rows = {row.id: row for pair in pairs for row in (pair.original, pair.later)}
    later: dict[str, Row] = {}
    told: set[tuple[str, str]] = set()
    for (
        pair
    ) in pairs:  # the surest first: the same two payments, seen the other way round, are told
        one, other = pair.later.group, pair.original.group
        if one != other and (other, one) not in told:
            told.add((one, other))
            later.setdefault(one, pair.later)
    owed = {name: row for name, row in later.items() if not row.moves_money}
    amounts = {row.amount for row in owed.values()}
    invoices = {row.group for row in rows.values() if not row.moves_money}
    paying = {payment for invoice in invoices for payment in settled.get(invoice, ())}
    extras = {
        name: row
        for name, row in later.items()
        # a payment of one of the invoices is no further risk
        if name in owed or not (name in paying or row.amount in amounts)
    }
    return Case(sorted(pairs, key=lambda pair: -pair.confidence), extras, rows)


class _Joined:
    """Which names are of one set (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def first(self, name: str) -> str:
        while (parent := self._parent.setdefault(name, name)) != name:
            name = parent
        return name

    def join(self, one: str, other: str) -> None:
        self._parent[self.first(other)] = self.first(one)


def enrich(user_id: UUID) -> Counts:
    """The tenant's cases become what is found now; what people have decided stays.

    After fraud, settles and payment_groups: it reads what they have written.
    """
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        pairs = _pairs(cursor, user_id)
        views = _views(cursor, user_id, pairs)
        found = group(pairs, _settled(views))
        return _write(user_id, found, views)


@dataclass(frozen=True)
class _View:
    """A row of a group's case: a view of it (`same`), or the payment that settles it."""

    of_group: str
    relationship: str
    same: bool


def _pairs(cursor: CursorWrapper, user_id: UUID) -> list[Pair]:
    cursor.execute(sql.read("enrich/case_pairs"), {"user_id": user_id})
    return [
        Pair(pair_id, confidence, status, json.loads(evidence), _row(later), _row(original))
        for pair_id, confidence, status, evidence, later, original in cursor.fetchall()
    ]


def _row(text: str) -> Row:
    stated = json.loads(text, parse_float=Decimal)
    return Row(
        stated["id"],
        stated["payment_group"],
        stated["kind"],
        Decimal(stated["amount"]),
        stated["currency"],
        date.fromisoformat(stated["day"]),
        stated["party"],
        stated["row_key"],
    )


def _views(cursor: CursorWrapper, user_id: UUID, pairs: Iterable[Pair]) -> list[_View]:
    groups = list({row.group for pair in pairs for row in (pair.later, pair.original)})
    cursor.execute(sql.read("enrich/case_views"), {"user_id": user_id, "groups": groups})
    return [_View(*row) for row in cursor.fetchall()]


def _settled(views: Iterable[_View]) -> dict[str, set[str]]:
    settled: dict[str, set[str]] = defaultdict(set)
    for view in views:
        if not view.same:
            settled[view.of_group].add(view.relationship)
    return dict(settled)


def _write(user_id: UUID, found: Sequence[Case], views: Sequence[_View]) -> Counts:
    known = list(PaymentCase.objects.filter(user_id=user_id).order_by("created_at", "id"))
    decided = set(
        PaymentCaseEntry.objects.filter(user_id=user_id)
        .exclude(by=PROGRAM)
        .values_list("case_id", flat=True)
    )
    before = {case.id: _told(case) for case in known}
    matched = _matched(found, known, decided)
    added = changed = 0
    views_of: dict[str, list[_View]] = defaultdict(list)
    for view in views:
        views_of[view.of_group].append(view)
    for case, same in zip(found, matched, strict=True):
        written = _written(user_id, case, same)
        added += not same
        changed += bool(same) and (len(same) > 1 or _told(written) != before[written.id])
        of = {row.group for row in case.rows.values()}
        _write_rows(user_id, written, case, [view for name in of for view in views_of[name]])
    kept = {each.id for same in matched for each in same}
    gone = [case for case in known if case.id not in kept]
    return Counts(added, changed, _take_away(user_id, gone, decided))


def _told(case: PaymentCase) -> tuple[object, ...]:
    names = (
        "kind", "reason", "confidence", "party", "amount_at_risk", "currency", "extra_payments",
        "first_day", "last_day", "evidence", "row_keys", "found", "state",
    )  # fmt: skip
    return tuple(getattr(case, name) for name in names)


def _matched(
    found: Sequence[Case], known: Sequence[PaymentCase], decided: set[UUID]
) -> list[list[PaymentCase]]:
    """For each case the known ones that share a row with it, the one that goes on first: one that
    people have decided on, then the one with most rows in common, then the oldest."""
    by_key: dict[str, list[PaymentCase]] = defaultdict(list)
    for old in known:
        for key in old.row_keys:
            by_key[key].append(old)
    taken: set[UUID] = set()
    matched = []
    for case in found:
        shared: dict[UUID, int] = defaultdict(int)
        cases = {each.id: each for key in case.keys for each in by_key.get(key, ())}
        for key in case.keys:
            for each in by_key.get(key, ()):
                shared[each.id] += 1
        free = [each for each in cases.values() if each.id not in taken]
        free.sort(key=lambda each: (each.id not in decided, -shared[each.id], each.created_at))
        taken |= {each.id for each in free}
        matched.append(free)
    return matched


def _written(user_id: UUID, case: Case, same: list[PaymentCase]) -> PaymentCase:
    """The case as a row of its table, with the decisions of those that it was before."""
    values = case.values()
    if not same:
        made = PaymentCase.objects.create(user_id=user_id, state=_judged(case), **values)
        _enter(made, CaseAction.FOUND, f"{made.amount_at_risk:.2f} {made.currency} at risk")
        return made
    kept, others = same[0], same[1:]
    more = values["amount_at_risk"] > kept.amount_at_risk
    for name, value in values.items():
        setattr(kept, name, value)
    for other in others:
        kept.amount_recovered += other.amount_recovered
        kept.owner, kept.note = kept.owner or other.owner, kept.note or other.note
        PaymentCaseEntry.objects.filter(user_id=user_id, case=other).update(case=kept)
    if kept.state in CLOSED and more:
        kept.state = CaseState.OPEN.value
        _enter(kept, CaseAction.REOPEN, "another row was found: more is at risk than was known")
        DuplicateTransaction.objects.filter(
            user_id=user_id,
            id__in=[pair.id for pair in case.pairs],
            status=DuplicateStatus.DISMISSED.value,
        ).update(status=DuplicateStatus.OPEN.value)
    elif kept.state == CaseState.OPEN and (judged := _judged(case)) != CaseState.OPEN:
        kept.state = judged
        _enter(kept, CaseAction.NOTE, "all of its pairs have been judged one by one")
    kept.save()
    if others:
        _enter(kept, CaseAction.MERGE, f"{len(others)} more were about the same payment")
        PaymentCase.objects.filter(user_id=user_id, id__in=[each.id for each in others]).delete()
    _judge_pairs(user_id, kept, case)
    return kept


def _judged(case: Case) -> str:
    """The state that people's words on the single pairs amount to."""
    words = {pair.status for pair in case.pairs}
    if words == {DuplicateStatus.DISMISSED.value}:
        return CaseState.DISMISSED.value
    if DuplicateStatus.CONFIRMED.value in words and DuplicateStatus.OPEN.value not in words:
        return CaseState.CONFIRMED.value
    return CaseState.OPEN.value


PAIRS = {
    CaseState.CONFIRMED.value: DuplicateStatus.CONFIRMED.value,
    CaseState.RECOVERED.value: DuplicateStatus.CONFIRMED.value,
    CaseState.DISMISSED.value: DuplicateStatus.DISMISSED.value,
    CaseState.OPEN.value: DuplicateStatus.OPEN.value,
}


def _judge_pairs(user_id: UUID, written: PaymentCase, case: Case) -> None:
    """A pair that came to a decided case has the case's decision."""
    if written.state != CaseState.OPEN:
        DuplicateTransaction.objects.filter(
            user_id=user_id,
            id__in=[pair.id for pair in case.pairs],
            status=DuplicateStatus.OPEN.value,
        ).update(status=PAIRS[written.state])


def _write_rows(user_id: UUID, written: PaymentCase, case: Case, views: Sequence[_View]) -> None:
    roles = _roles(case, views)
    rows = PaymentCaseRow.objects.filter(user_id=user_id, case=written)
    known = {str(row.relationship_id): row for row in rows}
    rows.exclude(relationship_id__in=list(roles)).delete()
    PaymentCaseRow.objects.bulk_create(
        PaymentCaseRow(user_id=user_id, case=written, relationship_id=relationship, role=role)
        for relationship, role in roles.items()
        if relationship not in known
    )
    for relationship, row in known.items():
        if relationship in roles and row.role != roles[relationship]:
            row.role = roles[relationship]
            row.save(update_fields=["role"])


def _roles(case: Case, views: Iterable[_View]) -> dict[str, str]:
    """Each row's part in the case."""
    groups = {row.group for row in case.rows.values()}
    roles = {view.relationship: CaseRole.VIEW.value for view in views if view.of_group in groups}
    extras = {row.id for row in case.extras.values()}
    pays = {row.id for row in case.rows.values() if row.moves_money}
    owed = any(not row.moves_money for row in case.rows.values())
    for row in case.rows:
        counted = CaseRole.EXTRA if row in extras else CaseRole.ORIGINAL
        roles[row] = (CaseRole.VIEW if owed and row in pays else counted).value
    return roles


def _take_away(user_id: UUID, gone: Iterable[PaymentCase], decided: set[UUID]) -> int:
    """What is found no more goes, but a case that people have said something about stays."""
    removed = 0
    for case in gone:
        if case.id not in decided:
            case.delete()
            removed += 1
        elif case.found:
            PaymentCase.objects.filter(user_id=user_id, id=case.id).update(found=False)
            PaymentCaseRow.objects.filter(user_id=user_id, case=case).delete()
            removed += 1
    return removed


def _enter(case: PaymentCase, action: CaseAction, note: str) -> None:
    PaymentCaseEntry.objects.create(
        user_id=case.user_id,
        case=case,
        action=action.value,
        by=PROGRAM,
        state=case.state,
        owner=case.owner,
        note=note,
    )
