"""Payments that may have been paid twice, side by side, for a person to decide."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from finley.models import Role
from finley.web import downloads, findings, parameters
from finley.web.access import PageRequest, page
from finley.web.downloads import Column
from finley.web.sums import by_currency
from finley.web.templatetags.finley import day
from graph.errors import QuestionError
from graph.models.choices import DuplicateStatus
from graph.questions import duplicates

FIELDS = (("day", "Day"), ("amount", "Amount"), ("number", "Number"), ("key", "Row"))
VERBS = {
    "confirm": DuplicateStatus.CONFIRMED,
    "dismiss": DuplicateStatus.DISMISSED,
    "reopen": DuplicateStatus.OPEN,
}
A_PAGE = 25
COLUMNS = (
    Column("Party", lambda row: row["target"].name if row["target"] else ""),
    Column("Amount", lambda row: row["amount"]),
    Column("Currency", lambda row: row["currency"]),
    Column("Date", lambda row: row["occurred_at"].date()),
    Column("Document", lambda row: row["document_ref"]),
    Column("Why", lambda row: row["evidence"].get("why")),
    Column("Sure", lambda row: row["insight"]["duplicate_confidence"]),
    Column("Later row", lambda row: _key(row, 0)),
    Column("Earlier row", lambda row: _key(row, 1)),
)
Row = dict[str, Any]


@page()
def review(request: PageRequest) -> HttpResponse:
    """The queue: the surest and dearest first. `status`: open (the default) or confirmed."""
    status = parameters.text_of(request.GET, "status") or DuplicateStatus.OPEN.value
    if status not in (DuplicateStatus.OPEN, DuplicateStatus.CONFIRMED):
        raise QuestionError(f"There is no queue {status}: say open or confirmed.", "status")
    found = findings.duplicates(request.access.tenant_id, status)
    party = parameters.text_of(request.GET, "party").casefold()
    rows = [row for row in found.rows if party in _name(row).casefold()]
    rows.sort(key=lambda row: (-row["insight"]["duplicate_confidence"], -(row["amount"] or 0)))
    if downloads.wants_file(request):
        return downloads.file(request, "paid-twice", COLUMNS, rows)
    context = {
        "rows": [{**row, "lines": _lines(row)} for row in rows[:A_PAGE]],
        "sums": by_currency(rows),
        "count": len(rows),
        "more": found.more,
        "status": status,
        "a_page": A_PAGE,
    }
    return render(request, "web/review.html", context)


def _name(row: Row) -> str:
    return row["target"].name if row["target"] else ""


def _lines(row: Row) -> list[Row]:
    """A line a field: both rows' values, and whether they differ."""
    pair = row["evidence"].get("rows", [])[:2]
    if len(pair) < 2:
        return []
    return [
        {
            "title": title,
            "later": _cell(pair[0], name),
            "earlier": _cell(pair[1], name),
            "differs": name != "key" and pair[0].get(name) != pair[1].get(name),
        }
        for name, title in FIELDS
    ]


def _cell(row: Row, name: str) -> str:
    value = str(row.get(name) or "")
    return day(value) if name == "day" else value


def _key(row: Row, at: int) -> str:
    pair = row["evidence"].get("rows", [])
    return str(pair[at].get("key", "")) if len(pair) > at else ""


@require_POST
@page(Role.REVIEWER)
def decide(request: PageRequest) -> HttpResponse:
    """Confirm, dismiss or reopen the pairs chosen; who comes second is told what stands."""
    verb = request.POST.get("verb", "")
    seen = request.POST.get("seen", "")
    if verb not in VERBS or seen not in DuplicateStatus.values:
        raise QuestionError("Say confirm, dismiss or reopen, and what you saw.", "verb")
    pairs = _ids(request.POST.getlist("pair"))
    user_id = request.access.tenant_id
    changed = duplicates.decide(user_id, pairs, VERBS[verb], seen=DuplicateStatus(seen))
    _tell(request, verb, pairs, changed)
    if changed and verb != "reopen":
        request.session["undo"] = {"pairs": [str(pair) for pair in changed], "status": VERBS[verb]}
    else:
        request.session.pop("undo", None)
    following = request.POST.get("back", "")
    return redirect(following if following.startswith("/review/") else "review")


def _tell(request: PageRequest, verb: str, pairs: list[UUID], changed: list[UUID]) -> None:
    done = {"confirm": "confirmed", "dismiss": "dismissed", "reopen": "open again"}[verb]
    if changed:
        messages.success(request, f"{len(changed)} of {len(pairs)} {done}.")
    if others := set(pairs) - set(changed):
        now = duplicates.statuses(request.access.tenant_id, list(others))
        for pair in others:
            state = now.get(pair, "no longer found")
            messages.warning(
                request, f"Somebody else was faster: a pair is {state} already. It was left so."
            )


def _ids(texts: list[str]) -> list[UUID]:
    try:
        return [UUID(text) for text in texts]
    except ValueError:
        raise QuestionError("There is no such pair.", "pair") from None
