"""What people decide about a kind of finding counts for its next ones."""

from datetime import date
from decimal import Decimal

import pytest

from graph import models
from graph.enrich import decision_counts, fraud
from graph.enrich.decision_counts import Record
from tests.graph import rows

pytestmark = pytest.mark.usefixtures("committed")


def case(user, state, kind="paid_twice"):
    rows.add(
        models.PaymentCase, user_id=user, kind=kind, reason="r", confidence=0.9, party="Acme",
        amount_at_risk=Decimal(10), currency="GBP", extra_payments=1, first_day=date(2024, 1, 1),
        last_day=date(2024, 1, 9), row_keys=["a"], state=state,
    )  # fmt: skip


def test_records_are_of_decided_cases_by_kind_and_tenant():
    user, other = rows.tenant_id(), rows.tenant_id()
    for state in ("confirmed", "recovered", "dismissed", "open"):
        case(user, state)
    case(user, "dismissed", "number_suffix")
    case(other, "dismissed")
    assert decision_counts.records(user) == {
        "paid_twice": Record(2, 3),
        "number_suffix": Record(0, 1),
    }


@pytest.mark.parametrize(
    ("record", "confidence", "says"),
    [(None, 0.97, False), (Record(9, 19), 0.97, False), (Record(10, 20), 0.97, False),
     (Record(9, 20), 0.45, True)],
)  # fmt: skip
def test_a_kind_below_half_of_twenty_is_turned_down_and_says_so(record, confidence, says):
    facts = fraud._by_record(fraud.Duplicate(1, 0, "paid_twice", 0.97), record)
    assert facts.confidence == confidence
    assert any("turned down: 9 of 20" in note for note in facts.notes) is says
    assert facts.record == record
