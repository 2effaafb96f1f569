"""Ambiguous pairs in the admin: side by side, and decided by those who may."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from finley.models import User
from graph import models
from graph.database.role import as_owner
from graph.enrich.resolution import step
from tests.graph import rows

LIST = "admin:graph_entityresolution_changelist"


@pytest.fixture
def pair(tenant) -> models.EntityResolution:
    for name, amount in (("Environment Agency", 7), ("Enviroment Agency", 5)):
        entity = rows.entity(tenant.id, name)
        for _ in range(2):
            rows.event(tenant.id, entity, party_name=name, amount=amount, description="Permit <b>")
    step.enrich(tenant.id)
    return models.EntityResolution.objects.using("owner").get()


def client_of(user: User) -> Client:
    client = Client()
    with as_owner():
        client.force_login(user)
    return client


@pytest.fixture
def staff(committed) -> Client:
    with as_owner():
        return client_of(User.objects.create_superuser("staff@example.org"))


def act(client: Client, action: str, *pairs: models.EntityResolution):
    form = {"action": action, "_selected_action": [str(pair.pk) for pair in pairs]}
    return client.post(reverse(LIST) + "?decided=all", form, follow=True)


def decided() -> list[str]:
    return list(models.EntityResolution.objects.using("owner").values_list("decided", flat=True))


def test_the_list_shows_what_is_open(staff, pair):
    assert b"Enviroment Agency" in staff.get(reverse(LIST)).content
    act(staff, "keep_apart", pair)
    assert b"Enviroment Agency" not in staff.get(reverse(LIST)).content
    assert b"Enviroment Agency" in staff.get(reverse(LIST), {"decided": "apart"}).content


def test_the_page_shows_both_sides(staff, pair):
    page = reverse("admin:graph_entityresolution_change", args=[pair.pk])
    text_ = staff.get(page).content.decode()
    for text in ("GBP 14.00", "GBP 10.00", "2024-01-31", "Permit &lt;b&gt;", "mistyped"):
        assert text in text_
    act(staff, "merge", pair)
    assert "GBP 10.00" in staff.get(page).content.decode()  # under its own name still


def test_a_person_merges_keeps_apart_and_takes_it_back(staff, pair):
    assert "1 pair merged." in act(staff, "merge", pair).content.decode()
    assert decided() == ["merge"]
    (word,) = models.EntityResolution.objects.using("owner").all()
    assert word.decided_by == "staff@example.org"
    act(staff, "keep_apart", pair)
    assert decided() == ["apart"]
    act(staff, "undo", pair)
    assert decided() == ["open"]


def test_who_may_only_look_may_not_decide(committed, pair):
    with as_owner():
        reader = User.objects.create_user("reader@example.org", is_staff=True)
        reader.user_permissions.add(Permission.objects.get(codename="view_entityresolution"))
    client = client_of(reader)
    assert client.get(reverse(LIST)).status_code == 200
    act(client, "merge", pair)
    assert decided() == ["open"]
