"""What happens in a tenant's books becomes messages, each once, to the tenant's own endpoints."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from graph.database.role import as_owner
from graph.models import PredictedRelationship
from graph.questions.decisions import case_decisions
from graph.view import refresh
from syncjobs.alerts import messages
from syncjobs.events import publish
from syncjobs.events.event_types import NAMES, PRICE_RISEN, VERSION_CHANGED
from syncjobs.models import OPERATORS, Delivery, DeliveryEndpoint, Upload
from tests.graph import rows
from tests.syncjobs import run_rows

pytestmark = pytest.mark.usefixtures("own_queue")
TODAY = datetime.now(UTC).date()
FILE = {"name": "books.csv", "size": 1, "state": "done"}


@pytest.fixture(autouse=True)
def looked_never(monkeypatch):
    monkeypatch.setattr(publish.LastLook, "versions", {})
    monkeypatch.setattr(publish.LastLook, "broken", set())


def endpoint(user, *events: str, days: int = 2, **values) -> DeliveryEndpoint:
    values = {"name": "me", "channel": "email", "address": "me@example.org", **values}
    made = rows.add(DeliveryEndpoint, user_id=user, events=list(events), **values)
    of_then = DeliveryEndpoint.objects.using("owner").filter(pk=made.pk)
    of_then.update(created_at=timezone.now() - timedelta(days=days))
    return made


def told(of: DeliveryEndpoint) -> dict[str, list[dict]]:
    """The data of the endpoint's messages, by type."""
    found: dict[str, list[dict]] = {}
    for message in Delivery.objects.using("owner").filter(endpoint=of.pk).order_by("key"):
        found.setdefault(message.event, []).append(json.loads(message.body)["data"])
    return found


def happen(user) -> None:
    """Something of every kind but a rise of prices."""
    decided = rows.case(user)
    case_decisions.decide(user, decided.pk, "dismiss", by="me")
    rows.case(user, party="Open Ltd")
    payer, payee = rows.entity(user, "Sales", kind="department"), rows.entity(user, "Acme")
    last = rows.payment(user, payer, payee, 5)
    rows.add(
        PredictedRelationship,
        user_id=user,
        relationship_id=last,
        prediction_confidence=0.9,
        prediction_reason="monthly",
        expected_from=TODAY - timedelta(days=2),
        expected_to=TODAY - timedelta(days=1),
        status="pending",
        books_until=TODAY,
    )
    rows.add(Upload, user_id=user, **FILE)
    run_rows.run(run_rows.connection(user), finished_at=timezone.now(), error="Away.")
    refresh.refresh()


def test_everything_is_told_once_to_whom_it_concerns(tenant, other_tenant):
    mine, theirs, operators = (
        endpoint(user, *NAMES) for user in (tenant.pk, other_tenant.pk, OPERATORS)
    )
    rest = endpoint(tenant.pk)
    few = endpoint(tenant.pk, "case.decided")
    happen(tenant.pk)
    first = publish.look()
    everything = told(mine)
    assert set(everything) == set(NAMES) - {PRICE_RISEN}
    assert [case["party"] for case in everything["case.opened"]] == ["Open Ltd"]
    assert everything["case.decided"][0]["state"] == "dismissed"
    assert everything["payment.missed"][0]["reason"] == "monthly"
    assert everything["import.done"][0]["name"] == "books.csv"
    assert everything["sync.failed"][0]["error"] == "Away."
    assert set(told(few)) == {"case.decided"}
    assert set(told(rest)) == set(everything) - {VERSION_CHANGED}
    assert set(told(theirs)) == {VERSION_CHANGED}
    assert told(operators) == {}
    assert first == {"messages": 13}
    publish.LastLook.versions.clear()  # as in a worker that has just begun
    assert publish.look() == {"messages": 0}


def test_a_file_that_a_command_imports_is_told(tenant, other_tenant, tmp_path):
    path = tmp_path / "books.csv"
    path.write_text("Key,Date,Supplier,Department,Amount\nN1,2024-02-01,Baker,Kitchen,7.50\n")
    mine, few = endpoint(tenant.pk, "import.done"), endpoint(tenant.pk, "case.decided")
    theirs = endpoint(other_tenant.pk)
    call_command("import_ledger", str(path), user=str(tenant.pk), no_enrich=True)
    assert told(mine) == {"import.done": [{"upload": None, "name": "books.csv"}]}
    assert told(few) == told(theirs) == {}


def test_what_was_before_the_endpoint_is_not_told(tenant):
    happen(tenant.pk)
    late = endpoint(tenant.pk, days=0)
    publish.look()
    assert told(late) == {}


def test_a_change_is_told_with_both_versions(tenant):
    follows = endpoint(tenant.pk, VERSION_CHANGED)
    publish.look()
    rows.entity(tenant.pk, "Acme")
    assert publish.look() == {"messages": 1}
    before, after = sorted(told(follows)[VERSION_CHANGED], key=lambda data: data["since"] or "")
    assert after["since"] == before["version"] != after["version"]
    assert publish.look() == {"messages": 0}


def test_a_price_that_rose_is_told(tenant, monkeypatch):
    follows = endpoint(tenant.pk, PRICE_RISEN)
    rise = {"from_day": TODAY, "old": 5, "new": 6, "change_share": 0.2}
    fall = {"from_day": TODAY, "old": 5, "new": 4, "change_share": -0.2}
    old = {**rise, "from_day": date(2020, 1, 1)}
    group = {"party_id": None, "name": "Acme", "currency": "GBP", "prices": [rise, fall, old]}
    monkeypatch.setattr(publish.spend, "spend", lambda *_, **__: {"results": [group]})
    assert publish.look() == {"messages": 1}
    assert told(follows)[PRICE_RISEN][0]["change_share"] == 0.2
    publish.LastLook.versions.clear()
    assert publish.look() == {"messages": 0}


def test_a_tenant_whose_events_cannot_be_sent_stops_no_other(
    tenant, other_tenant, monkeypatch, caplog
):
    """And nothing is lost: what failed is told at the next look."""
    mine, theirs = (endpoint(user, *NAMES) for user in (tenant.pk, other_tenant.pk))
    rows.case(tenant.pk, party="Six characters: \\u0000")
    rows.case(tenant.pk, party="x" * 3_000)
    rows.case(other_tenant.pk, party="Fine Ltd")
    monkeypatch.setattr(messages, "MOST", 2_000)
    prices = publish.spend.spend

    def broken(user_id, **options):
        if user_id == tenant.pk:
            raise ValueError("a sum without a currency")
        return prices(user_id, **options)

    monkeypatch.setattr(publish.spend, "spend", broken)
    publish.look()
    publish.look()
    assert caplog.text.count("events cannot be sent") == 1
    assert {case.get("party", "left out") for case in told(mine)["case.opened"]} == {
        "Six characters: \\u0000",
        "left out",
    }
    assert set(told(theirs)) == {"case.opened", VERSION_CHANGED}
    monkeypatch.setattr(publish.spend, "spend", prices)
    monkeypatch.setattr(publish, "_rises", lambda *_: [publish.Happened("a", "A price rose", {})])
    publish.look()
    assert PRICE_RISEN in told(mine)
    assert PRICE_RISEN not in told(theirs)


def test_who_is_disabled_is_told_nothing(tenant):
    silent = endpoint(tenant.pk, is_enabled=False)
    with as_owner():
        rows.case(tenant.pk)
    publish.look()
    assert told(silent) == {}
