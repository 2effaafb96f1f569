"""People's decisions on cases of possible double payments: record one, and find the last one."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from graph.database.tenancy import tenant_transaction
from graph.enrich.cases import PAIRS
from graph.errors import DecidedMeanwhile, QuestionError
from graph.models import DuplicateTransaction, PaymentCase, PaymentCaseEntry
from graph.models.choices import CaseAction, CaseState
from graph.questions import cases, source_names
from graph.questions.cases import Answer

DECISIONS = {
    CaseAction.CONFIRM.value: CaseState.CONFIRMED.value,
    CaseAction.DISMISS.value: CaseState.DISMISSED.value,
    CaseAction.RECOVER.value: CaseState.RECOVERED.value,
    CaseAction.REOPEN.value: CaseState.OPEN.value,
    CaseAction.ASSIGN.value: None,
    CaseAction.NOTE.value: None,
}
BACK = {  # the action that takes a decision back, by the decision
    CaseAction.CONFIRM.value: CaseAction.REOPEN.value,
    CaseAction.DISMISS.value: CaseAction.REOPEN.value,
    CaseAction.RECOVER.value: CaseAction.CONFIRM.value,
}


def decide(
    user_id: UUID,
    case_id: UUID | str,
    action: str,
    *,
    by: str,
    note: str = "",
    owner: str | None = None,
    amount: Decimal | None = None,
    seen: str | None = None,
    version: str | None = None,
    at: datetime | None = None,
) -> Answer:
    """Record a person's decision on a case, and return the case's new state.

    `action` is confirm, dismiss, reopen, recover, assign or note. recover takes the `amount` that
    came back, by default all that is at risk; assign takes the `owner`, "" for nobody. The case's
    pairs in layer 9 get the same decision. `seen` and `version` are the state and version that the
    person `by` saw. Decisions with the same `at` (default: now) are one decision on several cases.
    Raises NotFound, QuestionError naming the field, and DecidedMeanwhile if the case has changed.
    """
    if action not in DECISIONS:
        raise QuestionError(f"Say one of {', '.join(DECISIONS)}.", "action")
    with tenant_transaction(user_id):
        case_row = cases.get_row(user_id, case_id, lock=True)
        _check_seen(user_id, case_row, seen, version)
        _check(case_row, action, note=note, owner=owner, amount=amount)
        _apply(case_row, action, note=note, owner=owner, amount=amount)
        PaymentCaseEntry.objects.create(
            user_id=user_id,
            case=case_row,
            action=action,
            by=by,
            state=case_row.state,
            owner=case_row.owner,
            note=note,
            amount_recovered=case_row.amount_recovered if action == CaseAction.RECOVER else None,
            created_at=at or Now(),
        )
        return cases.detail(user_id, case_row)


def last_decision(user_id: UUID, case_id: UUID | None = None) -> Answer | None:
    """Return the newest decision that still holds, of all people or on one case; None if there is
    none.

    It has `action`, `by`, `at`, `state`, and `back`: the action that takes it back. `cases` are
    the cases that it decided, with their versions.
    """
    with tenant_transaction(user_id), source_names.read_once():
        standing = _standing_decisions(user_id, case_id)
        last = standing.order_by("-created_at", "-id").first()
        if last is None:
            return None
        alike = standing.filter(created_at=last.created_at, by=last.by, action=last.action)
        decided = PaymentCase.objects.filter(user_id=user_id, id__in=alike.values("case_id"))
        return {
            "action": last.action,
            "back": BACK[last.action],
            "by": last.by,
            "at": last.created_at,
            "state": last.state,
            "cases": cases.answers(user_id, decided.order_by("-amount_at_risk", "id")),
        }


def _standing_decisions(user_id: UUID, case_id: UUID | None) -> "QuerySet[PaymentCaseEntry]":
    """Return, as entries of the history, the last decision on each case that can be taken back
    and still determines the case's state."""
    entries = PaymentCaseEntry.objects.filter(user_id=user_id)
    if case_id is not None:
        entries = entries.filter(case_id=case_id)
    changes = entries.filter(action__in=[name for name, state in DECISIONS.items() if state])
    newest = changes.filter(case=OuterRef("case")).order_by("-created_at", "-id").values("id")[:1]
    last = changes.annotate(newest=Subquery(newest)).filter(id=F("newest"))
    return last.filter(action__in=BACK, state=F("case__state"))


def _check_seen(
    user_id: UUID, case_row: PaymentCase, seen: str | None, version: str | None
) -> None:
    if seen is not None and case_row.state != seen:
        raise DecidedMeanwhile(_meanwhile(user_id, case_row), "seen")
    if version is not None and cases.version_of(case_row) != version:
        raise DecidedMeanwhile(_changed(case_row), "version")


def _meanwhile(user_id: UUID, case_row: PaymentCase) -> str:
    entries = PaymentCaseEntry.objects.filter(user_id=user_id, case=case_row)
    last = entries.order_by("created_at", "id").last()
    by = f" by {last.by}" if last else ""
    name = _name(case_row)
    return f"Somebody else was faster: the case of {name} is already {case_row.state}{by}."


def _changed(case_row: PaymentCase) -> str:
    return (
        f"The case of {_name(case_row)} has changed since you saw it, so it was not decided: look "
        "at its rows again."
    )


def _name(case_row: PaymentCase) -> str:
    return f"{case_row.amount_at_risk:,.2f} {case_row.currency} to {case_row.party}"


def _check(
    case_row: PaymentCase, action: str, *, note: str, owner: str | None, amount: Decimal | None
) -> None:
    if action == CaseAction.ASSIGN and owner is None:
        raise QuestionError("State the owner, in `owner`.", "owner")
    if action == CaseAction.NOTE and not note:
        raise QuestionError("The note is empty.", "note")
    if amount is not None and action != CaseAction.RECOVER:
        raise QuestionError("Only the action recover takes an amount.", "amount")
    if amount is not None and not 0 < amount <= case_row.amount_at_risk:
        most = f"{case_row.amount_at_risk:.2f} {case_row.currency}"
        raise QuestionError(f"Say more than 0 and at most {most}, what is at risk.", "amount")


def _apply(
    case_row: PaymentCase, action: str, *, note: str, owner: str | None, amount: Decimal | None
) -> None:
    state = DECISIONS[action]
    if owner is not None:
        case_row.owner = owner
    if note:
        case_row.note = note
    if state is not None:
        case_row.state = state
        case_row.amount_recovered = Decimal(0)
        if state == CaseState.RECOVERED:
            case_row.amount_recovered = case_row.amount_at_risk if amount is None else amount
        _judge_pairs(case_row)
    case_row.updated_at = Now()
    case_row.save()
    case_row.refresh_from_db()


def _judge_pairs(case_row: PaymentCase) -> None:
    DuplicateTransaction.objects.filter(
        user_id=case_row.user_id,
        relationship_key__in=case_row.row_keys,
        original_key__in=case_row.row_keys,
    ).exclude(evidence__kind="republished").update(status=PAIRS[case_row.state])
