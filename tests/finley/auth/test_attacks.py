"""Nothing dear without a good token, and no request's answer depends on one before it."""

import asyncio
import json
import time
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client
from rest_framework.test import APIClient

from finley.auth import client_address, failed_tokens, known_tokens, token_cache
from finley.models import ApiToken, User
from finley.server import cached_schema
from finley.server.body_limit import BodyLimit
from finley.server.concurrency_limit import shares_of
from graph.api import changes
from graph.database.role import as_owner
from graph.errors import TooMany
from graph.view import refresh
from graph.view import version as view_version
from tests.conftest import client_of
from tests.syncjobs.workers import until

STATS = "/api/v1/graph/stats/"
SYNCS = "/api/v1/syncs/"
FAILURES = "/api/v1/job-failures/"


@pytest.fixture(autouse=True)
def nothing_counted():
    failed_tokens.forget()
    token_cache.forget()
    yield
    failed_tokens.forget()
    token_cache.forget()


@pytest.fixture
def staff(committed) -> User:
    with as_owner():
        return User.objects.create_user("helper@example.org", is_staff=True)


@pytest.mark.parametrize("first", [SYNCS, FAILURES])
def test_a_staff_token_used_on_one_role_s_address_works_on_the_other_s(staff, first):
    """Permissions were read as the role that had read the cached user: a 500."""
    client = client_of(staff, "read", "sync", "admin")
    paths = (first, FAILURES, SYNCS, FAILURES)
    statuses = [client.get(path).status_code for path in paths]
    assert statuses == [403 if path == FAILURES else 200 for path in paths]


def test_what_is_cached_belongs_to_no_role(tenant, api):
    api.get(SYNCS)
    token = api._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    one, two = token_cache.get(token), token_cache.get(token)
    assert one is not None
    assert two is not None
    assert one[0] is not two[0]
    assert {row._state.db for row in one} == {None}
    assert not one[0]._state.adding


def test_tokens_that_are_not_good_are_refused_before_they_are_looked_up(
    tenant, api, settings, django_assert_num_queries
):
    settings.FAILED_TOKENS_PER_MINUTE = 5
    assert api.get(SYNCS).status_code == 200
    stranger = APIClient()
    for number in range(5):
        stranger.credentials(HTTP_AUTHORIZATION=f"Bearer finley_{number}{uuid4().hex}")
        assert stranger.get(SYNCS).status_code == 401
    with django_assert_num_queries(0):
        refused = stranger.get(SYNCS)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 60
    assert api.get(SYNCS).status_code == 200  # known to be good, from the same address
    elsewhere = stranger.get(SYNCS, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 401


def test_the_schema_is_made_once(committed, monkeypatch):
    formats: list[str] = []
    real = cached_schema.SchemaView._rendered

    def counted(self, request, *args, **kwargs):
        formats.append(request.accepted_renderer.format)
        return real(self, request, *args, **kwargs)

    monkeypatch.setattr(cached_schema, "_made", {})
    monkeypatch.setattr(cached_schema.SchemaView, "_rendered", counted)
    client = Client()
    answers = [
        client.get("/api/schema/?lang=fr", headers={"Accept": "application/json"}) for _ in range(3)
    ]
    assert len(formats) == 1
    assert {answer.content for answer in answers} == {answers[0].content}
    assert json.loads(answers[0].content)["openapi"].startswith("3.1")


def scope(token: str = "", client: str = "192.0.2.1", **headers: str) -> dict[str, object]:
    headers_sent = {"authorization": f"Bearer {token}", **headers}
    pairs = [
        (name.replace("_", "-").encode(), value.encode()) for name, value in headers_sent.items()
    ]
    return {"type": "http", "path": "/api/", "headers": pairs, "client": (client, 1)}


def test_inventing_tokens_makes_nobody_many_shares_of():
    shares = [shares_of(scope(f"finley_{number}")) for number in range(3)]
    shared = set.intersection(*(set(share) for share in shares))
    assert shared == {b"address 192.0.2.1"}
    known_tokens.note("finley_good")
    assert shared.isdisjoint(shares_of(scope("finley_good")))


def test_who_shows_no_token_counts_for_its_address_alone():
    """People's pages show none: they must not share half of all slots among each other."""
    one, other = scope(client="192.0.2.1"), scope(client="192.0.2.2")
    for request in (one, other):
        request["headers"] = []
    assert shares_of(one) == {b"address 192.0.2.1": 0.75}
    assert shares_of(other) == {b"address 192.0.2.2": 0.75}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (3, "198.51.100.1, 203.0.113.9", "192.0.2.1"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "not an address", "unknown"),
    ],
)
def test_a_forwarded_address_counts_as_far_as_our_proxies_go(settings, proxies, forwarded, address):
    settings.PROXIES = proxies
    assert client_address.of_scope(scope(x_forwarded_for=forwarded)) == address


def test_two_lengths_of_a_body_are_refused():
    messages: list[dict[str, object]] = []

    async def send(message):
        messages.append(message)

    asyncio.run(
        BodyLimit(pytest.fail)(
            scope(content_length="5", transfer_encoding="chunked"), pytest.fail, send
        )
    )
    assert messages[0]["status"] == 400


def test_a_tenant_has_only_so_many_streams(tenant, settings):
    refresh.refresh()
    settings.STREAMS = {**settings.STREAMS, "of_tenant": 2}
    version = view_version.version(tenant.pk)
    first, second = (changes.Stream(tenant.pk, version, lambda: True) for _ in range(2))
    with pytest.raises(TooMany, match="2 at most"):
        changes.Stream(tenant.pk, version, lambda: True)
    changes.Stream(uuid4(), version, lambda: True).close()
    first.close()
    first.close()
    changes.Stream(tenant.pk, version, lambda: True).close()
    second.close()


@pytest.mark.parametrize("how", ["revoked", "expired", "narrowed", "inactive"])
def test_a_stream_ends_when_its_token_is_good_no_more(tenant, api, settings, monkeypatch, how):
    refresh.refresh()
    settings.STREAMS = {**settings.STREAMS, "valid_every": 0.2}
    monkeypatch.setattr(changes, "LOOKED_EVERY", 0.1)
    answer = api.get("/api/v1/graph/changes/stream/", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 200

    def spoil() -> None:
        tokens = ApiToken.objects.using("owner").filter(user=tenant)
        match how:
            case "revoked":
                tokens.delete()
            case "expired":
                tokens.update(expiry="2020-01-01T00:00:00Z")
            case "narrowed":
                tokens.update(scopes=["sync"])
            case "inactive":
                User.objects.using("owner").filter(pk=tenant.pk).update(is_active=False)
        connections["owner"].close()

    async def events() -> list[str]:
        spoiling = asyncio.get_running_loop().run_in_executor(None, spoil)
        parts = [part async for part in answer.streaming_content]
        await spoiling
        return [part.decode() if isinstance(part, bytes) else part for part in parts]

    start = time.monotonic()
    parts = asyncio.run(events())
    answer.close()
    assert "event: end" in parts[-1]
    assert time.monotonic() - start < 30
    until(lambda: not changes.SLOTS._taken[tenant.pk], 5)
