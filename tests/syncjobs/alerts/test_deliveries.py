"""Messages from their acceptance to their receiver, over real HTTP, Redis and PostgreSQL."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, time, timedelta
from io import StringIO
from ipaddress import ip_network

import pytest
from arq.constants import in_progress_key_prefix
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.db import connections
from standardwebhooks import Webhook, WebhookVerificationError

from graph.database.role import as_owner
from graph.database.tenancy import tenant_transaction
from syncjobs import queue, recover
from syncjobs.alerts import (
    address_guard,
    delivery_state,
    endpoints,
    messages,
    quiet_hours,
    sealed_secrets,
    wake_up,
)
from syncjobs.alerts.deliverer import AT_ONCE, Deliverer
from syncjobs.errors import EndpointRefused, SecretUnreadable
from syncjobs.failures import replay
from syncjobs.models import OPERATORS, Delivery, DeliveryEndpoint, JobFailure
from syncjobs.models.choices import Channel
from tests.syncjobs.alerts.receiver import Receiver, receiver
from tests.syncjobs.burst import work
from tests.syncjobs.run_rows import again

pytestmark = [
    pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning"),
    pytest.mark.usefixtures("own_queue"),
]


@pytest.fixture(autouse=True)
def loopback(settings, monkeypatch):
    """The receiver's network is open to tenants, too: those of the settings never are."""
    monkeypatch.setattr(address_guard, "networks_of", lambda _: [ip_network("127.0.0.0/8")])
    settings.DELIVERIES = {"max_tries": 3, "backoff": 0.001, "timeout": 10.0}


@pytest.fixture
def box():
    with receiver() as listener:
        yield listener


def webhook(box: Receiver, user_id=OPERATORS, **options) -> tuple[DeliveryEndpoint, str]:
    with as_owner():
        return endpoints.create(
            user_id, name="hook", channel=Channel.WEBHOOK, address=box.url, **options
        )


def told(endpoint: DeliveryEndpoint, number: int = 1, **options) -> list[Delivery]:
    with as_owner():
        accepted = [
            messages.deliver(endpoint, "test.said", {"n": n}, title=f"Content {n}", **options)
            for n in range(number)
        ]
    return [message for message in accepted if message]


def delivered(endpoint: DeliveryEndpoint) -> None:
    """Work until nothing waits, as the periodic task and the workers do."""
    for _ in range(50):
        work()
        if not endpoint.deliveries.using("owner").filter(state="waiting").exists():
            return
        wake_up.endpoints([endpoint.pk])
    pytest.fail("something waits still")


def test_a_webhook_is_verified_by_the_standard_s_own_library(box):
    endpoint, secret = webhook(box)
    (message,) = told(endpoint)
    delivered(endpoint)
    ((headers, body),) = box.requests
    read = Webhook(secret).verify(body, headers)
    assert read["type"] == "test.said"
    assert read["data"] == {"n": 0}
    assert headers["webhook-id"] == f"msg_{message.pk.hex}"
    assert headers["host"] == f"127.0.0.1:{box.port}"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"0", b"1"), headers)
    assert again(message).state == "delivered"
    assert again(endpoint).lease_until is None
    assert secret not in again(endpoint).secret


def test_during_a_rotation_both_secrets_fit(box):
    endpoint, former = webhook(box)
    with as_owner():
        secret = endpoints.rotate(endpoint)
    told(endpoint)
    delivered(endpoint)
    with as_owner():
        endpoints.rotate(endpoint, overlap=timedelta(0))
    told(endpoint)
    delivered(endpoint)
    (headers, body), (later_headers, later) = box.requests
    assert len(headers["webhook-signature"].split()) == 2
    for key in (former, secret):
        assert Webhook(key).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(later, later_headers)


def test_stored_secrets_get_a_new_key(box, settings):
    endpoint, secret = webhook(box)
    settings.ENCRYPTION_KEYS = ["A" * 43 + "="]
    assert endpoints.signing_keys(endpoint) == [secret]
    call_command("rotate_keys", stdout=StringIO())
    settings.ENCRYPTION_KEYS = ["B" * 43 + "=", "A" * 43 + "="]
    call_command("rotate_keys", stdout=StringIO())
    settings.ENCRYPTION_KEYS = ["B" * 43 + "="]
    assert sealed_secrets.unseal(again(endpoint).secret) == secret
    settings.ENCRYPTION_KEYS = ["A" * 43 + "="]
    with pytest.raises(SecretUnreadable, match="FINLEY_ENCRYPTION_KEYS"):
        endpoints.signing_keys(again(endpoint))


def test_what_fails_is_tried_again_then_a_dead_letter_then_replayed(box):
    """A hundred messages, of which the receiver refuses most at first: none is lost, and what
    arrives twice has the same id."""
    endpoint, _ = webhook(box)
    box.answer = lambda nth: (500, {}) if nth % 3 else (204, {})
    made = told(endpoint, 100)
    delivered(endpoint)
    failed = [message for message in made if again(message).state == "failed"]
    assert 0 < len(failed) < 100
    assert {again(message).tries for message in failed} == {3}
    letters = list(JobFailure.objects.using("owner").filter(status="open"))
    assert {letter.delivery.pk for letter in letters} == {message.pk for message in failed}
    assert {letter.error for letter in letters} == {"The endpoint answered 500."}
    box.answer = lambda nth: (204, {})
    with as_owner():
        outcome = replay.replay([letter.pk for letter in letters], by=None)
    assert [key for _, key in outcome.started] == [letter.delivery.pk for letter in letters]
    assert recover.abandoned() == 0
    delivered(endpoint)
    assert {again(letter).status for letter in letters} == {"resolved"}
    arrived = {f"msg_{message.pk.hex}" for message in made}
    assert set(box.ids) == arrived


def test_redirects_and_gone(box):
    with receiver() as other:
        endpoint, _ = webhook(box)
        box.answer = lambda nth: (302, {"Location": other.url})
        (message,) = told(endpoint)
        delivered(endpoint)
        assert "redirect" in again(message).error
        assert other.requests == []
    box.answer = lambda nth: (410, {})
    gone = told(endpoint, 10)
    work()
    letters = [letter for message in gone if (letter := again(message).failure_id)]
    assert len(letters) == AT_ONCE  # the other two wait
    assert again(endpoint).is_enabled is False
    with as_owner():
        (refused,) = replay.replay(letters[:1], by=None).skipped
        assert refused.reason == replay.DISABLED
        endpoints_of = DeliveryEndpoint.objects.filter(pk=endpoint.pk)
        endpoints_of.update(is_enabled=True)
        replay.replay(letters[:1], by=None)
        endpoints_of.update(is_enabled=False)
    delivery_state.enqueue_due()
    assert JobFailure.objects.using("owner").get(pk=letters[0]).status == "open"


def test_what_the_queue_lost_is_found_again(box):
    endpoint, _ = webhook(box)
    (message,) = told(endpoint)
    wake_up.endpoints([endpoint.pk])
    assert queue.waiting() == 1  # one job, however often it is woken up
    queue.forget([f"{wake_up.PREFIX}{endpoint.pk}"])
    work()
    assert box.requests == []
    assert delivery_state.enqueue_due() == {"endpoints": 1}
    work()
    assert again(message).state == "delivered"
    assert wake_up.unseen(f"{wake_up.PREFIX}{endpoint.pk}")
    assert not wake_up.unseen(f"{endpoint.pk}")


def test_a_killed_worker_s_lock_does_not_hold_the_next_job_up(box):
    """arq's lock of a job outlives the worker by its timeout, an hour; the endpoint's lease does
    not."""
    endpoint, _ = webhook(box)
    (message,) = told(endpoint)
    with closing(queue.make_redis(str(settings.REDIS_URL))) as redis:
        lock = f"{in_progress_key_prefix}{wake_up.PREFIX}{endpoint.pk}"
        redis.psetex(lock, (settings.ARQ_JOB_TIMEOUT + 10) * 1000 - queue.LOCKED_MS - 1, b"1")
    assert delivery_state.enqueue_due() == {"endpoints": 1}
    work(20)  # a locked job would be waited for
    assert again(message).state == "delivered"


def test_a_tenant_has_one_turn_at_a_time_among_all_workers(box, tenant, other_tenant):
    """A tenant's second endpoint waits until the first turn has ended; another tenant's goes on."""
    endpoints_of = [webhook(box, user.pk)[0] for user in (tenant, tenant, other_tenant)]
    first, second, other = endpoints_of
    for endpoint in endpoints_of:
        told(endpoint)
    assert delivery_state.enqueue_due() == {"endpoints": 2}  # one a tenant
    turn = delivery_state.claimed(first.pk, "w1")
    assert delivery_state.claimed(second.pk, "w2") is None
    assert delivery_state.claimed(other.pk, "w2") is not None
    assert delivery_state.enqueue_due() == {"endpoints": 0}
    queue.forget([f"{wake_up.PREFIX}{endpoint.pk}" for endpoint in endpoints_of])
    asyncio.run(delivering("w2", second))
    assert box.requests == []
    delivery_state.recorded([delivery_state.Sent(*delivery_state.due(turn, 1), 0.1)])
    delivery_state.released(turn)
    assert queue.waiting() == 1  # the second was enqueued by the end of the first's turn
    work()
    assert [headers["webhook-id"] for headers, _ in box.requests] == [
        f"msg_{second.deliveries.using('owner').get().pk.hex}"
    ]


async def delivering(name: str, endpoint: DeliveryEndpoint) -> None:
    worker = Deliverer(name)
    await worker.deliver({}, str(endpoint.pk))
    await worker.close()


def test_workers_that_claim_at_the_same_moment_give_a_tenant_one_turn(box, tenant):
    hooks = [webhook(box, tenant.pk)[0] for _ in range(8)]
    for _ in range(5):
        together = threading.Barrier(len(hooks))

        def claim(endpoint: DeliveryEndpoint) -> delivery_state.Claim | None:
            together.wait()  # noqa: B023 - called within its loop
            try:
                return delivery_state.claimed(endpoint.pk, "w")
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(hooks)) as threads:
            claims = [one for one in threads.map(claim, hooks) if one]
        assert len(claims) == 1
        delivery_state.released(claims[0])


def test_the_operators_have_a_turn_for_each_endpoint(box):
    hooks = [webhook(box)[0] for _ in range(2)]
    assert all(delivery_state.claimed(endpoint.pk, "w1") for endpoint in hooks)


def test_a_second_worker_leaves_an_endpoint_to_the_first(box):
    endpoint, _ = webhook(box)
    first = delivery_state.claimed(endpoint.pk, "w1")
    assert first is not None
    assert delivery_state.claimed(endpoint.pk, "w2") is None
    assert delivery_state.enqueue_due() == {"endpoints": 0}
    delivery_state.released(first)
    second = delivery_state.claimed(endpoint.pk, "w2")
    assert second is not None
    assert not delivery_state.renewed(first)
    assert delivery_state.renewed(second)


def test_mail(settings, tenant, box):
    with tenant_transaction(tenant.pk):
        endpoint, secret = endpoints.create(
            tenant.pk, name="me", channel=Channel.EMAIL, address="me@example.org"
        )
    assert secret == ""
    (message,) = told(endpoint)
    delivered(endpoint)
    assert again(message).error.startswith("No mail server")
    settings.EMAIL_HOST_NAME = "mail.example.org"
    with as_owner():
        replay.replay([again(message).failure_id], by=None)
    delivered(endpoint)
    (letter,) = mail.outbox
    assert letter.subject == "Content 0"
    assert letter.to == ["me@example.org"]
    assert message.pk.hex in letter.extra_headers["Message-ID"]
    assert "n: 0" in letter.body


def test_who_gets_what_is_published(box, tenant, other_tenant):
    everything, _ = webhook(box, tenant.pk)
    cases, _ = webhook(box, tenant.pk, events=["case.opened"])
    webhook(box, tenant.pk, events=["import.done"])
    webhook(box, tenant.pk, is_enabled=False)
    webhook(box, other_tenant.pk)
    with tenant_transaction(tenant.pk):
        sent = messages.publish(tenant.pk, "case.opened", {"a": 1}, key="case.opened:1")
        twice = messages.publish(tenant.pk, "case.opened", {"a": 1}, key="case.opened:1")
    assert {message.endpoint_id for message in sent} == {everything.pk, cases.pk}
    assert twice == []
    delivered(everything)
    delivered(cases)
    assert len(box.requests) == 2
    assert json.loads(box.requests[0][1])["data"] == {"a": 1}


def test_what_cannot_be_an_endpoint_or_a_message(box, tenant):
    for wrong in (
        {"channel": Channel.WEBHOOK, "address": "https://10.1/"},
        {"channel": Channel.EMAIL, "address": "nobody"},
        {"channel": Channel.CHAT, "address": "slack://a/b/c"},
        {"channel": Channel.WEBHOOK, "address": "https://example.com", "zone": "Mars/Base"},
        {"channel": Channel.WEBHOOK, "address": "https://example.com", "quiet_from": time(1)},
    ):
        with as_owner(), pytest.raises(EndpointRefused):
            endpoints.create(tenant.pk, name="x", **wrong)
    endpoint, _ = webhook(box)
    for data in ({"a": object()}, {"a": "x" * 300_000}, {"a": "\0"}, {"a": float("nan")}):
        with as_owner(), pytest.raises(ValueError, match="message"):
            messages.deliver(endpoint, "test.said", data)
    with as_owner():
        assert messages.deliver(endpoint, "test.said", {"a": ["\\u0000"]}) is not None


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        ((22, 7), "2026-01-31T23:00+00:00", "2026-02-01T07:00+00:00"),
        ((22, 7), "2026-02-01T06:59+00:00", "2026-02-01T07:00+00:00"),
        ((22, 7), "2026-02-01T07:00+00:00", None),
        ((9, 17), "2026-02-01T12:00+00:00", "2026-02-01T17:00+00:00"),
        ((9, 17), "2026-07-01T07:30+00:00", None),
        ((8, 8), "2026-07-01T08:00+00:00", None),
    ],
)
def test_quiet_hours(hours, now, until):
    endpoint = DeliveryEndpoint(quiet_from=time(hours[0]), quiet_until=time(hours[1]), zone="UTC")
    end = quiet_hours.end(endpoint, datetime.fromisoformat(now))
    assert end == (until and datetime.fromisoformat(until))
