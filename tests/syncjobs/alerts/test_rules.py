"""What each rule finds, who is told of it, and how often."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils import timezone

from graph.models import PaymentCase, PredictedRelationship
from syncjobs import periodic
from syncjobs.alerts import rules
from syncjobs.models import OPERATORS, AlertRule, Delivery, DeliveryEndpoint
from tests.graph import rows
from tests.syncjobs import run_rows
from tests.syncjobs.run_rows import again

pytestmark = pytest.mark.usefixtures("own_queue")
NOW = datetime.now(UTC)


def endpoint(user: UUID = OPERATORS, **values) -> DeliveryEndpoint:
    values = {"name": "me", "channel": "email", "address": "me@example.org", **values}
    return rows.add(DeliveryEndpoint, user_id=user, **values)


def rule(kind: str, user: UUID = OPERATORS, at: DeliveryEndpoint | None = None, **values):
    at = at or endpoint(user)
    made = rows.add(AlertRule, user_id=user, endpoint=at, kind=kind, **values)
    yesterday = NOW - timedelta(days=1)
    AlertRule.objects.using("owner").filter(pk=made.pk).update(created_at=yesterday)
    return made


def titles(of: AlertRule) -> list[str]:
    sent = Delivery.objects.using("owner").filter(endpoint=of.endpoint_id).order_by("title")
    return list(sent.values_list("title", flat=True))


def forgotten() -> int:
    """Delete what retention deletes of messages that ended long ago; how many."""
    Delivery.objects.using("owner").update(state="delivered", ended_at=NOW - timedelta(days=999))
    return periodic.forget_old()["deliveries"]


def failed(user: UUID, error: str, **values) -> None:
    of = run_rows.connection(user)
    run_rows.failure(of, error=error, fingerprint=error, **values)


def test_a_dead_letter_is_told_once_a_group_and_hour(tenant, other_tenant):
    everybody, own = rule("dead_letter"), rule("dead_letter", tenant.pk)
    for _ in range(3):
        failed(tenant.pk, "The mailbox is full.")
    failed(other_tenant.pk, "The folder is gone.")
    failed(tenant.pk, "Known.", status="ignored")
    assert rules.watch() == {"messages": 3, "failed": 0}
    assert rules.watch() == {"messages": 0, "failed": 0}
    assert titles(everybody) == [
        "A job failed for good: The folder is gone.",
        "A job failed for good: The mailbox is full.",
    ]
    assert titles(own) == ["A job failed for good: The mailbox is full."]
    sent = Delivery.objects.using("owner").get(endpoint=own.endpoint_id)
    assert '"failures": 3' in sent.body
    failed(tenant.pk, "The disk is full.")
    assert rules.watch()["messages"] == 2


def test_what_was_before_the_rule_is_not_told(tenant):
    made = rule("dead_letter")
    failed(tenant.pk, "Old.")
    AlertRule.objects.using("owner").filter(pk=made.pk).update(created_at=timezone.now())
    assert rules.watch()["messages"] == 0


def test_an_endpoint_is_not_told_that_it_could_not_be_told():
    made = rule("dead_letter")
    run_rows.failure(
        error="No answer.",
        function="deliver",
        payload={"endpoint": str(made.endpoint_id)},
    )
    assert rules.watch()["messages"] == 0


def test_a_growing_group(tenant):
    grows, fast = rule("growing_group"), rule("growing_group", threshold=9)
    for _ in range(4):
        failed(tenant.pk, "The quota is used up.")
    failed(tenant.pk, "Once.")
    rules.watch()
    assert titles(grows) == ["Failures grow: 4 in 24 hours: The quota is used up."]
    assert titles(fast) == []


def test_a_connection_without_success(tenant):
    made, patient = rule("no_success", tenant.pk, threshold=2), rule("no_success", threshold=99)
    hourly = timedelta(hours=1)
    for hours, state in ((3, "alive"), (1, "alive"), (9, "paused")):
        run_rows.connection(
            tenant.pk, state=state, sync_every=hourly, last_synced_at=NOW - timedelta(hours=hours)
        )
    rules.watch()
    assert forgotten() == 0
    rules.watch()
    (title,) = titles(made)
    assert title.startswith("No successful sync of gmail since ")
    assert titles(patient) == []


def test_an_old_queue():
    made = rule("queue_age", threshold=10)
    run = run_rows.run(run_rows.connection(), status="queued", error="")
    type(run).objects.using("owner").filter(pk=run.pk).update(
        created_at=timezone.now() - timedelta(minutes=20)
    )
    rules.watch()
    (title,) = titles(made)
    assert title.startswith("1 runs wait for a worker, one of them for 20 minutes")


def test_a_possible_double_payment_above_an_amount(tenant, other_tenant):
    low, high = (
        rule("double_payment", tenant.pk, threshold=100),
        rule("double_payment", threshold=Decimal("120.01")),
    )
    case = rows.case(tenant.pk)
    rows.case(other_tenant.pk)
    rules.watch()
    assert forgotten() == 0
    rules.watch()
    assert titles(low) == ["Possible double payment: Acme Mills Ltd, 120.00 GBP"]
    assert titles(high) == []
    sent = Delivery.objects.using("owner").get(endpoint=low.endpoint_id)
    assert str(case.pk) in sent.body
    PaymentCase.objects.using("owner").filter(pk=case.pk).update(state="dismissed")
    assert forgotten() == 1


def test_an_overdue_receipt(tenant):
    made = rule("overdue_receipt", tenant.pk)
    own = rows.entity(tenant.pk, "Us", kind="account")
    customer = rows.entity(tenant.pk, "Good Customer", kind="customer")
    vendor = rows.entity(tenant.pk, "Vendor", kind="vendor")
    for payer, payee in ((customer, own), (own, vendor)):
        flow = rows.relationship(
            tenant.pk, rows.event(tenant.pk, payer), rows.event(tenant.pk, payee)
        )
        rows.add(
            PredictedRelationship,
            user_id=tenant.pk,
            relationship_id=flow.pk,
            prediction_confidence=0.9,
            prediction_reason="monthly",
            expected_from=date(2026, 1, 1),
            expected_to=date(2026, 1, 5),
            status="pending",
            books_until=date(2026, 1, 5),
        )
    rules.watch()
    assert titles(made) == []
    PredictedRelationship.objects.using("owner").update(books_until=date(2026, 1, 6))
    rules.watch()
    assert forgotten() == 0
    rules.watch()
    assert titles(made) == ["Overdue: Good Customer, expected by 2026-01-05"]


def test_quiet_hours_hold_alerts_and_a_broken_rule_stops_no_other(tenant, monkeypatch):
    quiet = endpoint(quiet_from=time(0), quiet_until=time(23, 59, 59), name="night")
    made, other = rule("dead_letter", at=quiet), rule("dead_letter")
    failed(tenant.pk, "The mailbox is full.")
    found = rules.new_alerts

    def breaks(at: AlertRule) -> list[rules.Alert]:
        if at.pk == other.pk:
            raise ValueError("no such column")
        return found(at)

    monkeypatch.setattr(rules, "new_alerts", breaks)
    assert rules.watch() == {"messages": 1, "failed": 1}
    (message,) = Delivery.objects.using("owner").filter(endpoint=made.endpoint_id)
    assert message.next_try_at > timezone.now() or timezone.now().time() >= time(23, 59, 59)
    assert again(other).error == "no such column"
    monkeypatch.undo()
