"""The accountant's three questions, as the demo answers them: from the layers, in words."""

from typing import Any
from uuid import UUID

from graph.models import RootCauseAnalysis
from graph.questions import insights

SHOWN = 3
MOST = 500
Answer = dict[str, Any]


def paid_twice(user_id: UUID) -> list[str]:
    """What was probably paid twice, the surest first."""
    found, _ = insights.insights(
        user_id, "fraud", status="open", min_score=0.5, once=True, most=MOST
    )
    found.sort(key=lambda row: (-row["insight"]["duplicate_confidence"], -row["amount"]))
    return [f"{len(found):,} payments, among them", *map(_twice, found[:SHOWN])]


def why(user_id: UUID) -> str | None:
    """Why one payment came that is off: the surest story that has a beginning."""
    told = RootCauseAnalysis.objects.using("owner").filter(user_id=user_id).exclude(chain=[])
    best = told.order_by("-confidence", "root_cause_analysis").first()
    return best.root_cause_analysis if best else None


def due(user_id: UUID, status: str) -> list[str]:
    """What is expected next (`pending`) or has not come (`overdue`), the earliest first."""
    found, _ = insights.insights(user_id, "prediction", status=status, once=True, most=MOST)
    found.sort(key=lambda row: (row["insight"]["expected_from"], str(row["id"])))
    return [f"{len(found):,} payments, the first of them", *map(_expected, found[:SHOWN])]


def _twice(row: Answer) -> str:
    later, first = row["evidence"]["rows"][:2]
    sure = row["insight"]["duplicate_confidence"]
    return (
        f"{later['amount']} to {_name(row['target'])} on {later['day']} ({later['key']}), as on "
        f"{first['day']} ({first['key']}): {row['evidence']['why']} ({sure:.0%} sure)"
    )


def _expected(row: Answer) -> str:
    of = row["insight"]
    return (
        f"{_name(row['target'])}, {of['expected_from']} to {of['expected_to']}, "
        f"{row['currency']} {of['amount_low']:,.2f} to {of['amount_high']:,.2f}: "
        f"{of['prediction_reason']}"
    )


def _name(entity: Any) -> str:
    return str(entity) if entity else "a party not known"
