"""The queue of possible double payments, with all rows of a case side by side."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from finley.auth import members
from finley.models import Role
from finley.web import downloads, list_filters, more, since_last_visit
from finley.web.access import PageRequest, page, require_same_tenant
from finley.web.downloads import Column
from finley.web.review import unpaid
from graph.errors import DecidedMeanwhile, GraphError, NotFound, QuestionError
from graph.models.choices import CaseAction, CaseRole, CaseState, Records
from graph.questions import cases, search
from graph.questions.decisions import case_decisions
from graph.questions.rows import of_cases

A_PAGE = 15  # cases
MOST = 500  # cases that one action may decide
OF_MANY = (CaseAction.CONFIRM, CaseAction.DISMISS, CaseAction.REOPEN)
ACTIONS = (*OF_MANY, CaseAction.RECOVER, CaseAction.ASSIGN, CaseAction.NOTE)
DONE = {
    "confirm": "confirmed",
    "dismiss": "dismissed",
    "reopen": "open again",
    "recover": "recovered",
    "assign": "assigned",
    "note": "noted",
}
COLUMNS = (
    Column("State", lambda case: case["state"]),
    Column("Party", lambda case: case["party"]),
    Column("At risk", lambda case: case["amount_at_risk"]),
    Column("Recovered", lambda case: case["amount_recovered"]),
    Column("Currency", lambda case: case["currency"]),
    Column("Extra payments", lambda case: case["extra_payments"]),
    Column("First day", lambda case: case["first_day"]),
    Column("Last day", lambda case: case["last_day"]),
    Column("Why", lambda case: case["reason"]),
    Column("Sure", lambda case: case["confidence"]),
    Column("Owner", lambda case: case["owner"]),
    Column("Note", lambda case: case["note"]),
    Column("Id", lambda case: str(case["id"])),
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """A case, and the version that it had when a page showed it. The version is None if the form
    does not state it."""

    id: UUID
    version: str | None


@page()
def review(request: PageRequest) -> HttpResponse:
    """The page of the cases in one state, the most certain first. Parameters: `state`, `party`,
    `min_amount`, `new` (yes: only cases found since the person's last visit), `offset`."""
    try:
        filters = _filters(request, request.GET)
    except QuestionError as error:
        if error.field != "min_amount":
            raise
        refused = {"state": request.GET.get("state"), "states": CaseState.values, "error": error}
        return render(request, "web/review.html", refused, status=400)
    user_id = request.access.tenant_id
    if downloads.wants_file(request):
        answer = cases.cases(user_id, **filters, order="confidence", limit=downloads.MOST + 1)
        return downloads.file(request, "paid-twice", COLUMNS, answer["results"])
    part = more.by_offset(request, A_PAGE, 3 * A_PAGE)
    answer = cases.cases(
        user_id,
        **filters,
        order="confidence",
        limit=part.end - part.start,
        offset=part.start,
    )
    found = [cases.case(user_id, case["id"]) for case in answer["results"]]
    context = {
        "cases": _compared(user_id, found),
        "totals": answer["totals"],
        "count": answer["count"],
        "narrowed": bool(filters["party"] or filters["min_amount"] or filters["found_after"]),
        "is_new": bool(filters["found_after"]),
        "of_party": filters["party"],
        "state": filters["state"],
        "states": CaseState.values,
        "members": members.emails(user_id),
        "last": case_decisions.last_decision(user_id),
        **part.link(answer["count"]),
    }
    return render(request, "web/review.html", context)


@page()
def one(request: PageRequest, case_id: UUID) -> HttpResponse:
    """The page of one case: its rows, its history, and its last decision, which can be taken
    back."""
    user_id = request.access.tenant_id
    (case,) = _compared(user_id, [cases.case(user_id, case_id)])
    context = {
        "case": case,
        "state": case["state"],
        "last": case_decisions.last_decision(user_id, case_id),
        "members": members.emails(user_id),
        "is_alone": True,
    }
    return render(request, "web/case.html", context)


def _compared(user_id: UUID, found: list[Row]) -> list[Row]:
    """The cases with what a person needs to compare their rows (`of_cases.compared`), each with its
    party as `entity` and its bills that are not paid in full as `unpaid`."""
    rows = unpaid.with_unpaid(user_id, of_cases.compared(user_id, found))
    return [_of_one_party(case) for case in rows]


def _of_one_party(case: Row) -> Row:
    """A copy of the case with `entity`: the party of its extra rows, or else of any of its rows;
    None if it is not known. `billed_only` says that it repeats bills, and no payment."""
    parties = [row["of_party"] for row in case["rows"] if row["of_party"]]
    extra = [row["of_party"] for row in case["rows"] if row["role"] == "extra" and row["of_party"]]
    repeated = [row["kind"] for row in case["rows"] if row["role"] == CaseRole.EXTRA]
    return {
        **case,
        "entity": next(iter(extra or parties), None),
        "billed_only": set(repeated) == {Records.OBLIGATION},
    }


def _filters(request: PageRequest, query: QueryDict) -> Row:
    state = list_filters.text_of(query, "state") or CaseState.OPEN.value
    if state not in CaseState.values:
        raise QuestionError(f"There is no state {state}: say {', '.join(CaseState)}.", "state")
    text = list_filters.text_of(query, "min_amount")
    return {
        "state": state,
        "party": _party(request.access.tenant_id, list_filters.text_of(query, "party"), state),
        "min_amount": list_filters.amount("min_amount", text) if text else None,
        "found_after": since_last_visit.since(request) if query.get("new") == "yes" else None,
    }


def _party(user_id: UUID, text: str, state: str) -> str | None:
    """The part of a party's name to filter by: the text, or if no case has it, the name of the
    party that is most like it, so that typos do no harm. None without a text."""
    if not text or cases.cases(user_id, state=state, party=text, limit=1)["count"]:
        return text or None
    most_alike = search.entities(user_id, text[:200], limit=1).entities
    return most_alike[0]["name"] if most_alike else text


@require_POST
@page(Role.REVIEWER)
def decide(request: PageRequest) -> HttpResponse:
    """Apply one action to the chosen cases, as they were shown. A case that another person decided
    meanwhile, or whose rows changed, stays as it is, and the page says so."""
    require_same_tenant(request)
    every, seen = request.POST.get("every", ""), request.POST.get("seen", "")
    if every in OF_MANY and seen in CaseState.values:
        return _ask(request, every, seen)
    if "last" in request.POST:
        return _take_back(request)
    action, shown = request.POST.get("action", ""), _shown(request.POST.getlist("case"))
    if action not in ACTIONS or seen not in CaseState.values or not shown:
        raise QuestionError("Choose a case and an action.", "action")
    if action in OF_MANY:
        return _decide_all(request, shown, action, seen)
    if len(shown) > 1:
        raise QuestionError(f"{action.capitalize()} one case at a time.", "action")
    return _save_typed(request, shown[0], action, seen)


def _decide_all(request: PageRequest, shown: list[Shown], action: str, seen: str) -> HttpResponse:
    at = timezone.now()  # one time, so that the decision is taken back for all of them together
    changed = [case for case in shown if _decide(request, case, action, seen, at)]
    if changed:
        messages.success(request, f"{len(changed)} of {len(shown)} {DONE[action]}.")
    return _back(request)


def _save_typed(request: PageRequest, case: Shown, action: str, seen: str) -> HttpResponse:
    """Save all that the form of one case holds, whichever of its buttons was pressed: the note, the
    person to whom the case is assigned, and what came back."""
    at, done = timezone.now(), list[str]()
    for name in _typed(request.POST, action):
        if not _decide(request, case, name, seen, at):
            break
        done.append(DONE[name])
    if done:
        messages.success(request, f"1 of 1 {' and '.join(done)}.")
    if DONE[CaseAction.ASSIGN] in done:
        _warn_of_stranger(request, _owner(request))
    return _back(request)


def _typed(form: QueryDict, action: str) -> list[str]:
    """The actions that the form's entries need. An assignment is the first one, because the last
    one may change the case's state."""
    is_assigned = form.get("owner", "") != form.get("owner_seen", form.get("owner", ""))
    is_noted = bool(form.get("note", "").strip())
    if action == CaseAction.RECOVER:
        return [*([CaseAction.ASSIGN.value] if is_assigned else []), action]
    wanted = {
        CaseAction.ASSIGN.value: is_assigned or action == CaseAction.ASSIGN,
        CaseAction.NOTE.value: is_noted or (action == CaseAction.NOTE and not is_assigned),
    }
    return [name for name, is_wanted in wanted.items() if is_wanted]


def _warn_of_stranger(request: PageRequest, owner: str) -> None:
    """Say so if the case was assigned to somebody who cannot see it, such as an outside
    accountant."""
    if owner and owner not in members.emails(request.access.tenant_id):
        text = f"{owner} is no member of these books, and cannot see the case here."
        messages.warning(request, text)


def _owner(request: PageRequest) -> str:
    return request.POST.get("owner", "").strip()[:200]


def _take_back(request: PageRequest) -> HttpResponse:
    """Take back the decision that the page showed as the last one, of all cases or of the case
    `of`. The form names the decision by its time. If another one has followed, nothing is done, and
    the page says so."""
    of = _shown([text])[0].id if (text := request.POST.get("of", "")) else None
    last = case_decisions.last_decision(request.access.tenant_id, of)
    if last is None or last["at"].isoformat() != request.POST["last"]:
        messages.warning(request, "Nothing was done: this is no longer the last decision.")
        return _back(request)
    shown = [Shown(case["id"], case["version"]) for case in last["cases"]]
    return _decide_all(request, shown, last["back"], last["state"])


def _back(request: PageRequest) -> HttpResponse:
    following = request.POST.get("back", "")
    return redirect(following if following.startswith("/review/") else "review")


def _ask(request: PageRequest, action: str, seen: str) -> HttpResponse:
    """The page that asks for confirmation before the action is applied to all cases of a filter. It
    lists the cases, and its form names exactly these."""
    filters = _filters(request, request.POST) | {"state": seen}
    answer = cases.cases(request.access.tenant_id, **filters, order="confidence", limit=MOST)
    context = {
        "action": action,
        "seen": seen,
        "count": answer["count"],
        "cases": answer["results"],
        "totals": answer["totals"],
        "party": request.POST.get("party", ""),
        "min_amount": request.POST.get("min_amount", ""),
        "is_new": bool(filters["found_after"]),
        "back": request.POST.get("back", ""),
    }
    return render(request, "web/review_sure.html", context)


def _decide(request: PageRequest, case: Shown, action: str, seen: str, at: datetime) -> bool:
    """Apply the action to the case at the time `at`. Return whether this succeeded; if not, the
    page says why. `seen` is the state in which the page showed the case."""
    is_assigned = action == CaseAction.ASSIGN
    try:
        case_decisions.decide(
            request.access.tenant_id,
            case.id,
            action,
            by=str(request.access.person.email),
            note="" if is_assigned else request.POST.get("note", "").strip()[:2_000],
            owner=_owner(request) if is_assigned else None,
            amount=_recovered(request, action),
            seen=seen,
            version=case.version,
            at=at,
        )
    except (DecidedMeanwhile, NotFound) as error:
        messages.warning(request, str(error))
        return False
    except GraphError as error:
        messages.error(request, str(error))
        return False
    return True


def _recovered(request: PageRequest, action: str) -> Decimal | None:
    text = request.POST.get("amount", "").strip()
    return list_filters.amount("amount", text) if action == CaseAction.RECOVER and text else None


def _shown(texts: list[str]) -> list[Shown]:
    """Parse the form's texts into cases with the versions that were shown. Raises QuestionError."""
    try:
        return [_one_shown(text) for text in texts]
    except ValueError:
        raise QuestionError("There is no such case.", "case") from None


def _one_shown(text: str) -> Shown:
    case, _, version = text.partition(":")
    return Shown(UUID(case), version or None)
