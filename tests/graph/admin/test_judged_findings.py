"""What people say of duplicates and missed recurrences, in the admin, and that it lasts."""

from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from finley.models import User
from graph import models
from graph.database.role import as_owner
from graph.enrich import run_enrichment
from tests.graph import rows

DUPLICATES = "admin:graph_duplicatetransaction_changelist"
DUPLICATE = models.DuplicateTransaction
PREDICTIONS = "admin:graph_predictedrelationship_changelist"


def client_of(user: User) -> Client:
    client = Client()
    with as_owner():
        client.force_login(user)
    return client


@pytest.fixture
def staff(committed) -> Client:
    with as_owner():
        return client_of(User.objects.create_superuser("staff@example.org"))


def pay(tenant, ends, day: date, amount: float, document: str = "") -> None:
    when = datetime(day.year, day.month, day.day, tzinfo=UTC)
    events = [
        rows.event(tenant.id, party, amount=sign * amount, occurred_at=when,
                   document_ref=document or None, party_name=party.name)
        for party, sign in zip(ends, (-1, 1), strict=True)
    ]  # fmt: skip
    rows.relationship(tenant.id, *events)


@pytest.fixture
def books(tenant):
    """A rent that stopped coming two months before the books end, and a bill paid twice."""
    office = rows.entity(tenant.id, "Office", "department")
    landlord, mill = rows.entity(tenant.id, "Landlord <b>"), rows.entity(tenant.id, "Acme Mills")
    for month in range(24):
        pay(tenant, (office, landlord), date(2022 + month // 12, month % 12 + 1, 3), 900)
    for day in (date(2023, 12, 20), date(2023, 12, 29), date(2024, 1, 20)):
        number = "INV-70123" if day.year == 2023 else ""
        pay(tenant, (office, mill), day, 123.45 if number else 7, number)
    run_enrichment.enrich(tenant.id)
    return tenant


def act(client: Client, page: str, action: str, row):
    form = {"action": action, "_selected_action": [str(row.pk)]}
    return client.post(reverse(page) + "?status=all", form, follow=True).content.decode()


def the(model):
    return model.objects.using("owner").get()


def overdue() -> models.PredictedRelationship:
    return models.PredictedRelationship.objects.using("owner").order_by("expected_from").last()


def test_open_duplicates_are_listed_with_both_rows_and_why(staff, books):
    html = staff.get(reverse(DUPLICATES)).content.decode()
    for text in ("Acme Mills", "123.45 GBP on 2023-12-29", "123.45 GBP on 2023-12-20",
                 "the same party, number and amount"):  # fmt: skip
        assert text in html
    page = reverse("admin:graph_duplicatetransaction_change", args=[the(DUPLICATE).pk])
    assert "INV-70123" in staff.get(page).content.decode()


def test_a_dismissed_pair_stays_dismissed(staff, books):
    assert "1 dismissed." in act(staff, DUPLICATES, "dismiss", the(DUPLICATE))
    run_enrichment.enrich(books.id)
    assert the(DUPLICATE).status == "dismissed"
    assert "123.45" not in staff.get(reverse(DUPLICATES)).content.decode()
    assert "123.45" in staff.get(reverse(DUPLICATES), {"status": "dismissed"}).content.decode()
    act(staff, DUPLICATES, "reopen", the(DUPLICATE))
    assert the(DUPLICATE).status == "open"
    act(staff, DUPLICATES, "confirm", the(DUPLICATE))
    run_enrichment.enrich(books.id)
    assert the(DUPLICATE).status == "confirmed"


def test_missed_recurrences_are_listed(staff, books):
    html = staff.get(reverse(PREDICTIONS)).content.decode()
    assert "Landlord &lt;b&gt;" in html
    assert overdue().status == "overdue"


def test_what_is_dismissed_is_not_expected_again_until_somebody_says_so(staff, books):
    assert "1 dismissed." in act(staff, PREDICTIONS, "dismiss", overdue())
    run_enrichment.enrich(books.id)
    (row,) = models.PredictedRelationship.objects.using("owner").all()
    assert (row.status, row.evidence["cancelled_by"]) == ("cancelled", "staff@example.org")
    assert "1 expected again." in act(staff, PREDICTIONS, "expect_again", row)
    run_enrichment.enrich(books.id)
    assert overdue().status == "overdue"
    assert "cancelled_by" not in overdue().evidence


def test_who_may_only_look_may_not_judge(committed, books):
    with as_owner():
        reader = User.objects.create_user("reader@example.org", is_staff=True)
        reader.user_permissions.add(Permission.objects.get(codename="view_duplicatetransaction"))
    client = client_of(reader)
    assert client.get(reverse(DUPLICATES)).status_code == 200
    act(client, DUPLICATES, "dismiss", the(DUPLICATE))
    assert the(DUPLICATE).status == "open"
