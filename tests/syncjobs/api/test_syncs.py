"""Syncs over HTTP: accepted once, listed, looked at, cancelled; two tenants; many at once."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connections as databases
from rest_framework.test import APIClient

from syncjobs import connections, queue
from syncjobs.models import SyncRun
from tests.conftest import client_of
from tests.problems import unnamed, wrong
from tests.syncjobs.api.conftest import accepted, begun, ended, runs_of
from tests.syncjobs.api.shapes import V1, as_published

SYNCS = f"{V1}syncs/"
KEY = "HTTP_IDEMPOTENCY_KEY"
NOBODY = "7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f"


def ask(api: APIClient, connection, body=None, **headers):
    body = body if body is not None else {"connection": str(connection.pk)}
    return api.post(SYNCS, body, format="json", **headers)


def at_once(count: int, work: Callable[[int], object]) -> list:
    """What `work` returned in each of `count` threads that began together."""
    ready, result = threading.Barrier(count), []

    def one(number: int) -> None:
        try:
            ready.wait(10)
            result.append(work(number))
        finally:
            databases.close_all()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(result) == count
    return result


def test_a_sync_is_accepted_and_told_to_redis(api, gmail):
    answer = ask(api, gmail)
    run = as_published(answer, "syncs/", "post", 202)
    assert answer["Location"] == f"{SYNCS}{run['id']}/"
    assert (run["status"], run["trigger"], run["full"]) == ("queued", "request", False)
    assert list(queue.missing([f"{run['id']}:1", "unheard of"])) == ["unheard of"]
    assert as_published(api.get(answer["Location"]), "syncs/{run_id}/")["attempts"] == []


def test_a_full_one_forgets_the_cursor(api, gmail):
    gmail.cursor = {"history": "7"}
    gmail.save(using="owner", update_fields=["cursor"])
    run = accepted(api, gmail, full=True)
    assert run["full"] is True
    gmail.refresh_from_db(using="owner")
    assert gmail.cursor is None


def test_one_key_for_two_connections_at_once_is_one_run(tenant, gmail):
    both = [gmail, connections.register(tenant.pk, "dropbox", "box")]
    clients = [client_of(tenant) for _ in both]
    result = at_once(2, lambda number: ask(clients[number], both[number], **{KEY: "same"}))
    statuses = sorted(answer.status_code for answer in result)
    assert statuses in ([202, 409], [202, 422]), "under way, or with another request"
    later = [ask(clients[0], item, **{KEY: "same"}).status_code for item in both]
    assert sorted(later) == [202, 422]
    assert sum(len(runs_of(item)) for item in both) == 1


def test_twenty_at_once_are_one_active_run(tenant, gmail):
    clients = [client_of(tenant) for _ in range(20)]
    result = at_once(20, lambda number: ask(clients[number], gmail))
    codes = sorted(answer.status_code for answer in result)
    assert codes == [202] + [409] * 19
    (run,) = runs_of(gmail)
    assert {a.json()["run"] for a in result if a.status_code == 409} == {str(run.pk)}


def test_an_active_run_is_named(api, gmail):
    run = accepted(api, gmail)
    answer = ask(api, gmail)
    assert answer.status_code == 409
    assert answer.json()["run"] == run["id"]
    assert wrong(answer)["connection"]
    begun(run["id"])
    assert ask(api, gmail).status_code == 409


def test_another_tenants_connection_and_nobodys_are_the_same_404(api, theirs):
    items = [ask(api, None, {"connection": str(item)}) for item in (theirs.pk, uuid4())]
    assert [answer.status_code for answer in items] == [404, 404]
    assert unnamed(items[0]) == unnamed(items[1])
    assert list(wrong(items[0])) == ["connection"]
    assert runs_of(theirs) == []


def test_a_paused_and_a_removed_connection_are_not_synced(api, tenant, gmail):
    connections.change(tenant.pk, gmail.pk, {"state": "paused"})
    assert "Resume" in wrong(ask(api, gmail))["connection"][0]
    assert ask(api, gmail).status_code == 409
    connections.remove(tenant.pk, gmail.pk)
    assert ask(api, gmail).status_code == 409


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["connection"]),
        ({"connection": None}, ["connection"]),
        ({"connection": "7"}, ["connection"]),
        ({"connection": -1}, ["connection"]),
        ({"connection": False}, ["connection"]),
        ({"connection": ["x"]}, ["connection"]),
        ({"connection": "\0"}, ["connection"]),
        ({"connection": NOBODY, "full": "perhaps"}, ["full"]),
        ({"connection": NOBODY, "full": None}, ["full"]),
        ({"connection": NOBODY, "user_id": NOBODY, "é": 1}, ["user_id", "é"]),
        ({"full": 7, "x": {}}, ["connection", "full", "x"]),
        ([], ["detail"]),
        ("text", ["detail"]),
        (7, ["detail"]),
        (True, ["detail"]),
    ],
    ids=ascii,
)
def test_a_wrong_body_is_named(api, body, named):
    answer = ask(api, None, body)
    assert answer.status_code == 400
    assert sorted(wrong(answer)) == named


def test_what_is_asked_belongs_in_the_body(api, gmail):
    answer = api.post(f"{SYNCS}?full=true", {"connection": str(gmail.pk)}, format="json")
    assert answer.status_code == 400
    assert list(wrong(answer)) == ["full"]


def test_nobody_without_a_token(gmail):
    client = APIClient()
    for path in ("syncs/", f"syncs/{uuid4()}/", "connections/", f"connections/{uuid4()}/"):
        assert client.get(V1 + path).status_code == 401
    assert ask(client, gmail).status_code == 401
    assert client.post(f"{SYNCS}{uuid4()}/cancel/").status_code == 401


def test_a_sync_is_looked_at_with_its_attempts(api, gmail):
    run = accepted(api, gmail)
    ended(run["id"], "Gmail is gone.")
    sync = as_published(api.get(f"{SYNCS}{run['id']}/"), "syncs/{run_id}/")
    assert (sync["status"], sync["error"], sync["tries"]) == ("failed", "Gmail is gone.", 1)
    (attempt,) = sync["attempts"]
    assert (attempt["outcome"], attempt["error"]) == ("failed", "Gmail is gone.")
    assert "Traceback" not in str(sync)
    assert "worker:1" not in str(sync)


def test_another_tenants_run_and_nobodys_are_the_same_404(api, their_api, theirs):
    run = accepted(their_api, theirs)
    for make in (lambda i: api.get(f"{SYNCS}{i}/"), lambda i: api.post(f"{SYNCS}{i}/cancel/")):
        items = [make(item) for item in (run["id"], uuid4(), "7", "x y")]
        assert {answer.status_code for answer in items} == {404}
        assert len({str(unnamed(answer)) for answer in items}) == 1
    assert runs_of(theirs)[0].status == "queued"


def test_a_cancel_ends_what_waits_and_asks_what_runs(api, gmail):
    run = accepted(api, gmail)
    sync = as_published(
        api.post(f"{SYNCS}{run['id']}/cancel/"), "syncs/{run_id}/cancel/", "post", 202
    )
    assert sync["status"] == "cancelled"
    again = api.post(f"{SYNCS}{run['id']}/cancel/")
    assert again.status_code == 409
    assert list(wrong(again)) == ["id"]
    run = accepted(api, gmail)
    begun(run["id"])
    response = api.post(f"{SYNCS}{run['id']}/cancel/")
    assert response.status_code == 202
    assert response.json()["status"] == "running"
    assert response.json()["cancel_requested_at"]


def test_a_cancel_takes_no_body(api, gmail):
    run = accepted(api, gmail)
    answer = api.post(f"{SYNCS}{run['id']}/cancel/", {"force": True}, format="json")
    assert answer.status_code == 400
    assert list(wrong(answer)) == ["force"]


# The list


def history(api, gmail, count: int) -> list[str]:
    """Runs that have ended, newest first."""
    made = []
    for _ in range(count):
        made.append(accepted(api, gmail)["id"])
        ended(made[-1])
    return made[::-1]


def listed(api, **parameters) -> dict:
    return as_published(api.get(SYNCS, parameters), "syncs/")


def ids(page: dict) -> list[str]:
    return [run["id"] for run in page["results"]]


def test_pages_are_stable_while_runs_are_accepted(api, gmail):
    expected = history(api, gmail, 5)
    listed_ids, page = [], listed(api, limit=2)
    while True:
        listed_ids += ids(page)
        if page["next"] is None:
            break
        history(api, gmail, 1)
        page = listed(api, limit=2, cursor=page["next"])
    assert listed_ids == expected


def test_runs_of_one_moment_are_all_listed(api, gmail):
    expected = history(api, gmail, 4)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    SyncRun.objects.using("owner").update(created_at=moment)
    first = listed(api, limit=3)
    rest = listed(api, limit=3, cursor=first["next"])
    assert sorted(ids(first) + ids(rest)) == sorted(expected)
    assert rest["next"] is None


def test_a_cursor_of_another_tenant_shows_nothing_of_theirs(api, their_api, gmail, theirs):
    history(their_api, theirs, 3)
    cursor = listed(their_api, limit=1)["next"]
    assert listed(api, cursor=cursor) == {"results": [], "next": None}
    assert listed(api)["results"] == []


def test_filters(api, tenant, gmail):
    box = connections.register(tenant.pk, "dropbox", "box")
    ended_id, waiting = history(api, gmail, 1)[0], accepted(api, box)["id"]
    assert ids(listed(api)) == [waiting, ended_id]
    assert ids(listed(api, provider="gmail")) == [ended_id]
    assert ids(listed(api, status="queued")) == [waiting]
    assert ids(listed(api, connection=str(gmail.pk))) == [ended_id]
    assert ids(listed(api, connection=str(uuid4()))) == []
    assert ids(listed(api, provider="gmail", status="queued")) == []


def test_from_and_to(api, gmail):
    old, new = history(api, gmail, 2)[::-1]
    runs = SyncRun.objects.using("owner")
    runs.filter(pk=old).update(created_at=datetime(2026, 1, 2, 23, 30, tzinfo=UTC))
    assert ids(listed(api, since="2026-01-02", until="2026-01-02")) == [old]
    assert ids(listed(api, until="2026-01-02T23:29:59Z")) == []
    assert ids(listed(api, until="2026-01-03T00:30:00+01:00")) == [old]
    assert ids(listed(api, since="2026-01-03")) == [new]
    assert ids(listed(api, since="0001-01-01", until="9999-12-31")) == [new, old]


FUTURE = "2199-01-01"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("since", FUTURE, "in the future"),
        ("since", f"{FUTURE}T00:00:00Z", "in the future"),
        ("since", "yesterday", "ISO 8601"),
        ("since", "2026-02-30", "ISO 8601"),
        ("since", "0001-01-01T00:00:00+14:00", "ISO 8601"),
        ("until", "9999-12-31T23:59:59-14:00", "ISO 8601"),
        ("until", "\0", "ISO 8601"),
        ("connection", "x", "UUID"),
        ("provider", "icloud", "choice"),
        ("status", "late", "choice"),
        ("limit", "0", ""),
        ("limit", "201", ""),
        ("limit", "9" * 5000, ""),
        ("cursor", "x", "cursor"),
        ("cursor", "é", "cursor"),
        ("cursor", "", "cursor"),
        ("cursor", "MjAyNi0wMS0wMSAx", "cursor"),
        ("page", "2", "Unknown parameter"),
        ("user_id", "x", "Unknown parameter"),
    ],
    ids=ascii,
)
def test_a_wrong_parameter_is_named(api, field, value, says):
    answer = api.get(SYNCS, {field: value})
    assert answer.status_code == 400
    assert list(wrong(answer)) == [field]
    assert says in wrong(answer)[field][0]


def test_every_wrong_parameter_is_named_at_once(api):
    answer = api.get(SYNCS, {"since": FUTURE, "limit": 0, "user": "me"})
    assert set(wrong(answer)) == {"since", "limit", "user"}


def test_since_after_until_is_said(api):
    answer = api.get(SYNCS, {"since": "2026-01-02", "until": "2026-01-01"})
    assert answer.status_code == 400
    assert wrong(answer) == {"since": ["Must not be later than `until`."]}
