"""Writes the cases to their tables. Each case keeps what people decided about it.

`graph.enrich.case_groups` says which pairs of layer 9 are one case. A case is recognised by the
keys of its rows in their sources, so a decision survives re-imports and recomputations. A case that
people closed is opened again if more is at risk than they knew.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from graph import sql
from graph.database.bulk import alone
from graph.database.tenancy import tenant_transaction
from graph.enrich.case_groups import Case, Pair, Row, group
from graph.enrich.write.counts import Counts
from graph.models import DuplicateTransaction, PaymentCase, PaymentCaseEntry, PaymentCaseRow
from graph.models.choices import CaseAction, CaseRole, CaseState, DuplicateStatus

PROGRAM = "enrichment"
CLOSED = (CaseState.DISMISSED, CaseState.RECOVERED)


def enrich(user_id: UUID) -> Counts:
    """Write the tenant's cases, and return the numbers of changed cases. People's decisions stay.

    It must run after fraud, settles and payment_groups, whose results it reads.
    """
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        pairs = _pairs(cursor, user_id)
        views = _views(cursor, user_id, pairs)
        cases = group(pairs, _settled(views))
        return _write(user_id, cases, views)


@dataclass(frozen=True)
class _View:
    """A relationship that belongs to the payment `of_group` of a case: another sighting of it
    (`same`), or a payment that settles it."""

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
    columns = json.loads(text, parse_float=Decimal)
    return Row(
        columns["id"],
        columns["payment_group"],
        columns["kind"],
        Decimal(columns["amount"]),
        columns["currency"],
        date.fromisoformat(columns["day"]),
        columns["party"],
        columns["row_key"],
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


def _write(user_id: UUID, cases: Sequence[Case], views: Sequence[_View]) -> Counts:
    old_rows = list(PaymentCase.objects.filter(user_id=user_id).order_by("created_at", "id"))
    decided = set(
        PaymentCaseEntry.objects.filter(user_id=user_id)
        .exclude(by=PROGRAM)
        .values_list("case_id", flat=True)
    )
    before = {case.id: _visible_fields(case) for case in old_rows}
    matched = _continued_cases(cases, old_rows, decided)
    added = changed = 0
    views_of: dict[str, list[_View]] = defaultdict(list)
    for view in views:
        views_of[view.of_group].append(view)
    for case, same in zip(cases, matched, strict=True):
        case_row = _written(user_id, case, same)
        added += not same
        changed += bool(same) and (
            len(same) > 1 or _visible_fields(case_row) != before[case_row.id]
        )
        of = {row.group for row in case.rows.values()}
        _write_rows(user_id, case_row, case, [view for name in of for view in views_of[name]])
    continued = {old.id for same in matched for old in same}
    obsolete = [case for case in old_rows if case.id not in continued]
    return Counts(added, changed, _remove_obsolete(user_id, obsolete, decided))


def _visible_fields(case: PaymentCase) -> tuple[object, ...]:
    names = (
        "kind", "reason", "confidence", "party", "amount_at_risk", "currency", "extra_payments",
        "first_day", "last_day", "evidence", "row_keys", "found", "state",
    )  # fmt: skip
    return tuple(getattr(case, name) for name in names)


def _continued_cases(
    current: Sequence[Case], old_rows: Sequence[PaymentCase], decided: set[UUID]
) -> list[list[PaymentCase]]:
    """Return, for each current case, the stored cases that share a row with it. Its decisions are
    kept in the first one.

    The first is one that people have decided on, then the one with the most rows in common, then
    the oldest. A stored case goes to one current case only.
    """
    by_key: dict[str, list[PaymentCase]] = defaultdict(list)
    for old in old_rows:
        for key in old.row_keys:
            by_key[key].append(old)
    assigned: set[UUID] = set()
    matched = []
    for case in current:
        shared: dict[UUID, int] = defaultdict(int)
        candidates = {row.id: row for key in case.keys for row in by_key.get(key, ())}
        for key in case.keys:
            for row in by_key.get(key, ()):
                shared[row.id] += 1
        free = [row for row in candidates.values() if row.id not in assigned]
        free.sort(key=lambda row: (row.id not in decided, -shared[row.id], row.created_at))
        assigned |= {row.id for row in free}
        matched.append(free)
    return matched


def _written(user_id: UUID, case: Case, same: list[PaymentCase]) -> PaymentCase:
    """Write the case to its table and return its row. `same` are the stored cases that it
    continues.

    The row takes over their decisions, notes and recovered amounts, and replaces them. A closed
    case is opened again if more is at risk than before.
    """
    values = case.values()
    if not same:
        row = PaymentCase.objects.create(user_id=user_id, state=_judged(case), **values)
        _enter(row, CaseAction.FOUND, f"{row.amount_at_risk:.2f} {row.currency} at risk")
        return row
    row, others = same[0], same[1:]
    more = values["amount_at_risk"] > row.amount_at_risk
    for name, value in values.items():
        setattr(row, name, value)
    for other in others:
        row.amount_recovered += other.amount_recovered
        row.owner, row.note = row.owner or other.owner, row.note or other.note
        PaymentCaseEntry.objects.filter(user_id=user_id, case=other).update(case=row)
    if row.state in CLOSED and more:
        row.state = CaseState.OPEN.value
        _enter(row, CaseAction.REOPEN, "another row was found: more is at risk than before")
        DuplicateTransaction.objects.filter(
            user_id=user_id,
            id__in=[pair.id for pair in case.pairs],
            status=DuplicateStatus.DISMISSED.value,
        ).update(status=DuplicateStatus.OPEN.value)
    elif row.state == CaseState.OPEN and (judged := _judged(case)) != CaseState.OPEN:
        row.state = judged
        _enter(row, CaseAction.NOTE, "all of its pairs have been judged one by one")
    row.save()
    if others:
        _enter(row, CaseAction.MERGE, f"{len(others)} more were about the same payment")
        PaymentCase.objects.filter(
            user_id=user_id, id__in=[merged.id for merged in others]
        ).delete()
    _judge_pairs(user_id, row, case)
    return row


def _judged(case: Case) -> str:
    """Return the case's state that follows from people's decisions on its pairs, one by one."""
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


def _judge_pairs(user_id: UUID, case_row: PaymentCase, case: Case) -> None:
    """Set the open pairs of a case to the status that follows from the case's state, unless the
    case is open."""
    if case_row.state != CaseState.OPEN:
        DuplicateTransaction.objects.filter(
            user_id=user_id,
            id__in=[pair.id for pair in case.pairs],
            status=DuplicateStatus.OPEN.value,
        ).update(status=PAIRS[case_row.state])


def _write_rows(user_id: UUID, case_row: PaymentCase, case: Case, views: Sequence[_View]) -> None:
    roles = _roles(case, views)
    rows = PaymentCaseRow.objects.filter(user_id=user_id, case=case_row)
    old_rows = {str(row.relationship_id): row for row in rows}
    rows.exclude(relationship_id__in=list(roles)).delete()
    PaymentCaseRow.objects.bulk_create(
        PaymentCaseRow(user_id=user_id, case=case_row, relationship_id=relationship, role=role)
        for relationship, role in roles.items()
        if relationship not in old_rows
    )
    for relationship, row in old_rows.items():
        if relationship in roles and row.role != roles[relationship]:
            row.role = roles[relationship]
            row.save(update_fields=["role"])


def _roles(case: Case, views: Iterable[_View]) -> dict[str, str]:
    """Return row's id → its role in the case: original, extra, or further view of either."""
    groups = {row.group for row in case.rows.values()}
    roles = {view.relationship: CaseRole.VIEW.value for view in views if view.of_group in groups}
    extras = {row.id for row in case.extras.values()}
    pays = {row.id for row in case.rows.values() if row.moves_money}
    owed = any(not row.moves_money for row in case.rows.values())
    for row in case.rows:
        role = CaseRole.EXTRA if row in extras else CaseRole.ORIGINAL
        roles[row] = (CaseRole.VIEW if owed and row in pays else role).value
    return roles


def _remove_obsolete(user_id: UUID, obsolete: Iterable[PaymentCase], decided: set[UUID]) -> int:
    """Delete the stored cases that are not found any more, or mark them as not found if people have
    decided on them.

    Returns the number of cases that were deleted or marked.
    """
    removed = 0
    for case in obsolete:
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
