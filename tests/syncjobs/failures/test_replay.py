"""Replays: planned, started once whoever asks, paced, with an edited payload; and logged."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from finley.models import User
from graph.database.role import as_owner
from syncjobs import queue, run_state
from syncjobs.errors import PaceRefused, PayloadRefused, RequestError
from syncjobs.failures import outcomes, replay
from syncjobs.failures.record import Trouble
from syncjobs.models import JobFailure, SyncRun
from tests.syncjobs import run_rows
from tests.syncjobs.run_rows import again

pytestmark = pytest.mark.usefixtures("own_queue", "owner")


def run_of(key) -> SyncRun:
    return SyncRun.objects.using("owner").get(pk=key)


@pytest.fixture
def owner(committed):
    with as_owner():
        yield


@pytest.fixture
def staff(committed) -> User:
    return User.objects.create_user("staff@example.org", is_staff=True)


def open_failure(**values) -> JobFailure:
    return run_rows.failure(run_rows.connection(), **values)


def reason_of(failure: JobFailure) -> str:
    (verdict,) = replay.plan([failure.pk])
    assert verdict.failure == failure
    return verdict.reason


# the dry run


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("open", ""),
        ("ignored", ""),
        ("replaying", "It is already being replayed."),
        ("resolved", "It is resolved. Reopen it first."),
        ("discarded", "It is discarded. Reopen it first."),
    ],
)
def test_only_what_is_open_or_ignored_is_replayed(status, reason):
    failure = open_failure(status=status, note="known")
    assert reason_of(failure) == reason
    outcome = replay.replay([failure.pk], by=None)
    assert len(outcome.started) == (not reason)
    assert [verdict.reason for verdict in outcome.skipped] == [reason] * bool(reason)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("alive", ""),
        ("suspect", ""),
        ("dead", ""),
        ("paused", "This connection is paused. Resume it first."),
        ("removed", "This connection was removed."),
    ],
)
def test_a_connection_that_rests_is_said_to(state, reason):
    failure = run_rows.failure(run_rows.connection(state=state))
    assert reason_of(failure) == reason


def test_what_has_no_connection_cannot_be_replayed():
    assert reason_of(run_rows.failure()) == replay.NOTHING
    assert reason_of(run_rows.failure(connection_id="x", user_id=uuid4())) == replay.NOTHING
    unknown = run_rows.failure(connection_id=str(uuid4()), user_id=uuid4())
    assert reason_of(unknown) == replay.GONE
    foreign = run_rows.connection()
    stolen = run_rows.failure(connection_id=str(foreign.pk), user_id=uuid4())
    assert reason_of(stolen) == replay.GONE


def test_a_failure_outlives_its_run(owner):
    assert reason_of(open_failure(run=None)) == ""


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_busy_connection_is_left_alone(status):
    failure = open_failure()
    busy = {"worker": "w1", "lease_until": timezone.now(), "started_at": timezone.now()}
    run_rows.run(failure.run.connection, status=status, **busy if status == "running" else {})
    assert reason_of(failure) == replay.BUSY
    assert replay.replay([failure.pk], by=None).skipped[0].reason == replay.BUSY


def test_one_failure_a_connection_is_replayed_in_a_batch():
    connection = run_rows.connection()
    first, second = run_rows.failures(2, connection)
    other = open_failure()
    ids = [second.pk, first.pk, other.pk, second.pk]
    plan = replay.plan(ids)
    assert [verdict.failure_id for verdict in plan] == [second.pk, first.pk, other.pk]
    assert [verdict.reason for verdict in plan] == ["", replay.SECOND, ""]
    outcome = replay.replay(ids, by=None)
    assert [failure.pk for failure, _ in outcome.started] == [second.pk, other.pk]
    assert outcomes.by_reason(outcome.skipped) == [(replay.SECOND, 1)]


def test_a_stranger_is_said_to_be_one():
    nobody = uuid4()
    (verdict,) = replay.plan([nobody])
    assert (verdict.failure_id, verdict.failure, verdict.reason) == (
        nobody,
        None,
        outcomes.UNKNOWN,
    )
    assert replay.replay([nobody], by=None).skipped == [verdict]
    assert replay.plan([]) == []


def test_a_plan_takes_the_same_queries_for_many_as_for_one(django_assert_num_queries):
    ids = [open_failure().pk for _ in range(30)]
    for some_ids in (ids[:1], ids):
        with django_assert_num_queries(3, using="owner"):
            replay.plan(some_ids)


# the start


def test_a_replay_is_a_linked_run_of_the_same_request():
    payload = {"run": "x", "connection": "y", "full": True}
    failure = open_failure(payload=payload, status="ignored", note="known", correlation_id="corr")
    ((started, key),) = replay.replay([failure.pk], by=None).started
    run = run_of(key)
    assert started == failure
    row = SyncRun.objects.get(pk=run.pk)
    assert (row.replay_of, row.trigger, row.status) == (failure, "replay", "queued")
    assert (row.payload, row.correlation_id) == ({"full": True}, "corr")
    assert row.connection == failure.run.connection
    after = again(failure)
    assert (after.status, after.note, after.settled_at) == ("replaying", "", None)
    assert after.payload == payload
    assert not list(queue.missing([row.job_id]))


def test_two_who_replay_the_same_failure_at_once_start_one_run():
    failures = [open_failure() for _ in range(10)]
    barrier = Barrier(4)

    def race(_: int) -> list[int]:
        with as_owner():
            started = []
            for failure in failures:
                barrier.wait()
                started.append(len(replay.replay([failure.pk], by=None).started))
            connections["owner"].close()
            return started

    with ThreadPoolExecutor(4) as pool:
        raced = list(pool.map(race, range(4)))
    assert [sum(item) for item in zip(*raced, strict=True)] == [1] * 10
    assert SyncRun.objects.filter(trigger="replay").count() == 10


def test_a_failure_that_somebody_holds_is_skipped_not_waited_for():
    failure, free = open_failure(), open_failure()
    with transaction.atomic(using="owner"):
        JobFailure.objects.select_for_update().get(pk=failure.pk)

        def elsewhere() -> replay.Replayed:
            with as_owner():
                outcome = replay.replay([failure.pk, free.pk], by=None)
                connections["owner"].close()
                return outcome

        with ThreadPoolExecutor(1) as pool:
            outcome = pool.submit(elsewhere).result(timeout=20)
    assert [started.pk for started, _ in outcome.started] == [free.pk]
    assert [verdict.reason for verdict in outcome.skipped] == [replay.TAKEN]


def test_what_changes_after_the_plan_is_seen_under_the_lock(monkeypatch):
    failure, other = open_failure(), open_failure()
    stale = replay.plan([failure.pk, other.pk])
    run_rows.run(failure.run.connection, status="queued")
    monkeypatch.setattr(replay, "plan", lambda ids: stale)
    outcome = replay.replay([failure.pk, other.pk], by=None)
    assert [started.pk for started, _ in outcome.started] == [other.pk]
    assert "queued or running" in outcome.skipped[0].reason
    assert again(failure).status == "open"


def test_one_that_breaks_leaves_nothing_behind_and_those_before_it_stand(monkeypatch):
    first, second = open_failure(), open_failure()
    write = replay.action_log.write

    def break_second(by, failures, message):
        write(by, failures, message)
        if failures[0].pk == second.pk:
            raise IntegrityError("broken")

    monkeypatch.setattr(replay.action_log, "write", break_second)
    with pytest.raises(IntegrityError):
        replay.replay([first.pk, second.pk], by=None)
    assert (again(first).status, again(second).status) == ("replaying", "open")
    assert SyncRun.objects.get(trigger="replay").replay_of == first


def test_replays_are_paced():
    failures = [open_failure() for _ in range(4)]
    failures.insert(1, open_failure(status="resolved"))
    before = timezone.now()
    outcome = replay.replay([failure.pk for failure in failures], by=None, per_minute=30)
    starts = [run_of(key).next_try_at for _, key in outcome.started]
    assert starts[0] is None
    second = starts[1] - timedelta(seconds=2)
    assert before <= second <= timezone.now()
    assert [start - second for start in starts[1:]] == [timedelta(seconds=2 * n) for n in (1, 2, 3)]


@pytest.mark.parametrize("pace", [0, -1, 10**9])
def test_a_pace_that_cannot_be_is_refused(pace):
    failure = open_failure()
    with pytest.raises(PaceRefused):
        replay.replay([failure.pk], by=None, per_minute=pace)
    assert again(failure).status == "open"


# what becomes of it


def test_a_replay_that_fails_comes_back_and_can_be_replayed_again():
    failure = open_failure(tries=2)
    ((_, key),) = replay.replay([failure.pk], by=None).started
    run = run_of(key)
    run_state.failed(run.pk, None, Trouble("Permanent", "Worse."))
    after = again(failure)
    assert (after.status, after.error, JobFailure.objects.count()) == ("open", "Worse.", 1)
    assert reason_of(after) == ""
    assert len(replay.replay([failure.pk], by=None).started) == 1
    assert failure.replays.count() == 2


# the edited payload


def test_an_edited_payload_is_asked_for_and_the_old_one_kept(staff):
    failure = open_failure(payload={"run": "x", "full": False}, payload_history=[{"payload": 1}])
    ((_, key),) = replay.replay([failure.pk], by=staff, payload={"full": True}).started
    run = run_of(key)
    after = again(failure)
    assert SyncRun.objects.get(pk=run.pk).payload == {"full": True}
    assert after.payload == {"run": "x", "full": True}
    first, second = after.payload_history
    assert first == {"payload": 1}
    assert (second["payload"], second["by"]) == ({"run": "x", "full": False}, "staff@example.org")
    assert second["at"].startswith(str(timezone.now().year))
    assert "edited payload" in LogEntry.objects.get().change_message


@pytest.mark.parametrize(
    "payload",
    [
        [],
        "x",
        {"x": float("nan")},
        {"x": "\0"},
        {"\0": 1},
        {"x": "\ud800"},
        {"x": object()},
        {"x": "y" * 100_001},
        {"connection": "another"},
        {"run": "another"},
    ],
)
def test_what_no_run_can_be_asked_with_is_refused(payload):
    failure = open_failure(payload={"run": "x"})
    with pytest.raises(PayloadRefused):
        replay.replay([failure.pk], by=None, payload=payload)
    after = again(failure)
    assert (after.status, after.payload_history) == ("open", [])


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"fulll": True}, "no key 'fulll'. The keys are full (true: list everything"),
        ({"full": True, "é": 1, "token": "x"}, "no key 'é', 'token'."),
        ({"full": "yes"}, "'full' must be true or false"),
        ({"full": None}, "'full' must be true or false"),
        ({"full": 1}, "'full' must be true or false"),
    ],
)
def test_what_no_task_reads_is_refused_and_the_keys_are_named(payload, words):
    failure = open_failure(payload={"run": "x"})
    with pytest.raises(PayloadRefused, match=re.escape(words)):
        replay.replay([failure.pk], by=None, payload=payload)
    after = again(failure)
    assert (after.status, after.payload, after.payload_history) == ("open", {"run": "x"}, [])


def test_an_edited_payload_is_for_one_failure():
    ids = [open_failure().pk, open_failure().pk]
    with pytest.raises(PayloadRefused, match="exactly one"):
        replay.replay(ids, by=None, payload={})
    assert not SyncRun.objects.filter(trigger="replay").exists()


def test_a_skipped_replay_edits_nothing():
    failure = open_failure(payload={"full": False})
    run_rows.run(failure.run.connection, status="queued")
    replay.replay([failure.pk], by=None, payload={"full": True})
    after = again(failure)
    assert (after.payload, after.payload_history) == ({"full": False}, [])


# the log


def test_the_log_names_who_replayed_what_as_which_run(staff):
    failure, skipped = open_failure(), open_failure(status="resolved")
    ((_, key),) = replay.replay([failure.pk, skipped.pk], by=staff).started
    run = run_of(key)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (staff, str(failure.pk))
    assert entry.get_edited_object() == failure
    assert str(run.pk) in entry.change_message


def test_without_a_name_nothing_is_logged():
    replay.replay([open_failure().pk], by=None)
    assert not LogEntry.objects.exists()


def test_every_refusal_is_a_request_error():
    assert issubclass(PayloadRefused, RequestError)
    assert issubclass(PaceRefused, RequestError)
