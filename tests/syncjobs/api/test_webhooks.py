"""Nango's webhooks: signed or refused, believed to be a hint, harmless when they come again."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from rest_framework.test import APIClient

from syncjobs import connections, nango
from syncjobs.models import SyncConnection, SyncRun
from tests.problems import wrong
from tests.syncjobs.api.conftest import KEY, begun, ended, reread, runs_of
from tests.syncjobs.api.shapes import V1, as_published
from tests.syncjobs.api.test_syncs import at_once

NOBODY = "7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f"
HOOK = f"{V1}webhooks/nango/"


def signature(raw: bytes, key: str = KEY) -> str:
    return hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()


def send(body: object, header: str | None = "", **more):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {} if header is None else {"HTTP_X_NANGO_HMAC_SHA256": header or signature(raw)}
    return APIClient().generic("POST", HOOK, raw, "application/json", **headers, **more)


def taken(body: object) -> dict:
    return as_published(send(body), "webhooks/nango/", "post")


def auth(key: str, operation: str = "refresh", success: bool = False, **more) -> dict:
    """As packages/types/lib/webhooks/api.ts of Nango has it."""
    return {
        "from": "nango",
        "type": "auth",
        "connectionId": key,
        "providerConfigKey": "gmail",
        "authMode": "OAUTH2",
        "provider": "google-mail",
        "environment": "prod",
        "operation": operation,
        "success": success,
        **({} if success else {"error": {"type": "refresh_failed", "description": "no"}}),
        **more,
    }


def news(key: str, kind: str = "forward") -> dict:
    more = {"success": True, "syncName": "mail"} if kind == "sync" else {"payload": {"a": 1}}
    return {
        "from": "google-mail",
        "type": kind,
        "connectionId": key,
        "providerConfigKey": "gmail",
        **more,
    }


def owned_by(user) -> dict:
    return {"endUser": {"endUserId": str(user), "endUserEmail": "x@example.org", "tags": {}}}


def long_ago(connection) -> None:
    """The connection's runs began more than a minute ago."""
    SyncRun.objects.using("owner").filter(connection=connection.pk).update(
        started_at=F("started_at") - timedelta(minutes=2),
        created_at=F("created_at") - timedelta(minutes=2),
    )


@pytest.mark.parametrize(
    "header",
    [None, " ", "0" * 64, "é", signature(b"{}", "another key"), signature(b"{}")[:-1], "x" * 9000],
    ids=["none", "empty", "zeros", "é", "key", "short", "long"],
)
def test_without_the_right_signature_nothing_is_parsed(header, gmail):
    for raw in (b"{}", b"not JSON", b"\xff" * 1000):
        answer = send(raw, header)
        assert answer.status_code == 401
        assert wrong(answer) == {}
        assert answer["WWW-Authenticate"]
    as_published(send(b"{}", header), "webhooks/nango/", "post", 401)


def test_a_signature_is_of_the_raw_body(gmail):
    body = json.dumps(news(gmail.nango_connection_id)).encode()
    assert send(body + b" ", signature(body)).status_code == 401
    assert send(body, signature(body).upper()).status_code == 200


def test_signatures_are_compared_in_constant_time(monkeypatch):
    compared = []
    whole = hmac.compare_digest

    def seen(one, other) -> bool:
        compared.append((len(one), len(other)))
        return whole(one, other)

    monkeypatch.setattr(nango.hmac, "compare_digest", seen)
    assert send(b"{}", "0" * 64).status_code == 401
    assert compared == [(64, 64)]


def test_without_a_key_no_webhook_is_taken(settings):
    settings.NANGO |= {"webhook_key": ""}
    for header in (None, signature(b"{}", "")):
        answer = send(b"{}", header)
        assert answer.status_code == 503
        assert "NANGO_WEBHOOK_KEY" in answer.json()["detail"]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"7", b'"x"', b"null", b"\xff", b'{"a": NaN}', b"[" * 100_000,
     b'{"type": "\\ud800"}'],
    ids=lambda raw: ascii(raw[:20]),
)  # fmt: skip
def test_what_is_no_json_object_is_refused(raw):
    answer = send(raw)
    assert answer.status_code == 400
    assert wrong(answer) == {}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "async_action", "connectionId": "c"},
        {"type": ["auth"]},
        {"type": "auth", "connectionId": 7, "operation": "refresh", "success": False},
        {"type": "auth", "connectionId": "a\0b", "operation": "refresh", "success": False},
        {"type": "auth", "connectionId": "x" * 5000, "operation": "refresh", "success": False},
        {"type": "auth", "connectionId": "nobody", "operation": "refresh", "success": "no"},
        {"type": "forward", "from": "google-mail", "payload": {}},
        auth("nobody"),
        auth("nobody", "creation", success=True),
        auth("nobody", "creation", success=True, **owned_by(NOBODY)),
        auth("nobody", "creation", success=True, **owned_by("x")),
        auth("nobody", "creation", success=False),
        auth("nobody", "creation", success=True, endUser=7, tags=["end_user_id"]),
        news("nobody"),
    ],
    ids=lambda body: ascii(body)[:60],
)
def test_what_is_not_for_us_is_answered_and_nothing_is_done(body):
    answer = taken(body)
    assert answer["accepted"] is False
    assert answer["reason"]
    assert not SyncConnection.objects.using("owner").exists()


def test_a_dead_token_makes_it_suspect_and_a_sync_finds_out(gmail):
    answer = taken(auth(gmail.nango_connection_id))
    assert answer["accepted"] is True
    now = reread(gmail)
    assert now.state == "suspect"
    assert now.state_reason
    (run,) = runs_of(gmail)
    assert (str(run.pk), run.trigger, run.status) == (answer["run"], "webhook", "queued")
    ended(run.pk)
    assert reread(gmail).state == "alive"


def test_a_new_authorisation_makes_it_alive(gmail):
    for state in ("dead", "suspect"):
        SyncConnection.objects.using("owner").update(state=state, state_reason="Because.")
        answer = taken(auth(gmail.nango_connection_id, "override", success=True))
        now = reread(gmail)
        assert (answer["accepted"], now.state, now.state_reason) == (True, "alive", "")


def test_a_hint_leaves_dead_paused_and_removed_ones_as_they_are(gmail, tenant):
    for state in ("dead", "paused"):
        SyncConnection.objects.using("owner").update(state=state, state_reason="Because.")
        taken(auth(gmail.nango_connection_id))
        assert (reread(gmail).state, reread(gmail).state_reason) == (state, "Because.")
    (run,) = runs_of(gmail)  # the dead one's: somebody may have connected it again
    ended(run.pk)
    connections.remove(tenant.pk, gmail.pk)
    assert taken(news(gmail.nango_connection_id))["accepted"] is False
    assert taken(auth(gmail.nango_connection_id, "creation", True))["accepted"] is False
    assert len(runs_of(gmail)) == 1


def test_a_creation_makes_the_connection_of_the_user_it_names(tenant):
    body = auth("new", "creation", success=True, **owned_by(tenant.pk))
    answer = taken(body)
    (connection,) = connections.listed(tenant.pk)
    assert (str(connection.pk), connection.provider, connection.integration) == (
        answer["connection"],
        "gmail",
        "",
    )
    assert [str(run.pk) for run in runs_of(connection)] == [answer["run"]]
    assert taken(body)["run"] == answer["run"]
    assert len(connections.listed(tenant.pk)) == 1


def test_an_integration_of_another_name_is_known_by_nangos_provider(tenant):
    body = auth("new", "creation", success=True, tags={"end_user_id": str(tenant.pk)})
    taken(body | {"providerConfigKey": "our-mail"})
    (connection,) = connections.listed(tenant.pk)
    assert (connection.provider, connection.integration) == ("gmail", "our-mail")
    ended(runs_of(connection)[0].pk)
    assert taken(news("new"))["accepted"] is False  # of another integration
    long_ago(connection)
    assert taken(news("new") | {"providerConfigKey": "our-mail"})["accepted"] is True


def test_nobody_gets_a_connection_who_is_switched_off(tenant):
    tenant.is_active = False
    tenant.save(using="owner")
    body = auth("new", "creation", success=True, **owned_by(tenant.pk))
    assert taken(body)["accepted"] is False


def test_an_old_creation_sent_again_brings_nothing_back(tenant):
    body = auth("new", "creation", success=True, **owned_by(tenant.pk))
    taken(body)
    (connection,) = connections.listed(tenant.pk)
    connections.remove(tenant.pk, connection.pk)
    assert taken(body)["accepted"] is False
    assert connections.listed(tenant.pk) == []


def test_one_creation_twice_at_once_is_one_connection(tenant):
    body = auth("new", "creation", success=True, **owned_by(tenant.pk))
    answer = at_once(4, lambda _: taken(body))
    assert all(item["accepted"] for item in answer)
    assert len({item["run"] for item in answer}) == 1
    assert len(connections.listed(tenant.pk)) == 1


@pytest.mark.parametrize("kind", ["sync", "forward"])
def test_news_start_a_sync(gmail, kind):
    answer = taken(news(gmail.nango_connection_id, kind))
    assert answer["accepted"] is True
    assert [str(run.pk) for run in runs_of(gmail)] == [answer["run"]]


def test_a_failed_sync_of_nangos_is_no_news(gmail):
    body = news(gmail.nango_connection_id, "sync") | {"success": False}
    assert taken(body)["accepted"] is False
    assert runs_of(gmail) == []


def test_one_active_run_is_enough(gmail):
    first = taken(news(gmail.nango_connection_id))
    begun(first["run"])
    for _ in range(3):
        again = taken(news(gmail.nango_connection_id))
        assert (again["accepted"], again["run"]) == (True, first["run"])
        assert again["reason"]
    assert len(runs_of(gmail)) == 1


def test_many_at_once_are_one_run(gmail):
    answer = at_once(10, lambda _: taken(news(gmail.nango_connection_id)))
    assert len({item["run"] for item in answer}) == 1
    assert len(runs_of(gmail)) == 1


def test_a_webhook_sent_again_starts_nothing_within_a_minute(gmail):
    first = taken(news(gmail.nango_connection_id))
    assert runs_of(gmail)[0].next_try_at is None
    ended(first["run"])
    again = [taken(news(gmail.nango_connection_id)) for _ in range(20)]
    assert len({item["run"] for item in again}) == 1
    second = SyncRun.objects.using("owner").get(pk=again[0]["run"])
    began = SyncRun.objects.using("owner").get(pk=first["run"]).started_at
    assert second.next_try_at == began + timedelta(seconds=60)
    assert second.next_try_at > timezone.now()


def test_after_a_minute_it_starts_at_once(gmail):
    ended(taken(news(gmail.nango_connection_id))["run"])
    long_ago(gmail)
    later = taken(news(gmail.nango_connection_id))
    assert SyncRun.objects.using("owner").get(pk=later["run"]).next_try_at is None


def test_a_webhook_from_the_sandbox_over_http(server, box, gmail):
    target = f"{server.address}{HOOK}"
    active = taken(news(gmail.nango_connection_id))["run"]
    assert box.webhook(target, "another key", {}).status_code == 401
    assert box.webhook(target, KEY, {"type": "é"}).json()["accepted"] is False
    answer = box.webhook(target, KEY, news(gmail.nango_connection_id))
    assert (answer.status_code, answer.json()["run"]) == (200, active)
