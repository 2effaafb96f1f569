"""Answers an accountant's questions for the demo, in sentences from the books and the layers."""

from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from graph.models import RootCauseAnalysis
from graph.models.choices import EntityKind
from graph.questions import cases as payment_cases
from graph.questions import cash_flow, insights

SHOWN = 3
OWN = {EntityKind.DEPARTMENT.value, EntityKind.ACCOUNT.value}
Answer = dict[str, Any]


def cash(user_id: UUID) -> list[str]:
    """Sentences about money in and out by currency, and what is owed in both directions."""
    answer = cash_flow.cash_flow(user_id)
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for month in answer["months"]:
        sums[month["currency"]][0] += month["money_in"]
        sums[month["currency"]][1] += month["money_out"]
    owed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in answer["obligations"]:
        owed[row["currency"], row["direction"]] += row["open"]
    reach = ", ".join(f"{book['source']} until {book['until']}" for book in answer["books"])
    return [
        *(
            f"{currency} {incoming:,.2f} in, {outgoing:,.2f} out; still to receive "
            f"{owed[currency, 'receivable']:,.2f}, to pay {owed[currency, 'payable']:,.2f}"
            for currency, (incoming, outgoing) in sorted(sums.items())
        ),
        f"Today is {answer['today']}; the books: {reach}",
    ]


def paid_twice(user_id: UUID) -> list[str]:
    """Sentences about probable double payments: first their number and the amounts at risk, then
    one sentence per case with all its rows, the most certain first."""
    answer = payment_cases.cases(user_id, state="open", order="confidence", limit=SHOWN)
    at_risk = " and ".join(
        f"{total['amount_at_risk']:,.2f} {total['currency']}" for total in answer["totals"]
    )
    cases = [payment_cases.case(user_id, case["id"]) for case in answer["results"]]
    return [f"{answer['count']:,} cases, {at_risk or 'nothing'} at risk", *map(_twice, cases)]


def why(user_id: UUID) -> str | None:
    """A sentence that explains one anomalous payment: the most certain explanation that names an
    origin. None if there is none."""
    analyses = RootCauseAnalysis.objects.using("owner").filter(user_id=user_id).exclude(chain=[])
    best = analyses.order_by("-confidence", "root_cause_analysis").first()
    return best.root_cause_analysis if best else None


def due(user_id: UUID, status: str) -> list[str]:
    """Sentences about expected payments (`pending`) or missing ones (`overdue`), the earliest
    first."""
    answer = insights.due(user_id, statuses=(status,), limit=SHOWN)
    count = answer["counts"][status]
    return [f"{count:,} payments, the first of them", *map(_expected, answer["results"])]


def _twice(case: Answer) -> str:
    rows = "; ".join(
        f"{row['role']} {row['source']} {row['key']} of {row['day']}" for row in case["rows"]
    )
    return (
        f"{case['amount_at_risk']:,.2f} {case['currency']} to {case['party']}: {case['reason']} "
        f"({case['confidence']:.0%} sure): {rows}"
    )


def _expected(row: Answer) -> str:
    of = row["insight"]
    return (
        f"{_other(row)}, {of['expected_from']} to {of['expected_to']}, "
        f"{row['currency']} {of['amount_low']:,.2f} to {of['amount_high']:,.2f}: "
        f"{of['prediction_reason']}"
    )


def _other(row: Answer) -> str:
    """The name of the counterparty of the row's payment: of the party that is not the company's
    own."""
    target = row["target"]
    return _name(row["source"] if target is not None and target.kind in OWN else target)


def _name(entity: Any) -> str:
    return str(entity) if entity else "a party not known"
