"""A tool says what it leaves out, and counts and sums all that match or refuses."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from finley.mcp.tool_calls import call
from finley.web.due_and_risen import expected
from graph import models
from graph.questions import search
from graph.view import refresh
from tests.graph import rows

TODAY = date(2024, 2, 10)
MANY = 501


@pytest.fixture
def books(tenant) -> dict[str, Any]:
    """Sales paid Acorn in December and Acme MANY times in January; all but one are expected again.
    The prediction from the oldest payment is the earliest. The latest one is stale from tomorrow
    on. Two invoices of Acme are open."""
    user = tenant.id
    sales = rows.entity(user, "Sales", kind="department")
    acme, acorn = rows.entity(user, "Acme"), rows.entity(user, "Acorn")
    before = datetime(2023, 12, 31, tzinfo=UTC)
    ends = [rows.event(user, one, occurred_at=before) for one in (sales, acorn)]
    first = rows.relationship(user, *ends)
    events = [rows.event(user, one) for one in (sales, acme)]
    payments = models.RelationshipInstance.objects.using("owner").bulk_create(
        models.RelationshipInstance(
            user_id=user, source_event_id=events[0].id, target_event_id=events[1].id,
            relationship_type=f"payment {number}", edge_class="flow", confidence_score=1,
            detection_method="test",
        )
        for number in range(MANY)
    )  # fmt: skip
    models.PredictedRelationship.objects.using("owner").bulk_create(
        models.PredictedRelationship(
            user_id=user, relationship_id=payment.id, prediction_confidence=0.9,
            prediction_reason="monthly", expected_from=TODAY + timedelta(days=number),
            expected_to=TODAY + timedelta(days=number), amount_low=1, amount_high=2,
            currency="GBP", status="pending",
            stale_from=TODAY + timedelta(days=1) if number == MANY - 1 else None,
        )
        for number, payment in enumerate([first, *payments], -1)
        if number != 0
    )  # fmt: skip
    for month in (1, 2):
        when = datetime(2024, month, 1, tzinfo=UTC)
        owed = [rows.event(user, one, records="obligation", occurred_at=when, due_on=when.date())
                for one in (sales, acme)]  # fmt: skip
        rows.relationship(user, *owed, relationship_type="obligation")
    refresh.refresh()
    return {"user": user, "first": first.id, "payment": payments[0].id, "sales": sales.id}


def ask(books: dict[str, Any], name: str, **arguments: Any) -> dict[str, Any]:
    result = call(books["user"], name, arguments)
    assert not result.is_error, result.content
    return result.structured_content


def test_the_earliest_of_many_expected_payments_comes_first_and_all_are_counted(books):
    due = ask(books, "due_payments", today=str(TODAY), limit=1)
    assert due["due"][0]["last_payment_id"] == str(books["first"])
    assert due["due"][0]["status"] == "overdue"
    assert (due["count"], due["stale"], due["next_offset"]) == (MANY, 0, 1)
    later = {"today": str(TODAY + timedelta(days=1)), "party": "Acme"}
    due = ask(books, "due_payments", **later)
    assert (due["count"], due["stale"]) == (MANY - 2, 1)
    due = ask(books, "due_payments", **later, status="stale")
    assert [one["status"] for one in due["due"]] == ["stale"]
    assert (due["count"], due["stale"]) == (1, 1)


def test_each_list_that_is_cut_says_so(books):
    cash = ask(books, "cash_flow", today=str(TODAY), limit=1)
    assert [row["due_month"] for row in cash["obligations"]] == ["2024-01", "2024-02"]
    assert (len(cash["months"]), cash["left_out"]) == (1, 1)
    party = {"party_id": str(books["sales"])}
    assert ask(books, "party_summary", **party, limit=1)["more_counterparties"]
    assert not ask(books, "party_summary", **party, limit=2)["more_counterparties"]
    explained = ask(books, "explain_payment", payment_id=str(books["payment"]))
    assert (len(explained["related"]), explained["more_related"]) == (10, True)
    assert not ask(books, "explain_payment", payment_id=str(books["first"]))["more_related"]


def test_a_part_of_too_many_names_is_refused(books, monkeypatch):
    monkeypatch.setattr(search, "NAMED", 1)
    result = call(books["user"], "cash_flow", {"party": "Ac"})
    assert result.is_error
    assert "party: More than 1 parties" in result.content[0].text


def test_a_bill_and_the_payment_that_will_settle_it_are_due_once(tenant):
    user, today = tenant.id, date(2024, 2, 10)
    bank = rows.entity(user, "Bank", kind="account")
    kitchen = rows.entity(user, "Kitchen", kind="department")
    mill, dairy = rows.entity(user, "Mill"), rows.entity(user, "Dairy")
    baker = rows.entity(user, "Baker")
    for records, payer, payee in (
        ("payment", bank, mill),
        ("obligation", kitchen, mill),
        ("obligation", kitchen, dairy),
        ("payment", bank, baker),
        ("obligation", kitchen, baker),
    ):
        events = [rows.event(user, one, records=records) for one in (payer, payee)]
        paid = rows.relationship(user, *events, relationship_type=records)
        rows.add(
            models.PredictedRelationship, user_id=user, relationship_id=paid.id,
            prediction_confidence=0.9, prediction_reason="monthly", expected_from=today,
            expected_to=today, amount_low=1, amount_high=2, currency="GBP", status="pending",
            stale_from=today if (payer, payee) == (bank, baker) else None,
        )  # fmt: skip
    refresh.refresh()
    payees = {(row["party"].name, row["source"].name) for row in expected(user).overdue}
    assert payees == {("Mill", "Bank"), ("Dairy", "Kitchen"), ("Baker", "Kitchen")}
    due = ask({"user": user}, "due_payments", today=str(today))
    assert {one["payee"]["name"] for one in due["due"]} == {"Mill", "Dairy", "Baker"}
    assert (due["count"], due["stale"]) == (3, 1)
