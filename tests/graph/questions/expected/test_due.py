"""What is due until a day, from the tables: over the API, by month, and for assistants."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from finley.mcp.tool_calls import call
from graph import models
from graph.questions.expected import due
from graph.view import refresh
from tests.conftest import client_of
from tests.graph import rows

TODAY = date(2026, 11, 30)
V1 = "/api/v1/graph/"
AS_OF_A_DAY = (
    ("due/", {}), ("cash-flow/", {}), ("open-items/", {}), ("insights/prediction/", {}),
    ("spend/", {}), ("spend/", {"period": "year", "periods": 120}),
)  # fmt: skip


def expect(
    user: Any, payer: Any, payee: Any, often: str, *days: date, records: str = "payment",
    **values: Any,
) -> None:  # fmt: skip
    """A payment whose series is predicted on the first of these days and goes on on the others."""
    ends = [rows.event(user, party, occurred_at=datetime(2026, 11, 20, tzinfo=UTC),
                       records=records) for party in (payer, payee)]  # fmt: skip
    paid = rows.relationship(user, *ends)
    further = [[str(day), "90.0000", "110.0000"] for day in days[1:]]
    rows.add(
        models.PredictedRelationship, user_id=user, relationship_id=paid.id,
        prediction_confidence=0.9, prediction_reason=often, expected_from=days[0],
        expected_to=days[0], amount_low=95, amount_high=105, currency="GBP", status="pending",
        evidence={"series": f"{often} {payee.id}", "agreed": f"{often} 1",
                  "most_likely": str(days[0]), "further": further},
        **values,
    )  # fmt: skip


@pytest.fixture
def office(tenant) -> dict[str, Any]:
    """An office pays cleaners weekly from in 3 days on, and a rent on each first."""
    user = tenant.id
    account = rows.entity(user, "Current", "account")
    cleaners, landlord = rows.entity(user, "Cleaners"), rows.entity(user, "Landlord")
    weeks = [TODAY + timedelta(days=3 + 7 * at) for at in range(14)]
    firsts = [date(2026 + (11 + at) // 12, (11 + at) % 12 + 1, 1) for at in range(14)]
    expect(user, account, cleaners, "weekly", *weeks)
    expect(user, account, landlord, "monthly", *firsts)
    refresh.refresh()
    return {"user": user, "tenant": tenant, "cleaners": cleaners}


def test_every_occurrence_is_due_and_the_sums_count_them(office):
    api = client_of(office["tenant"])
    answer = api.get(V1 + "due/", {"today": str(TODAY), "limit": 2}).json()
    assert (answer["until"], answer["count"], answer["next"]) == ("2026-12-13", 3, 2)
    (total,) = answer["totals"]
    assert (total["low"], total["high"]) == ("280.0000", "320.0000")
    assert (total["payments"], total["projected"], total["comes_in"]) == (3, 1, False)
    first, second = answer["results"]
    assert (first["day"], first["target"]["name"], first["status"]) == (
        "2026-12-01", "Landlord", "pending",
    )  # fmt: skip
    assert second["day"] == "2026-12-03"
    (later,) = api.get(V1 + "due/", {"today": str(TODAY), "status": "projected"}).json()["results"]
    assert (later["day"], later["prediction_confidence"]) == ("2026-12-10", None)
    assert later["prediction_reason"].startswith("if it goes on as before")
    year = api.get(V1 + "due/", {"today": str(TODAY), "until": "2030-01-01"}).json()
    assert year["count"] == 12 + 13


def test_the_rent_is_in_every_expected_month(office):
    api = client_of(office["tenant"])
    months = api.get(V1 + "cash-flow/", {"today": str(TODAY)}).json()["expected"]
    assert [month["month"] for month in months] == [
        "2026-12", *(f"2027-{number:02d}" for number in range(1, 12)),
    ]  # fmt: skip
    assert [month["payments"] for month in months] == [6, 5, 5, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    assert (months[0]["projected"], months[3]["projected"]) == (4, 1)
    assert months[3]["out_low"] == "90.0000"


def test_what_past_cash_flow_leaves_out_is_in_no_expected_sum(office):
    """A card's purchases, which the account's payment of the card settles, and invoices."""
    user, api = office["user"], client_of(office["tenant"])
    department, shop = rows.entity(user, "Sales", "department"), rows.entity(user, "Shop")
    guest = rows.entity(user, "Guest", "customer")
    before = api.get(V1 + "cash-flow/", {"today": str(TODAY)}).json()["expected"]
    expect(user, department, shop, "monthly", date(2026, 12, 2), date(2027, 1, 2))
    expect(user, guest, department, "yearly", date(2026, 12, 3), records="obligation")
    refresh.refresh()
    assert api.get(V1 + "cash-flow/", {"today": str(TODAY)}).json()["expected"] == before
    due_then = api.get(V1 + "due/", {"today": str(TODAY), "until": "2026-12-31"}).json()
    (total,) = due_then["totals"]
    assert (total["payments"], total["low"]) == (before[0]["payments"], before[0]["out_low"])
    assert {row["target"]["name"]: row["is_cash"] for row in due_then["results"]} == {
        "Landlord": True, "Cleaners": True, "Shop": False, "Sales": False,
    }  # fmt: skip
    (of_shop,) = api.get(V1 + "due/", {"today": str(TODAY), "party": "Shop"}).json()["totals"]
    assert of_shop["payments"] == 1


def test_an_assistant_is_told_of_each_occurrence_if_it_says_until_when(office):
    def ask(**arguments: Any) -> dict[str, Any]:
        result = call(office["user"], "due_payments", {"today": str(TODAY), **arguments})
        assert not result.is_error, result.content
        return result.structured_content

    assert (ask()["count"], ask()["totals"]) == (2, [])
    until = ask(until="2026-12-14")
    assert [(one["day"], one["status"]) for one in until["due"]] == [
        ("2026-12-01", "pending"), ("2026-12-03", "pending"), ("2026-12-10", "projected"),
    ]  # fmt: skip
    assert [total["payments"] for total in until["totals"]] == [3]
    assert ask(until="2026-12-14", party="Cleaners", limit=1)["next_offset"] == 1


def test_an_assistant_is_told_of_stale_payments_whatever_the_last_day(office):
    models.PredictedRelationship.objects.using("owner").update(stale_from=TODAY)
    refresh.refresh()
    asked = {"today": str(TODAY), "status": "stale", "until": "2026-12-14"}
    answer = call(office["user"], "due_payments", asked).structured_content
    assert (answer["count"], answer["stale"], len(answer["due"])) == (2, 2, 2)


@pytest.mark.parametrize("today", ["9999-12-25", "9999-12-31", "0001-01-01"])
def test_the_first_and_the_last_days_of_time_are_days_like_others(office, today):
    api = client_of(office["tenant"])
    for path, parameters in AS_OF_A_DAY:
        answer = api.get(V1 + path, {"today": today, **parameters})
        assert answer.status_code == 200, (path, answer.content)
    lists = [("relationships/", "since"), ("relationships/", "until"), ("due/", "until")]
    for path, name in lists:
        assert api.get(V1 + path, {name: today}).status_code == 200, (path, name)


def test_evidence_does_not_list_the_later_days(office):
    api = client_of(office["tenant"])
    (row, _) = api.get(V1 + "insights/prediction/", {"today": str(TODAY)}).json()["results"]
    assert "further" not in row["evidence"]
    assert len(due.predictions(office["user"], TODAY, "Cleaners")[0]["further"]) == 13
