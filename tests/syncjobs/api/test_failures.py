"""Dead letters over HTTP: who may, what is shown, and what is done about them."""

from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from finley.models import User
from graph.database.role import as_owner
from syncjobs import connections
from syncjobs.models import JobFailure
from tests.conftest import client_of
from tests.problems import wrong
from tests.syncjobs.api.conftest import accepted, ended, runs_of
from tests.syncjobs.api.shapes import V1, as_published

FAILURES = f"{V1}job-failures/"
ONE = "job-failures/{failure_id}/"
DOES = ("replay", "resolve", "ignore", "discard", "reopen")
NOBODY = "7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f"
GIVEN = {"discard": {"reason": "Nobody needs it."}}


def person(*permissions: str, staff: bool = True) -> APIClient:
    with as_owner():
        user = User.objects.create_user(f"{uuid4()}@example.org", is_staff=staff)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return client_of(user)


@pytest.fixture
def staff() -> APIClient:
    return person("view_jobfailure", "replay_jobfailure", "settle_jobfailure")


def fail(api, connection, error: str = "Gmail is gone.") -> JobFailure:
    run = accepted(api, connection)
    ended(run["id"], error)
    return JobFailure.objects.using("owner").get(run=run["id"])


@pytest.fixture
def failure(api, gmail) -> JobFailure:
    return fail(api, gmail)


def do(client, failure, deed: str, **body):
    body = body or GIVEN.get(deed, {})
    return client.post(f"{FAILURES}{failure.pk}/{deed}/", body, format="json")


def status(failure) -> str:
    return JobFailure.objects.using("owner").get(pk=failure.pk).status


PATHS = [
    ("get", ""),
    ("get", "groups/"),
    ("get", "{id}/"),
    ("post", "replay/"),
    *(("post", f"{{id}}/{deed}/") for deed in DOES),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_only_staff_with_the_permission(method, path, failure, api):
    def status_for(client) -> int:
        answer = getattr(client, method)(FAILURES + path.format(id=failure.pk), format="json")
        return answer.status_code

    needed = "view" if method == "get" else "replay" if "replay" in path else "settle"
    others = {"view", "replay", "settle"} - {needed}
    assert status_for(APIClient()) == 401
    assert status_for(api) == 403
    assert status_for(person(f"{needed}_jobfailure", staff=False)) == 403
    assert status_for(person(*(f"{other}_jobfailure" for other in others))) == 403
    assert status_for(person(f"{needed}_jobfailure")) in {200, 202, 400, 409}


def test_a_permission_may_come_from_being_a_superuser(failure):
    with as_owner():
        root = User.objects.create_superuser("root@example.org")
    assert client_of(root).get(FAILURES).status_code == 200


def test_the_list_is_of_every_tenant_and_pages(staff, api, their_api, gmail, theirs):
    failures = [fail(api, gmail), fail(their_api, theirs), fail(api, gmail)]
    first = as_published(staff.get(FAILURES, {"limit": 2}), "job-failures/")
    rest = staff.get(FAILURES, {"limit": 2, "cursor": first["next"]}).json()
    listed = [result["id"] for result in first["results"] + rest["results"]]
    assert listed == [str(result.pk) for result in failures[::-1]]
    assert rest["next"] is None
    assert "traceback" not in first["results"][0]


def test_filters(staff, api, tenant, gmail, failure):
    box = connections.register(tenant.pk, "dropbox", "box")
    other = fail(api, box, "Dropbox is full.")
    do(staff, other, "ignore")

    def shown(**parameters) -> set[str]:
        answer = as_published(staff.get(FAILURES, parameters), "job-failures/")
        return {result["id"] for result in answer["results"]}

    one, two = str(failure.pk), str(other.pk)
    assert shown() == {one}
    assert shown(status="any") == {one, two}
    assert shown(status="ignored") == {two}
    assert shown(status="any", provider="dropbox") == {two}
    assert shown(status="any", function="gmail_sync") == {one}
    assert shown(status="any", fingerprint=other.fingerprint) == {two}
    assert shown(status="any", search="FULL") == {two}
    assert shown(status="any", search=str(gmail.pk)) == {one}
    assert shown(since="2020-01-01") == {one}


@pytest.mark.parametrize(
    ("field", "value"),
    [("status", "late"), ("provider", "x"), ("since", "x"), ("since", "9999-12-31"),
     ("cursor", "x"), ("limit", 0), ("search", "x" * 201), ("search", "a\0"), ("tenant", "x")],
    ids=ascii,
)  # fmt: skip
def test_a_wrong_parameter_is_named(staff, field, value):
    answer = staff.get(FAILURES, {field: value})
    assert answer.status_code == 400
    assert list(wrong(answer)) == [field]


def test_one_is_shown_with_all_there_is(staff, failure, gmail):
    details = as_published(staff.get(f"{FAILURES}{failure.pk}/"), ONE)
    assert details["traceback"]
    assert details["advice"]
    (run,) = details["runs"]
    assert run["status"] == "failed"
    (attempt,) = run["attempts"]
    assert (attempt["worker"], attempt["outcome"]) == ("worker:1", "failed")
    assert attempt["traceback"]


def test_groups(staff, api, gmail):
    for number in range(3):
        fail(api, gmail, f"Message {number} is broken.")
    fail(api, gmail, "Gmail is gone.")
    listed = as_published(staff.get(f"{FAILURES}groups/"), "job-failures/groups/")
    assert [(result["count"], result["open"]) for result in listed["results"]] == [(1, 1), (3, 3)]
    assert listed["total"] == 2
    assert len(staff.get(f"{FAILURES}groups/", {"limit": 1, "offset": 1}).json()["results"]) == 1


@pytest.mark.parametrize("failure_id", [NOBODY, "7"], ids=["nobody", "none"])
def test_what_is_not_there_is_not_found(staff, failure_id):
    assert staff.get(f"{FAILURES}{failure_id}/").status_code == 404
    for deed in DOES:
        answer = staff.post(f"{FAILURES}{failure_id}/{deed}/", GIVEN.get(deed, {}), format="json")
        assert answer.status_code == 404, deed


def test_a_replay_is_a_linked_run_and_its_end_shows(staff, failure, gmail):
    replay = as_published(do(staff, failure, "replay"), f"{ONE}replay/", "post", 202)
    assert status(failure) == "replaying"
    again = do(staff, failure, "replay")
    assert again.status_code == 409
    assert again.json()["detail"] == "It is already being replayed."
    ended(replay["run"])
    assert status(failure) == "resolved"
    details = staff.get(f"{FAILURES}{failure.pk}/").json()
    assert [run["trigger"] for run in details["runs"]] == ["request", "replay"]


def test_a_replay_with_another_payload(staff, failure, gmail):
    response = do(staff, failure, "replay", payload={"full": True})
    assert response.status_code == 202
    details = staff.get(f"{FAILURES}{failure.pk}/").json()
    assert details["payload"]["full"] is True
    assert len(details["payload_history"]) == 1
    assert {run.trigger: run.payload for run in runs_of(gmail)}["replay"] == {"full": True}


def test_a_wrong_payload_is_named(staff, failure):
    for payload in ([], "x", None, {"run": "x"}):
        answer = do(staff, failure, "replay", payload=payload)
        assert answer.status_code == 400, payload
        assert list(wrong(answer)) == ["payload"]
    assert status(failure) == "open"


def test_replaying_what_its_connection_forbids_says_why(staff, api, tenant, failure, gmail):
    accepted(api, gmail)
    answer = do(staff, failure, "replay")
    assert answer.status_code == 409
    assert "queued or running" in answer.json()["detail"]


def test_a_dry_run_and_many(staff, api, their_api, gmail, theirs):
    failure, second, other = fail(api, gmail), fail(api, gmail), fail(their_api, theirs)
    stranger = uuid4()
    ids = [str(item) for item in (failure.pk, second.pk, other.pk, stranger)]
    values = {"ids": ids, "per_minute": 30}
    path = "job-failures/replay/"
    dry = as_published(
        staff.post(V1 + path, values | {"dry_run": True}, format="json"), path, "post", 200
    )
    assert (dry["dry_run"], dry["eligible"]) == (True, 2)
    assert {item["failure"] for item in dry["skipped"]} == {str(second.pk), str(stranger)}
    assert all(item["reason"] for item in dry["skipped"])
    assert status(failure) == "open"
    replays = as_published(staff.post(V1 + path, values, format="json"), path, "post", 202)
    assert {item["failure"] for item in replays["started"]} == {str(failure.pk), str(other.pk)}
    assert all(item["run"] for item in replays["started"])
    starts = {run.trigger: run.next_try_at for run in runs_of(gmail) + runs_of(theirs)}
    assert starts["replay"] is not None  # the second, two seconds after the first


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "ids"),
        ({"ids": []}, "ids"),
        ({"ids": ["x"]}, "ids/0"),
        ({"ids": "x"}, "ids"),
        ({"ids": [NOBODY, False]}, "ids/1"),
        ({"ids": [0]}, "ids/0"),
        ({"ids": [NOBODY] * 1001}, "ids"),
        ({"ids": [NOBODY], "per_minute": 0}, "per_minute"),
        ({"ids": [NOBODY], "per_minute": 10**9}, "per_minute"),
        ({"ids": [NOBODY], "payload": {}}, "payload"),
    ],
    ids=lambda given: str(given)[:40],
)
def test_a_wrong_replay_is_named(staff, body, named):
    answer = staff.post(f"{FAILURES}replay/", body, format="json")
    assert answer.status_code == 400
    assert list(wrong(answer)) == [named]


@pytest.mark.parametrize(
    ("deed", "given", "becomes"),
    [
        ("resolve", {"note": "Mended."}, "resolved"),
        ("ignore", {}, "ignored"),
        ("discard", {"reason": "Nobody needs it."}, "discarded"),
    ],
)
def test_it_is_put_aside_and_opened_again(staff, failure, deed, given, becomes):
    settled = as_published(do(staff, failure, deed, **given), f"{ONE}{deed}/", "post")
    assert (settled["status"], settled["note"]) == (becomes, "".join(given.values()))
    assert do(staff, failure, deed, **given).status_code == 409
    assert do(staff, failure, "reopen").json()["status"] == "open"
    rows = LogEntry.objects.using("owner").filter(object_id=str(failure.pk))
    assert rows.count() == 2
    assert set(rows.values_list("user__is_staff", flat=True)) == {True}


def test_nothing_is_discarded_without_a_reason(staff, failure):
    for item in ({"note": "x"}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 2001}):
        answer = do(staff, failure, "discard", **item)
        assert answer.status_code == 400
        assert "reason" in wrong(answer)
    assert status(failure) == "open"
