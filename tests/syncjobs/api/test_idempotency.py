"""Every POST may be sent again with its Idempotency-Key: done once, and answered as before."""

import threading
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connections as databases
from django.db.models.functions import Now

from graph.database import arrow
from graph.models import EntityResolution, PredictedRelationship, RepeatedRequest
from syncjobs import connections, periodic, queue, runs
from syncjobs.models import JobFailure, SyncConnection
from tests.conftest import client_of
from tests.graph import rows
from tests.graph.api.shapes import published
from tests.problems import problem, wrong
from tests.syncjobs.api.conftest import nango_connection, runs_of
from tests.syncjobs.api.shapes import V1, as_published, validator
from tests.syncjobs.api.test_failures import fail, person
from tests.syncjobs.api.test_syncs import ask, at_once
from tests.syncjobs.api.test_uploads import BOOKS, done, sent

KEY = "HTTP_IDEMPOTENCY_KEY"
POSTS, UNKEYED = (
    sorted(
        path.removeprefix(V1)
        for path, operations in published()["paths"].items()
        if "post" in operations and operations["post"].get("security")
        and is_keyed == any(
            parameter["name"] == "Idempotency-Key"
            for parameter in operations["post"].get("parameters", [])
        )
    )
    for is_keyed in (True, False)
)  # fmt: skip
ONE = "job-failures/{failure_id}/"
PAYMENT = {"date": "2024-03-31", "amount": "1.00", "currency": "GBP", "party": "Acme"}


@pytest.fixture
def staff():
    return person("view_jobfailure", "replay_jobfailure", "settle_jobfailure")


@pytest.fixture
def to_send(api, gmail, tenant, box, staff):
    """For each POST of the schema: who sends what where, so that it does something."""

    def made(path: str) -> tuple:
        if path.startswith("graph/"):
            return api, *graph_request(path, tenant.pk)
        if path.startswith("uploads/"):
            return api, *upload_request(path, api)
        if path.startswith("syncs/"):
            return api, *sync_request(path, api, gmail)
        if path == "connections/":
            nango_id = nango_connection(box, tenant)
            return api, path, {"provider": "gmail", "nango_connection_id": nango_id}
        return staff, *failure_request(path, fail(api, gmail), staff)

    return made


def sync_request(path: str, api, gmail: SyncConnection) -> tuple[str, dict]:
    if path == "syncs/":
        return path, {"connection": str(gmail.pk)}
    return path.format(run_id=ask(api, gmail).json()["id"]), {}


def failure_request(path: str, failure: JobFailure, staff) -> tuple[str, dict]:
    if path == "job-failures/replay/":
        return path, {"ids": [str(failure.pk)]}
    if path.endswith("reopen/"):
        staff.post(f"{V1}job-failures/{failure.pk}/resolve/", {}, format="json")
    body = {"discard/": {"reason": "Nobody needs it."}}.get(path.removeprefix(ONE), {})
    return path.format(failure_id=failure.pk), body


def graph_request(path: str, user_id: UUID) -> tuple[str, dict]:
    """A path and a body that decide or check something of the tenant's."""
    if path == "graph/cases/{case_id}/decide/":
        return path.format(case_id=rows.case(user_id).pk), {"action": "confirm"}
    one, other = (rows.entity(user_id, name) for name in ("Aal", "Zwirn"))
    if path == "graph/check/":
        return path, {"payments": [PAYMENT]}
    if path == "graph/resolutions/":
        return path, {"one": str(one.pk), "other": str(other.pk), "decision": "merge"}
    if path == "graph/resolutions/{pair_id}/decide/":
        pair = rows.add(
            EntityResolution, user_id=user_id, kept_id=one.pk, merged_id=other.pk,
            confidence=0.6, reason="nearly the same name", decided="open",
        )  # fmt: skip
        return path.format(pair_id=pair.pk), {"decision": "apart"}
    if path == "graph/relationships/{relationship_id}/decide/":
        paid = [rows.event(user_id, other, amount=5, source=source) for source in ("a", "b")]
        link = rows.relationship(
            user_id, *paid, edge_class="link", relationship_type="same_transaction"
        )
        return path.format(relationship_id=link.pk), {"decision": "apart"}
    assert path == "graph/predictions/{prediction_id}/decide/"
    payment = rows.payment(user_id, one, other, 5)
    prediction = rows.add(
        PredictedRelationship, user_id=user_id, relationship_id=payment,
        prediction_confidence=0.4, prediction_reason="monthly",
    )  # fmt: skip
    return path.format(prediction_id=prediction.pk), {"action": "dismiss"}


def upload_request(path: str, api) -> tuple[str, dict]:
    """A path and a body about a file that a worker has read, or has imported."""
    if path == "uploads/":
        return path, {"name": "books.csv", "size": len(BOOKS)}
    upload = sent(api, BOOKS)
    stored = 0
    if path.endswith(("rejected-rows/", "take-back/")):
        stored = done(api, upload).outcome["rows_stored"]
    body = {
        "choices/": {"currency": "GBP"},
        "confirm/": {},
        "rejected-rows/": {"drop": [3]},
        "take-back/": {"rows": stored},
    }
    where = path.format(upload_id=upload)
    return where, body[path.removeprefix("uploads/{upload_id}/")]


def send(sender, path: str, body, key: str | None = None):
    headers = {KEY: key} if key is not None else {}
    return sender.post(V1 + path, body, format="json", **headers)


def counts() -> tuple[int, ...]:
    with databases["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM sync_runs), (SELECT count(*) FROM sync_connections), "
            "(SELECT count(*) FROM payment_case_entries), "
            "(SELECT count(*) FROM django_admin_log), (SELECT count(*) FROM repeated_requests)"
        )
        return cursor.fetchone()


def test_only_what_people_do_signed_in_takes_no_key():
    """The text of a token, above all, is kept nowhere, nor the secret of a subscription."""
    assert UNKEYED == [
        "erasure/",
        "exports/",
        "graph/check/",
        "invitations/{membership_id}/",
        "members/",
        "subscriptions/",
        "subscriptions/messages/{message_id}/replay/",
        "subscriptions/{subscription_id}/test/",
        "tokens/",
    ]
    assert len(POSTS) > 15


@pytest.mark.parametrize("path", POSTS)
def test_what_comes_again_is_answered_as_before_and_does_nothing(to_send, path):
    sender, where, body = to_send(path)
    first = send(sender, where, body, "k 1~")
    assert first.status_code in {200, 201, 202}, first.content
    assert "Idempotent-Replayed" not in first
    before = counts()
    for _ in range(2):
        again = send(sender, where, body, "k 1~")
        validator(path, "post", again.status_code).validate(again.json())
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again["Idempotent-Replayed"] == "true"
        assert again.get("Location") == first.get("Location")
    assert counts() == before


@pytest.mark.parametrize("path", POSTS)
def test_no_other_connection_is_used_before_the_commit(to_send, path, monkeypatch):
    """Another connection would not see what the POST has written, and the key would be stored
    without what it wrote, or the other way round."""
    sender, where, body = to_send(path)
    used: list[str] = []
    pool = arrow.pool

    def is_open(besides: str) -> bool:
        others = (one for one in databases.all(initialized_only=True) if one.alias != besides)
        return any(one.in_atomic_block for one in others)

    def noted(execute, query, parameters, many, context):
        alias = context["connection"].alias
        if is_open(alias):
            used.append(f"{alias}: {query}")
        return execute(query, parameters, many, context)

    def noted_pool():
        if is_open("arrow"):
            used.append("arrow")
        return pool()

    monkeypatch.setattr(arrow, "pool", noted_pool)
    with ExitStack() as wrapped:
        for alias in databases:
            wrapped.enter_context(databases[alias].execute_wrapper(noted))
        assert send(sender, where, body, "k").status_code < 300
    assert used == []


@pytest.mark.parametrize("path", POSTS)
def test_the_same_key_with_another_body_is_refused(to_send, path):
    sender, where, body = to_send(path)
    assert send(sender, where, body, "k").status_code < 300
    answer = send(sender, where, {**body, "other": 1}, "k")
    assert answer.status_code == 422
    assert list(wrong(answer)) == ["Idempotency-Key"]
    elsewhere = send(sender, "syncs/", {"connection": str(uuid4())}, "k")
    assert elsewhere.status_code == 422


@pytest.mark.parametrize("path", POSTS)
def test_two_at_once_do_it_once(to_send, path):
    sender, where, body = to_send(path)
    before = counts()
    result = at_once(4, lambda _: send(sender, where, body, "same"))
    successes = [answer for answer in result if answer.status_code < 300]
    first = [answer for answer in successes if "Idempotent-Replayed" not in answer]
    assert len(first) == 1
    assert {answer.status_code for answer in result} <= {first[0].status_code, 409}
    assert all(answer.content == first[0].content for answer in successes)
    assert counts()[-1] == before[-1] + 1


def test_while_the_first_is_under_way_the_second_is_told_so(api, gmail, monkeypatch):
    has_begun, go_on, accept = threading.Event(), threading.Event(), runs.accept

    def slowly(*arguments, **more):
        has_begun.set()
        assert go_on.wait(20)
        return accept(*arguments, **more)

    monkeypatch.setattr(runs, "accept", slowly)
    items = []

    def first() -> None:
        items.append(ask(api, gmail, **{KEY: "k"}))
        databases.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    assert has_begun.wait(20)
    second = ask(api, gmail, **{KEY: "k"})
    go_on.set()
    thread.join(20)
    assert (second.status_code, items[0].status_code) == (409, 202)
    assert list(wrong(second)) == ["Idempotency-Key"]
    assert ask(api, gmail, **{KEY: "k"}).json() == items[0].json()
    assert len(runs_of(gmail)) == 1


def test_a_body_that_says_the_same_is_the_same(api, gmail):
    first = ask(api, gmail, **{KEY: "k"})
    spaced = f'{{ "full": false,  "connection" : "{gmail.pk}" }}'
    again = api.post(f"{V1}syncs/", spaced, content_type="application/json", **{KEY: "k"})
    assert again.status_code == 422, "it says more"
    spaced = f'{{  "connection" : "{gmail.pk}" }}'
    again = api.post(f"{V1}syncs/", spaced, content_type="application/json", **{KEY: "k"})
    assert again.content == first.content


def test_what_failed_is_not_kept_and_leaves_nothing(api, gmail, tenant):
    connections.change(tenant.pk, gmail.pk, {"state": "paused"})
    for _ in range(2):
        refused = ask(api, gmail, **{KEY: "k"})
        assert refused.status_code == 409
        assert "paused" in problem(refused)["detail"]
    connections.change(tenant.pk, gmail.pk, {"state": "alive"})
    assert ask(api, gmail, **{KEY: "k"}).status_code == 202
    assert len(runs_of(gmail)) == 1


def test_a_request_that_breaks_in_the_middle_is_done_when_it_comes_again(api, gmail, monkeypatch):
    """The key, its answer and what it did stand together, or not at all."""
    save = RepeatedRequest.save

    def broken(self, **given) -> None:
        raise RuntimeError("the process is killed here")

    monkeypatch.setattr(RepeatedRequest, "save", broken)
    api.raise_request_exception = False
    assert ask(api, gmail, **{KEY: "k"}).status_code == 500
    assert runs_of(gmail) == []
    monkeypatch.setattr(RepeatedRequest, "save", save)
    assert ask(api, gmail, **{KEY: "k"}).status_code == 202
    assert len(runs_of(gmail)) == 1


def test_redis_hears_of_it_once_it_stands(api, gmail):
    run = ask(api, gmail, **{KEY: "k"}).json()
    (run_row,) = runs_of(gmail)
    assert str(run_row.pk) == run["id"]
    assert list(queue.missing([run_row.job_id])) == []


def test_nango_is_asked_before_the_transaction_and_not_again(api, tenant, box, monkeypatch):
    items = []
    confirm = connections.confirm

    def counted(*arguments) -> None:
        items.append(databases["default"].in_atomic_block)
        confirm(*arguments)

    monkeypatch.setattr(connections, "confirm", counted)
    body = {"provider": "gmail", "nango_connection_id": nango_connection(box, tenant)}
    for _ in range(2):
        answer = send(api, "connections/", body, "k")
        as_published(answer, "connections/", "post", 201)
    assert items == [False]
    assert SyncConnection.objects.using("owner").count() == 1


def test_a_key_is_its_tenants_own(api, their_api, gmail, theirs):
    mine, other = ask(api, gmail, **{KEY: "k"}), ask(their_api, theirs, **{KEY: "k"})
    assert (mine.status_code, other.status_code) == (202, 202)
    assert mine.json()["id"] != other.json()["id"]
    foreign = their_api.post(f"{V1}syncs/", {"connection": str(gmail.pk)}, format="json", **{KEY: "k"})  # fmt: skip  # noqa: E501
    assert foreign.status_code == 422
    assert mine.json()["id"] not in foreign.content.decode()


@pytest.mark.parametrize("path", POSTS)
def test_a_key_that_is_none_is_named(to_send, path):
    sender, where, body = to_send(path)
    before = counts()
    for key in ("", "x" * 201, "é", "a\tb", "\x7f"):
        answer = send(sender, where, body, key)
        assert answer.status_code == 400, key
        assert list(wrong(answer)) == ["Idempotency-Key"]
    assert counts() == before


def test_a_key_holds_for_a_day(api, gmail, tenant):
    first = ask(api, gmail, **{KEY: "k"}).json()
    rows = RepeatedRequest.objects.using("owner")
    rows.update(created_at=Now() - timedelta(hours=23, minutes=59))
    assert ask(api, gmail, **{KEY: "k"}).json() == first
    assert periodic.TASKS["forget_answers"].work()["keys"] == 0
    rows.update(created_at=Now() - timedelta(hours=24, minutes=1))
    runs.cancel(tenant.pk, first["id"])
    second = ask(api, gmail, **{KEY: "k"})
    assert second.status_code == 202
    assert second.json()["id"] != first["id"]
    assert rows.count() == 1
    rows.update(created_at=Now() - timedelta(days=2))
    assert periodic.TASKS["forget_answers"].work()["keys"] == 1
    assert rows.count() == 0


def test_a_method_that_is_none_is_refused_with_a_key_too(api, gmail):
    answer = api.post(f"{V1}syncs/{uuid4()}/", {}, format="json", **{KEY: "k"})
    assert answer.status_code == 405


def test_a_reader_s_key_does_not_let_it_in(tenant, gmail):
    answer = ask(client_of(tenant, "read"), gmail, **{KEY: "k"})
    assert answer.status_code == 403
    assert not RepeatedRequest.objects.using("owner").exists()


def test_replays_of_several_failures_are_one_request(api, gmail, staff, tenant):
    others = [connections.register(tenant.pk, "dropbox", f"box-{n}") for n in range(2)]
    failures = [fail(api, item) for item in (gmail, *others)]
    body = {"ids": [*(str(item.pk) for item in failures), str(uuid4())], "per_minute": 600}
    first, again = (send(staff, "job-failures/replay/", body, "k") for _ in range(2))
    assert first.status_code == 202
    assert (len(first.json()["started"]), len(first.json()["skipped"])) == (3, 1)
    assert again.content == first.content
    states = JobFailure.objects.using("owner").values_list("status", flat=True)
    assert set(states) == {"replaying"}
