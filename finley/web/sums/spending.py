"""The page of spending by party, department or category: this period so far, and the same days of
the period before."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from finley.web import answer_cache, downloads, list_filters, more
from finley.web.access import PageRequest, page
from finley.web.downloads import Column
from graph.errors import QuestionError
from graph.questions import spend

A_PAGE = 50  # groups
EVERY = 10**9  # groups; no tenant has as many
ORDERS = ("growth", "amount")
COLUMNS = (
    Column("Name", lambda row: row["name"] or row["unnamed"]),
    Column("From", lambda row: row["now"]["since"]),
    Column("To", lambda row: row["now"]["until"]),
    Column("Paid", lambda row: row["now"]["amount"]),
    Column("Compared from", lambda row: row["now"]["before_since"]),
    Column("Compared to", lambda row: row["now"]["before_until"]),
    Column("Paid in these days", lambda row: row["now"]["before_amount"]),
    Column("Change", lambda row: row["now"]["change"]),
    Column("Of that by prices", lambda row: row["now"]["price_part"]),
    Column("Since", lambda row: row["since"] and row["since"]["at"]),
    Column("Before", lambda row: row["since"] and row["since"]["old"]),
    Column("Since then", lambda row: row["since"] and row["since"]["new"]),
    Column("Currency", lambda row: row["currency"]),
)
Row = dict[str, Any]


@page()
def spending(request: PageRequest) -> HttpResponse:
    """The page of spending. Its parameters are `by` (party, department, category), `period` (month,
    quarter, year) and `order`."""
    list_filters.require_known(request.GET, "by", "period", "order")
    by = _one_of(request, "by", spend.BY)
    period = _one_of(request, "period", ("quarter", "month", "year"))
    order = _one_of(request, "order", ORDERS)
    answer = answer_cache.answer(_spent, request.access.tenant_id, by, period, order)
    results = answer["results"]
    if downloads.wants_file(request):
        return downloads.file(
            request, "spending", COLUMNS, [_row(row, by, period) for row in results]
        )
    part = more.by_offset(request, A_PAGE)
    rows = [_row(row, by, period) for row in results[part.start : part.end]]
    context = {
        "rows": rows,
        "count": len(results),
        "span": results[0]["periods"][0] if results else None,
        "days": _days(results[0]["periods"][0]) if results else None,
        "books": answer["books"],
        "today": answer["today"],
        "chosen": {"by": by, "period": period, "order": order},
        "by": spend.BY,
        "periods": ("quarter", "month", "year"),
        "orders": ORDERS,
        **part.link(len(results)),
    }
    return render(request, "web/spending.html", context)


def _days(span: Row) -> tuple[int, int]:
    """The numbers of days in the two spans that are compared: the newest period so far, and the
    same part of the period before."""
    return (span["until"] - span["since"]).days + 1, (
        span["before_until"] - span["before_since"]
    ).days + 1


def _spent(user_id: UUID, by: str, period: str, order: str) -> Row:
    return spend.spend(
        user_id, by=by, period=period, order=order, periods=1, limit=EVERY, is_compared=True
    )


def _row(result: Row, by: str, period: str) -> Row:
    """A copy of the group with what the template needs: `now`, `since`, and the URLs `now_rows` and
    `before_rows` of the payments in both spans."""
    (now,) = result["periods"]
    before = {"since": now["before_since"], "until": now["before_until"], "compared": period}
    addresses = {
        "now_rows": _address(result, by, {"since": now["since"], "until": now["until"]}),
        "before_rows": _address(result, by, before),
    }
    since = since_when(result, now)
    return {**result, "unnamed": unnamed(by), "now": now, "since": since, **addresses}


def unnamed(by: str) -> str:
    """What the payments are called that have no name to be grouped by."""
    return "uncategorised" if by == "category" else "not stated"


def since_when(result: Row, now: Row) -> Row | None:
    """Since when the group costs more, or has another price.

    This is the day of a lasting change of the price in one of its series; for a group that costs
    more, a rise is preferred to a fall. Without one, it is the first month from which the group
    is lastingly higher, or the first month of a group without payments before the
    compared days. None if there is none of these.
    """
    grows = bool(now["change"]) and now["change"] > 0
    changes = sorted(
        result["prices"],
        key=lambda price: (grows and price["new"] > price["old"], price["from_day"]),
    )
    if changes:
        price = changes[-1]
        if not grows or price["new"] > price["old"]:
            return _since(price["from_day"], price, is_month=False)
    if not grows:
        return None
    month, first = result["higher_since"], result["first_month"]
    if month:
        return _since(month["month"], month, is_month=True)
    new = {"at": first, "old": None, "new": None}
    return new if _begins(first) >= now["before_since"] else None


def _begins(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _since(at: date | str, step: Row, *, is_month: bool) -> Row:
    old, new = step["old"], step["new"]
    share = float(new / old - 1) if old else None
    return {
        "at": at, "old": old, "new": new, "share": share, "is_month": is_month,
        "party": step.get("party"),
    }  # fmt: skip


def _address(result: Row, by: str, of: Row) -> str:
    """The URL of the payments that a group's sum counts. `of` has the parameters of its days."""
    query = {"by": by, "currency": result["currency"], **of}
    if result["party_id"]:
        query["party"] = result["party_id"]
    elif result["name"]:
        query["name"] = result["name"]
    return f"{reverse('spending-rows')}?{urlencode(query)}"


def _one_of(request: PageRequest, name: str, values: tuple[str, ...]) -> str:
    """The value of the URL's parameter `name`, which must be one of `values`; the first of these if
    it is missing. Raises QuestionError for another value."""
    text = list_filters.text_of(request.GET, name) or values[0]
    if text not in values:
        raise QuestionError(f"Say one of {', '.join(values)}.", name)
    return text
