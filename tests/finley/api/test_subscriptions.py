"""Programs subscribe to what happens, over the API: made, tried, told, looked at, sent again."""

import base64
import hashlib
import hmac
import json
from ipaddress import ip_network
from uuid import uuid4

import pytest

from graph.http.scopes import READ
from syncjobs.alerts import address_guard
from syncjobs.events import publish, subscriptions
from syncjobs.models import Delivery, DeliveryEndpoint
from tests.conftest import client_of
from tests.graph import rows
from tests.problems import problem
from tests.syncjobs import run_rows
from tests.syncjobs.alerts.receiver import Receiver, receiver
from tests.syncjobs.burst import work

URL = "/api/v1/subscriptions/"
HOOK = {"name": "ours", "address": "https://example.org/hook", "events": ["case.opened"]}

pytestmark = [
    pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning"),
    pytest.mark.usefixtures("own_queue"),
]


@pytest.fixture
def box(monkeypatch):
    monkeypatch.setattr(address_guard, "networks_of", lambda _: [ip_network("127.0.0.0/8")])
    with receiver() as listener:
        yield listener


def is_signed(box: Receiver, nth: int, secret: str) -> bool:
    headers, body = box.requests[nth]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return headers["webhook-signature"] == f"v1,{mac}"


def test_from_a_subscription_to_a_verified_message(tenant, api, box):
    made = api.post(URL, {**HOOK, "address": box.url}, format="json")
    assert made.status_code == 201
    hook, secret = f"{URL}{made.json()['id']}/", made.json()["secret"]
    (listed,) = api.get(URL).json()["results"]
    assert secret not in str(listed)
    assert listed["events"] == ["case.opened"]
    assert api.post(f"{hook}test/").status_code == 202
    case = rows.case(tenant.pk)
    assert publish.look() == {"messages": 1}
    work()
    bodies = [json.loads(body) for _, body in box.requests]
    assert {body["type"] for body in bodies} == {"test", "case.opened"}
    told = next(body["data"] for body in bodies if body["type"] == "case.opened")
    assert told["case"] == str(case.pk)
    assert all(is_signed(box, nth, secret) for nth in range(2))
    sent = api.get(f"{hook}messages/", {"state": "delivered"}).json()["results"]
    assert {message["event"] for message in sent} == {"test", "case.opened"}
    replay = f"{URL}messages/{sent[0]['id']}/replay/"
    assert api.post(replay).json()["state"] == "waiting"
    assert api.post(replay).status_code == 409
    letter = run_rows.failure(function="deliver", user_id=tenant.pk)
    Delivery.objects.using("owner").filter(pk=sent[0]["id"]).update(failure=letter)
    work()
    assert run_rows.again(letter).status == "resolved"
    assert box.ids.count(f"msg_{sent[0]['id'].replace('-', '')}") == 2
    assert api.delete(hook).status_code == 204
    assert not Delivery.objects.using("owner").exists()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"address": "https://0x7f000001/"}, "address"),
        ({"address": "gopher://example.org/"}, "address"),
        ({"address": "http://example.org/hook"}, "address"),
        ({"address": "https://127.0.0.1/hook"}, "address"),
        ({"address": "https://[::ffff:10.0.0.1]/hook"}, "address"),
        ({"events": []}, "events"),
        ({"events": ["everything"]}, "events"),
        ({"name": ""}, "name"),
        ({"channel": "chat"}, "channel"),
    ],
)
def test_what_cannot_be_subscribed_is_refused(api, changed, field):
    refused = api.post(URL, HOOK | changed, format="json")
    assert refused.status_code == 400
    assert field in str(problem(refused))
    assert not DeliveryEndpoint.objects.using("owner").exists()


def test_subscriptions_are_few_and_the_tenants_own(tenant, other_tenant, api, monkeypatch):
    monkeypatch.setattr(subscriptions, "MOST", 2)
    ids = [api.post(URL, HOOK, format="json").json()["id"] for _ in range(2)]
    assert api.post(URL, HOOK, format="json").status_code == 429
    stranger, reader = client_of(other_tenant), client_of(tenant, READ)
    assert stranger.get(URL).json()["results"] == []
    for one in (ids[0], str(uuid4())):
        hook = f"{URL}{one}/"
        answers = (
            stranger.get(f"{hook}messages/"),
            stranger.post(f"{hook}test/"),
            stranger.post(f"{URL}messages/{one}/replay/"),
            stranger.delete(hook),
        )
        assert [answer.status_code for answer in answers] == [404] * 4
    assert reader.get(URL).status_code == 200
    assert reader.post(URL, HOOK, format="json").status_code == 403
    assert reader.delete(f"{URL}{ids[0]}/").status_code == 403
