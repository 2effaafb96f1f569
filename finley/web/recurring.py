"""The page of recurring payments: what each costs per month and per year, and its price over
time."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render

from finley.web import answer_cache, charts, downloads, due_and_risen, list_filters, more
from finley.web.access import PageRequest, page
from finley.web.downloads import Column
from finley.web.sums import recurring_totals
from finley.web.words import evidence
from graph.errors import QuestionError
from graph.questions import days, series, whole_graph
from graph.questions.expected.due import AHEAD
from graph.questions.rows import other_names, records

A_PAGE = 50  # rows
STATES = ("overdue", "stale")
COLUMNS = (
    Column("State", lambda row: row["insight"]["status"]),
    Column("Days overdue", lambda row: row["late"]),
    Column("Expected from", lambda row: row["insight"]["expected_from"]),
    Column("Expected to", lambda row: row["insight"]["expected_to"]),
    Column("From", lambda row: row["source"].name if row["source"] else ""),
    Column("To", lambda row: row["target"].name if row["target"] else ""),
    Column("How often", lambda row: row["frequency"]),
    Column("Least amount", lambda row: row["insight"]["amount_low"]),
    Column("Greatest amount", lambda row: row["insight"]["amount_high"]),
    Column("Per month", lambda row: row["per_month"]),
    Column("Per year", lambda row: row["per_year"]),
    Column("Currency", lambda row: row["currency"]),
    Column("Sure", lambda row: row["insight"]["prediction_confidence"]),
    Column("Why", lambda row: row["insight"]["prediction_reason"]),
)
Row = dict[str, Any]
ORDERS: dict[str, tuple[str, Callable[[Row], Any]]] = {  # by parameter: the column, and its order
    "next": ("Expected", lambda row: row["insight"]["expected_from"]),
    "party": ("Party", lambda row: row["party"].name.lower() if row["party"] else ""),
    "often": ("How often", lambda row: -row["times"]),
    "amount": ("Amount", lambda row: (row["currency"], -(row["insight"]["amount_high"] or 0))),
    "year": ("Per year", lambda row: (row["currency"], -row["per_year"])),
}


@page()
def recurring(request: PageRequest) -> HttpResponse:
    """The page of recurring payments: the next payment of each active series. The parameters are
    `state` (a filter) and `order` (by default the earliest first)."""
    if request.GET.get("state") == "due":  # an older link
        return redirect("due")
    list_filters.require_known(request.GET, "state", "order")
    state, order = _state(request), _order(request)
    user_id = request.access.tenant_id
    expected = answer_cache.answer(due_and_risen.expected, user_id)
    rows = recurring_totals.with_costs(_of_state(expected, state))
    rows.sort(key=ORDERS[order][1])
    if downloads.wants_file(request):
        return downloads.file(request, "recurring", COLUMNS, rows)
    part = more.by_offset(request, A_PAGE)
    context = {
        "rows": _detailed(user_id, rows[part.start : part.end]),
        "count": len(rows),
        "totals": recurring_totals.totals(rows),
        "state": state,
        "order": order,
        "orders": [(name, title) for name, (title, _) in ORDERS.items()],
        "today": expected.today,
        "books": expected.books,
        "days": AHEAD,
        **part.link(len(rows)),
    }
    return render(request, "web/recurring.html", context)


def _state(request: PageRequest) -> str:
    state = list_filters.text_of(request.GET, "state")
    if state not in ("", *STATES):
        raise QuestionError(f"There is no state {state}: say {' or '.join(STATES)}.", "state")
    return state


def _order(request: PageRequest) -> str:
    order = list_filters.text_of(request.GET, "order") or "next"
    if order not in ORDERS:
        raise QuestionError(f"There is no order {order}: say {' or '.join(ORDERS)}.", "order")
    return order


def _detailed(user_id: UUID, rows: list[Row]) -> list[Row]:
    """Copies of the rows, each with the chart of its amounts, the name of what it records, and
    `perhaps`: the parties that may be the same as its party."""
    histories = series.histories(user_id, [row["id"] for row in rows])
    perhaps = other_names.perhaps_the_same(user_id)
    return [
        {
            **_with_history(row, histories.get(row["id"], [])),
            "perhaps": perhaps.get(row["party"].id) if row["party"] else None,
        }
        for row in records.named(user_id, rows)
    ]


def _of_state(expected: due_and_risen.Expected, state: str) -> list[Row]:
    if state == "overdue":
        return expected.overdue
    if state == "stale":
        return expected.stale
    return [*expected.overdue, *expected.pending]


def _with_history(row: Row, history: series.History) -> Row:
    """A copy of the row with the `chart` of its series' amounts, their `count`, and the `change`
    from the first to the last in words."""
    first, last = (history[0][1], history[-1][1]) if history else (0, 0)
    return {
        **row,
        "chart": charts.amounts_over_days(history),
        "change": _change(float(last / first - 1)) if first else "",
        "count": len(history),
    }


def _change(share: float) -> str:
    """The change in words, such as `75 % less than the first`; "" if it is less than one
    percent."""
    if round(share * 100) == 0:
        return ""
    return f"{evidence.percent(abs(share))} {'more' if share > 0 else 'less'} than the first"


@page()
def one(request: PageRequest, relationship_id: UUID) -> HttpResponse:
    """The page of one series, chosen by one of its payments: what is expected next, its prices and
    its payments over time, newest first."""
    user_id = request.access.tenant_id
    (row,) = records.named(user_id, [whole_graph.relationship(user_id, relationship_id)])
    today = days.today(user_id)
    answer = series.series(user_id, relationship_id, today=today)
    payments = answer["payments"]
    history = [(payment["day"], payment["amount"]) for payment in payments]
    context = {
        "relationship_id": relationship_id,
        "records": row["records"],
        "source": row["source"],
        "target": row["target"],
        "currency": row["currency"],
        "frequency": (row["layers"]["temporal"] or {}).get("recurrence_frequency", ""),
        "payments": payments[::-1],
        "prices": answer["prices"][::-1],
        "chart": charts.amounts_over_days(history),
        "next": _with_lateness(answer["expected"], today),
        "perhaps": _perhaps(user_id, row),
    }
    return render(request, "web/series.html", context)


def _with_lateness(row: Row | None, today: date) -> Row | None:
    """The expected payment of a series, with `late`: the days since the last day on which it was
    expected. None if none is expected."""
    if row is None:
        return None
    last = row["expected_to"]
    return {**row, "late": max((today - last).days, 0) if last else 0}


def _perhaps(user_id: UUID, row: Row) -> list[Row]:
    """The parties that may be the same as one of the two parties of the series."""
    others = other_names.perhaps_the_same(user_id)
    ends = (row["source"], row["target"])
    return [others[end.id] for end in ends if end is not None and end.id in others]
