"""The admin's pages of endpoints: a secret is shown once, what is wrong is said in the form."""

import re

import pytest

from syncjobs.alerts import sealed_secrets
from syncjobs.models import OPERATORS, AlertRule, Delivery, DeliveryEndpoint
from tests.syncjobs.test_admin import person, text_of

pytestmark = pytest.mark.usefixtures("own_queue")
LIST = "/admin/syncjobs/deliveryendpoint/"
FORM = {
    "tenant": "",
    "name": "pager",
    "channel": "webhook",
    "address": "https://example.com/h",
    "events": "",
    "quiet_from": "",
    "quiet_until": "",
    "zone": "",
    "is_enabled": "on",
}


def secret_in(text: str) -> str:
    (secret,) = set(re.findall(r"whsec_[A-Za-z0-9+/=]+", text))
    return secret


def test_an_endpoint_from_its_making_to_its_end(staff, tenant):
    text = text_of(staff.post(f"{LIST}add/", FORM, follow=True))
    secret = secret_in(text)
    endpoint = DeliveryEndpoint.objects.using("owner").get()
    assert endpoint.user_id == OPERATORS
    assert sealed_secrets.unseal(endpoint.secret) == secret
    page = f"{LIST}{endpoint.pk}/change/"
    for place in (LIST, page):
        assert "whsec_" not in text_of(staff.get(place))
        assert endpoint.secret not in text_of(staff.get(place))
    rules = {
        "rules-TOTAL_FORMS": "1", "rules-INITIAL_FORMS": "0", "rules-0-kind": "dead_letter",
        "rules-0-threshold": "", "rules-0-is_enabled": "on",
    }  # fmt: skip
    changed = {**FORM, **rules, "name": "night", "quiet_from": "22:00", "quiet_until": "07:00"}
    text_of(staff.post(page, changed, follow=True))
    endpoint.refresh_from_db(using="owner")
    assert (endpoint.name, endpoint.quiet_from.hour) == ("night", 22)
    assert AlertRule.objects.using("owner").get().user_id == OPERATORS
    chosen = {"_selected_action": str(endpoint.pk)}
    rotated = text_of(staff.post(LIST, {"action": "rotate_secret", **chosen}, follow=True))
    assert secret_in(rotated) != secret
    text_of(staff.post(LIST, {"action": "send_test", **chosen}, follow=True))
    message = Delivery.objects.using("owner").get()
    assert "It works." in text_of(staff.get(f"/admin/syncjobs/delivery/{message.pk}/change/"))
    assert "A test of finley" in text_of(staff.get("/admin/syncjobs/delivery/"))


def test_what_is_wrong_is_said_in_the_form(staff, tenant):
    for wrong, words in (
        ({"address": "https://0x7f000001/"}, "Write the host as a name"),
        ({"quiet_from": "22:00"}, "both ends"),
        ({"tenant": "nobody@example.org"}, "no such tenant"),
        ({"tenant": tenant.email, "channel": "chat", "address": "slack://a/b"}, "Only operators"),
        ({"zone": "Mars/Base"}, "Europe/London"),
    ):
        assert words in text_of(staff.post(f"{LIST}add/", {**FORM, **wrong})), wrong
    assert not DeliveryEndpoint.objects.using("owner").exists()
    text_of(staff.post(f"{LIST}add/", {**FORM, "tenant": tenant.email}, follow=True))
    assert DeliveryEndpoint.objects.using("owner").get().user_id == tenant.pk


def test_who_may_not_change_makes_no_secret():
    reader = person("view_deliveryendpoint")
    assert reader.get(LIST).status_code == 200
    assert reader.post(f"{LIST}add/", FORM).status_code == 403
    assert not DeliveryEndpoint.objects.using("owner").exists()
