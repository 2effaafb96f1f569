"""What is due until a day: every occurrence of the recurring payments, with sums."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from graph.models.choices import EntityKind, PredictionStatus
from graph.questions import days, insights
from graph.questions.expected import occurrences
from graph.questions.insights import DUE
from graph.questions.prediction_status import STALE

AHEAD = 14  # days, today among them
STATUSES = (*DUE, occurrences.PROJECTED)
CASH_OF = frozenset({EntityKind.ACCOUNT, EntityKind.DEPARTMENT})  # whose cash flow is ours
FACTS = ("id", "source", "target", "comes_in", "day", "currency", "is_cash")
Answer = dict[str, Any]


def due_until(
    user_id: UUID,
    until: date,
    *,
    statuses: Sequence[str] = STATUSES,
    party: str | None = None,
    today: date | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Answer:
    """Return a page of the occurrences up to the day `until`, the earliest first.

    Each has a status: pending, overdue, or projected, which means that it is due if its series goes
    on as before (`occurrences.of`). `statuses` selects some. `totals` has the sums of all of them,
    by currency and direction; none counts an overdue one, or one that is not cash. `stale` is the
    number of stale predictions. Each payment counts once, and a bill and its payment count once.
    Raises ViewMissing, ViewUnpopulated.
    """
    day = today or days.today(user_id)
    predicted = predictions(user_id, day, party)
    rows = ahead(predicted, day, until)
    wanted = [row for row in rows if row["insight"]["status"] in statuses]
    page = wanted[offset : offset + limit]
    return {
        "today": day,
        "until": until,
        "count": len(wanted),
        "stale": sum(row["insight"]["status"] == STALE for row in predicted),
        "totals": totals(wanted),
        "results": [
            {**row["insight"], "prediction_id": row["insight"]["id"], **_facts(row)} for row in page
        ],
    }


def last_day(today: date, count: int = AHEAD) -> date:
    """Return the last of `count` days of which today is the first."""
    return days.later(today, timedelta(days=count - 1))


def _facts(row: Answer) -> Answer:
    return {name: row[name] for name in FACTS}


def predictions(user_id: UUID, today: date, party: str | None = None) -> list[Answer]:
    """Return the pending, overdue and stale predictions as of `today`, the earliest first.

    Each has `comes_in` and `party`, as `seen_by_us` adds them.
    """
    answer = insights.due(user_id, statuses=(*DUE, STALE), party=party, today=today, limit=None)
    return [seen_by_us(row) for row in answer["results"] if row["insight"]["expected_from"]]


def seen_by_us(row: Answer) -> Answer:
    """Return the prediction's row with `comes_in` and `party` added: whether the tenant receives
    the payment, and the party with which its accounts and departments deal."""
    target = row["target"]
    comes_in = target is not None and target.kind in CASH_OF
    return {**row, "comes_in": comes_in, "party": row["source"] if comes_in else target}


def ahead(rows: Iterable[Answer], today: date, until: date) -> list[Answer]:
    """Return the occurrences of these predictions up to the day `until`, the earliest first."""
    every = [one for row in rows for one in occurrences.of(row, today, until)]
    return sorted(every, key=lambda row: (row["day"], str(row["id"])))


def totals(rows: Iterable[Answer]) -> list[Answer]:
    """Return the sums of occurrences by currency and direction: what goes out first, the greatest
    first.

    As in cash flow, overdue ones do not count, nor series that are not cash: invoices, and what a
    card bought if an account's payment of the card counts. `payments` is their number, `projected`
    how many of them are projected.
    """
    sums: defaultdict[tuple[str, bool], Answer] = defaultdict(
        lambda: {"low": Decimal(0), "high": Decimal(0), "payments": 0, "projected": 0}
    )
    for row in rows:
        insight = row["insight"]
        if insight["status"] == PredictionStatus.OVERDUE or not row["is_cash"]:
            continue
        total = sums[row["currency"], row["comes_in"]]
        total["low"] += insight["amount_low"] or Decimal(0)
        total["high"] += insight["amount_high"] or Decimal(0)
        total["payments"] += 1
        total["projected"] += insight["status"] == occurrences.PROJECTED
    every = [
        {"currency": currency, "comes_in": comes_in, **total}
        for (currency, comes_in), total in sums.items()
    ]
    return sorted(every, key=lambda total: (total["comes_in"], -total["high"], total["currency"]))
