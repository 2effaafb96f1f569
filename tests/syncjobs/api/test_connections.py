"""Connections over HTTP: only what Nango says is the tenant's; schedules, pauses, removals."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from syncjobs import connections
from syncjobs.models.choices import ConnectionState
from tests.problems import unnamed, wrong
from tests.syncjobs.api.conftest import accepted, begun, nango_connection, reread, runs_of
from tests.syncjobs.api.shapes import V1, as_published
from tests.syncjobs.api.test_syncs import at_once

CONNECTIONS = f"{V1}connections/"
ONE = "connections/{connection_id}/"


def register(api, nango_id: str, provider: str = "gmail", **more):
    body = {"provider": provider, "nango_connection_id": nango_id, **more}
    return api.post(CONNECTIONS, body, format="json")


def change(api, connection, **changes):
    return api.patch(f"{CONNECTIONS}{connection.pk}/", changes, format="json")


def test_a_connection_of_mine_is_registered(api, tenant, box):
    key = nango_connection(box, tenant)
    answer = register(api, key, sync_every_seconds=3600)
    connection = as_published(answer, "connections/", "post", 201)
    assert answer["Location"] == f"{CONNECTIONS}{connection['id']}/"
    assert (connection["state"], connection["sync_every_seconds"]) == ("alive", 3600)
    assert connection["next_sync_at"] is not None
    assert as_published(api.get(answer["Location"]), ONE) == connection
    assert "cursor" not in connection


def test_a_tag_names_the_owner_as_well(api, tenant, box):
    key = nango_connection(box, None, tags={"end_user_id": str(tenant.pk)})
    assert register(api, key).status_code == 201


def test_missing_foreign_and_dead_ones_are_refused_alike(api, tenant, other_tenant, box):
    refused = [
        register(api, "nobody's"),
        register(api, nango_connection(box, other_tenant)),
        register(api, nango_connection(box, None)),
        register(api, nango_connection(box, tenant, state="dead")),
        register(api, nango_connection(box, tenant, state="missing")),
        register(api, nango_connection(box, tenant), provider="dropbox"),
        register(api, nango_connection(box, tenant), integration="unheard-of"),
        register(api, "../connections/gmail-demo?x=y#z"),
    ]
    assert {answer.status_code for answer in refused} == {400}
    assert len({str(unnamed(answer)) for answer in refused}) == 1
    assert list(wrong(refused[0])) == ["nango_connection_id"]
    assert connections.listed(tenant.pk) == []


def test_one_that_is_registered_is_not_registered_again(api, tenant, box):
    key = nango_connection(box, tenant)
    assert register(api, key).status_code == 201
    again = register(api, key)
    assert again.status_code == 409
    assert list(wrong(again)) == ["nango_connection_id"]


def test_a_removed_one_can_be_registered_anew(api, tenant, box):
    key = nango_connection(box, tenant)
    first = register(api, key).json()["id"]
    assert api.delete(f"{CONNECTIONS}{first}/").status_code == 204
    second = register(api, key)
    assert second.status_code == 201
    assert second.json()["id"] != first


def test_two_at_once_register_one(tenant, box):
    key = nango_connection(box, tenant)

    def one(_: int) -> str:
        try:
            return str(connections.register(tenant.pk, "gmail", key).pk)
        except connections.AlreadyConnected:
            return "already"

    assert at_once(2, one).count("already") == 1


@pytest.mark.parametrize(
    "wrong", [{"host": "http://127.0.0.1:9"}, {"secret": "wrong"}, {"secret": ""}], ids=str
)
def test_a_nango_that_cannot_be_asked_is_said(api, tenant, box, settings, wrong):
    key = nango_connection(box, tenant)
    settings.NANGO |= wrong
    answer = register(api, key)
    as_published(answer, "connections/", "post", 503)
    assert int(answer["Retry-After"]) > 0
    assert connections.listed(tenant.pk) == []


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("provider", ["", None, "icloud", "GMAIL", 7, "\0"]),
        ("nango_connection_id", ["", None, "x" * 256, "two words", "é", "a\0", "a\nb", 7.5, []]),
        ("integration", ["é", "a b", None, "x" * 256]),
        ("sync_every_seconds", [0, 59, -60, 31 * 86_400 + 1, "often", 61.5, True, 10**400]),
        ("user_id", ["7"]),
        ("state", ["alive"]),
        ("cursor", [{}]),
    ],
)
def test_a_wrong_field_is_named(api, field, values):
    for value in values:
        body = {"provider": "gmail", "nango_connection_id": "c", field: value}
        answer = api.post(CONNECTIONS, body, format="json")
        assert answer.status_code == 400, value
        assert list(wrong(answer)) == [field], value


def test_the_list_is_the_tenants_own(api, gmail, theirs, tenant):
    box = connections.register(tenant.pk, "dropbox", "box")
    listed = as_published(api.get(CONNECTIONS), "connections/")["results"]
    assert [entry["id"] for entry in listed] == [str(gmail.pk), str(box.pk)]
    (only,) = api.get(CONNECTIONS, {"provider": "dropbox"}).json()["results"]
    assert only["id"] == str(box.pk)
    connections.remove(tenant.pk, box.pk)
    assert len(api.get(CONNECTIONS).json()["results"]) == 1
    (removed,) = api.get(CONNECTIONS, {"state": "removed"}).json()["results"]
    assert removed["id"] == str(box.pk)
    for item in ({"state": "asleep"}, {"provider": "x"}, {"user_id": "x"}):
        assert api.get(CONNECTIONS, item).status_code == 400


def test_another_tenants_and_nobodys_are_the_same_404(api, theirs):
    for ask in (
        api.get,
        api.delete,
        lambda path: api.patch(path, {"state": "paused"}, format="json"),
    ):
        items = [ask(f"{CONNECTIONS}{item}/") for item in (theirs.pk, uuid4(), "7")]
        assert {answer.status_code for answer in items} == {404}
        assert len({str(unnamed(answer)) for answer in items}) == 1
    assert reread(theirs).state == "alive"


def test_a_schedule_makes_it_due_at_once_and_none_never(api, gmail):
    connection = as_published(change(api, gmail, sync_every_seconds=60), ONE, "patch")
    assert connection["sync_every_seconds"] == 60
    now = reread(gmail)
    assert now.sync_every == timedelta(minutes=1)
    assert abs(now.next_sync_at - timezone.now()) < timedelta(seconds=30)
    connection = change(api, gmail, sync_every_seconds=None).json()
    assert (connection["sync_every_seconds"], connection["next_sync_at"]) == (None, None)
    assert change(api, gmail, sync_every_seconds=31 * 86_400).status_code == 200
    assert change(api, gmail).status_code == 200


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"sync_every_seconds": 59}, "sync_every_seconds"),
        ({"sync_every_seconds": 31 * 86_400 + 1}, "sync_every_seconds"),
        ({"sync_every_seconds": "x"}, "sync_every_seconds"),
        ({"state": "removed"}, "state"),
        ({"state": "dead"}, "state"),
        ({"state": None}, "state"),
        ({"provider": "dropbox"}, "provider"),
        ({"cursor": {}}, "cursor"),
        ({"next_sync_at": None}, "next_sync_at"),
    ],
    ids=str,
)
def test_a_wrong_change_is_named(api, gmail, changes, named):
    answer = change(api, gmail, **changes)
    assert answer.status_code == 400
    assert list(wrong(answer)) == [named]


def test_a_pause_and_its_end(api, gmail):
    change(api, gmail, sync_every_seconds=3600)
    assert change(api, gmail, state="paused").json()["state"] == "paused"
    assert change(api, gmail, state="paused").status_code == 200
    connection = change(api, gmail, state="alive").json()
    assert connection["state"] == "alive"
    assert connection["next_sync_at"] is not None


@pytest.mark.parametrize("state", ["dead", "suspect", "removed"])
def test_nobody_says_that_it_is_alive(api, gmail, state):
    gmail.state, gmail.state_reason = ConnectionState(state), "Because."
    gmail.save(using="owner", update_fields=["state", "state_reason"])
    answer = change(api, gmail, state="alive")
    assert answer.status_code == 409
    assert list(wrong(answer)) == ["connection" if state == "removed" else "state"]
    assert reread(gmail).state_reason == "Because."


def test_a_removal_keeps_the_rows_and_ends_the_run(api, gmail):
    run = accepted(api, gmail)
    begun(run["id"])
    for _ in range(2):
        assert api.delete(f"{CONNECTIONS}{gmail.pk}/").status_code == 204
    (run_row,) = runs_of(gmail)
    assert run_row.cancel_requested_at is not None
    connection = api.get(f"{CONNECTIONS}{gmail.pk}/").json()
    assert (connection["state"], connection["next_sync_at"]) == ("removed", None)


def test_a_removal_cancels_what_waits(api, gmail):
    accepted(api, gmail)
    api.delete(f"{CONNECTIONS}{gmail.pk}/")
    assert [run.status for run in runs_of(gmail)] == ["cancelled"]
