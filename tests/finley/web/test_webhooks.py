"""The page of an owner's webhooks."""

import re

import pytest
from django.utils import timezone

from finley.models import Role
from graph.database.role import as_owner
from syncjobs.models import Delivery, DeliveryEndpoint
from tests.conftest import client_of
from tests.finley.api.test_session import member_of
from tests.finley.web.conftest import text_of
from tests.finley.web.test_account import at

FORM = {
    "name": "our bus",
    "address": "https://hooks.example.com/in?a=1",
    "events": ["case.opened", "import.done"],
}


@pytest.fixture
def form(tenant) -> dict:
    return {"tenant": str(tenant.pk)}


def only_webhook() -> DeliveryEndpoint:
    with as_owner():
        return DeliveryEndpoint.objects.get()


def test_a_webhook_is_made_and_its_secret_shown_once(client, tenant, form):
    text = text_of(client.post("/webhooks/create/", form | FORM))
    secret = re.search(r"(whsec_[A-Za-z0-9+/=]+)", text)[1]
    row = only_webhook()
    assert (row.user_id, row.events) == (tenant.pk, FORM["events"])
    shown = text_of(client.get("/webhooks/"))
    assert "our bus" in shown
    assert secret not in shown
    listed = client_of(tenant).get("/api/v1/subscriptions/").json()["results"]
    assert [one["name"] for one in listed] == ["our bus"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"events": []}, "This field is required"),
        ({"events": ["x"]}, "is not one of the available choices"),
        ({"name": ""}, "This field is required"),
        ({"address": "http://10.0.0.1/"}, "https"),
        ({"address": "not an address"}, "https"),
    ],
)
def test_a_wrong_form_is_shown_again_with_what_is_wrong(client, form, wrong, said):
    response = client.post("/webhooks/create/", form | FORM | wrong)
    assert response.status_code == 400
    text = text_of(response)
    assert said in text
    assert "checked" in text or not (FORM | wrong)["events"] or wrong.get("events")
    with as_owner():
        assert not DeliveryEndpoint.objects.exists()


def test_it_is_tested_and_its_messages_are_sent_again(client, quiet, form):
    client.post("/webhooks/create/", form | FORM)
    row = only_webhook()
    page = f"/webhooks/{row.pk}/"
    text = text_of(client.post(f"{page}test/", form, follow=True))
    assert "A test of finley" in text
    assert "Send again" not in text
    message = Delivery.objects.using("owner").get()
    again = f"/webhooks/messages/{message.pk}/again/"
    assert "waiting already" in text_of(client.post(again, form, follow=True))
    failed = {"state": "failed", "error": "status 500", "tries": 10, "ended_at": timezone.now()}
    Delivery.objects.using("owner").update(**failed)
    assert "status 500" in text_of(client.get(page))
    assert "is sent again" in text_of(client.post(again, form, follow=True))
    message.refresh_from_db()
    assert (message.state, message.tries) == ("waiting", 0)
    client.post(f"{page}delete/", form)
    assert client.get(page).status_code == 404


def test_others_see_none_of_it(client, tenant, other_tenant, form):
    client.post("/webhooks/create/", form | FORM)
    row = only_webhook()
    stranger = at(other_tenant, other_tenant)
    theirs = {"tenant": str(other_tenant.pk)}
    assert stranger.get(f"/webhooks/{row.pk}/").status_code == 404
    assert stranger.post(f"/webhooks/{row.pk}/test/", theirs).status_code == 404
    assert stranger.post(f"/webhooks/{row.pk}/delete/", theirs).status_code == 404
    assert "our bus" not in text_of(stranger.get("/webhooks/"))
    reviewer = at(tenant, member_of(tenant, Role.REVIEWER))
    assert reviewer.get("/webhooks/").status_code == 403
    assert "/webhooks/" not in text_of(reviewer.get("/account/"))
    assert client.post("/webhooks/create/", FORM).status_code == 400
    assert only_webhook().pk == row.pk
