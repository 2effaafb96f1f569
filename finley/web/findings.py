"""What the layers found, as the pages show it: possible double payments, what is due, what rose."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from graph.models.choices import EntityKind
from graph.questions import insights

MOST = 500
LEAST_SURE = 0.5
OURS = frozenset({EntityKind.ACCOUNT, EntityKind.DEPARTMENT})  # as cash flow has it
RECENT = timedelta(days=120)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of a layer; `more`: there are more than these."""

    rows: list[Row]
    more: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """Predictions by their day. `today` is the day that they are counted from."""

    today: date
    pending: list[Row]
    overdue: list[Row]


def duplicates(user_id: UUID, status: str = "open") -> Found:
    """Payments that probably repeat another, each once, however many sources saw it."""
    rows, following = insights.insights(
        user_id, "fraud", status=status, min_score=LEAST_SURE, once=True, most=MOST
    )
    return Found(rows, following is not None)


def expected(user_id: UUID) -> Expected:
    """What recurring payments are due and overdue, the earliest first.

    Counted from the calendar's today or, where the books end before, from the last day that a
    recurring payment of theirs reaches: a state is of that day, too.
    """
    pending, overdue = (_predictions(user_id, status) for status in ("pending", "overdue"))
    lasts = [row["evidence"].get("last_occurrence") for row in pending]
    known = [date.fromisoformat(last) for last in lasts if last]
    today = datetime.now(UTC).date()
    return Expected(min([today, max(known)]) if known else today, pending, overdue)


def _predictions(user_id: UUID, status: str) -> list[Row]:
    rows, _ = insights.insights(user_id, "prediction", status=status, once=True, most=MOST)
    rows = [_seen_by_us(row) for row in rows if row["insight"]["expected_from"] is not None]
    return sorted(rows, key=lambda row: (row["insight"]["expected_from"], str(row["id"])))


def _seen_by_us(row: Row) -> Row:
    """With `comes_in`, and the `party` outside: whom our accounts and departments deal with."""
    target = row["target"]
    comes_in = target is not None and target.kind in OURS
    return {**row, "comes_in": comes_in, "party": row["source"] if comes_in else target}


def above_usual(user_id: UUID) -> list[Row]:
    """Payments of the books' last months above the usual amount of their series, newest first.

    Each has `usual` and `ratio`.
    """
    rows, _ = insights.insights(user_id, "root_cause", once=True, most=MOST)
    risen = [
        {**row, "usual": usual, "ratio": float(row["amount"]) / usual}
        for row in rows
        if (usual := _usual(row)) and float(row["amount"] or 0) > usual
    ]
    if not risen:
        return []
    newest = max(row["occurred_at"] for row in risen)
    return [row for row in risen if row["occurred_at"] > newest - RECENT]


def _usual(row: Row) -> float:
    evidence = row["evidence"]
    return float(evidence.get("usual") or 0) if evidence.get("what") == "amount" else 0.0
