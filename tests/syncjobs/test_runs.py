"""Runs: accepted once, one at a time a connection, in an order that the database keeps."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connections, transaction

from graph.database.tenancy import tenant_transaction
from syncjobs import backoff, queue, recover, run_state, runs
from syncjobs.errors import (
    AlreadyActive,
    AlreadyEnded,
    ConnectionUnknown,
    ConnectionUnusable,
    LeaseLost,
    RunUnknown,
)
from syncjobs.failures import record
from syncjobs.models import JobAttempt, JobFailure, SyncConnection, SyncRun
from syncjobs.models.choices import Outcome, Trigger
from syncjobs.run_state import ClaimRequest, Save
from tests.graph import rows
from tests.syncjobs import workers

REQUEST = Trigger.REQUEST


def accept(connection, **options):
    return runs.accept(connection.user_id, connection.pk, trigger=REQUEST, **options)


def claim(run: SyncRun, job_try: int = 1, worker: str = "w") -> run_state.Claim | None:
    return run_state.claimed([ClaimRequest(run.pk, run.job_id, job_try)], worker)[0]


def in_redis() -> list[str]:
    with closing(workers.redis()) as redis:
        return [item.decode() for item in redis.zrange(queue.NAME, 0, -1)]


def test_redis_hears_of_a_run_when_its_transaction_stands(own_queue):
    connection = workers.connection(rows.tenant_id())
    with transaction.atomic():
        run = accept(connection)
        assert in_redis() == []
    assert in_redis() == [run.job_id]
    run.refresh_from_db(using="owner")
    assert run.enqueued_at is not None


def test_a_request_that_is_rolled_back_leaves_nothing(own_queue):
    connection = workers.connection(rows.tenant_id())
    with transaction.atomic():
        accept(connection)
        transaction.set_rollback(True)
    assert in_redis() == []
    assert not SyncRun.objects.using("owner").exists()


def test_a_run_is_accepted_while_redis_is_away(own_queue, settings):
    connection = workers.connection(rows.tenant_id())
    settings.REDIS_URL = "redis://127.0.0.1:1"
    assert accept(connection).enqueued_at is None


def test_what_is_not_accepted(own_queue):
    connection = workers.connection(rows.tenant_id())
    with pytest.raises(ConnectionUnknown):
        runs.accept(rows.tenant_id(), connection.pk, trigger=REQUEST)
    active = accept(connection)
    with pytest.raises(AlreadyActive) as refused:
        accept(connection)
    assert refused.value.run_id == active.pk
    for state in ("paused", "removed"):
        with pytest.raises(ConnectionUnusable):
            accept(workers.connection(rows.tenant_id(), state=state))


def test_one_run_a_connection_however_many_ask(own_queue):
    connection = workers.connection(rows.tenant_id())

    def ask(_: int) -> bool:
        try:
            return bool(accept(connection))
        except AlreadyActive:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(24))) == 1


def test_the_database_itself_keeps_one_active_run(own_queue):
    run = accept(workers.connection(rows.tenant_id()))
    copy = SyncRun(
        id=uuid4(),
        user_id=run.user_id,
        connection_id=run.connection_id,
        provider=run.provider,
        function=run.function,
        trigger="request",
        job_id="x",
    )
    with pytest.raises(IntegrityError, match="sync_runs_one_active"):
        copy.save(using="owner", force_insert=True)


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("queued", {"status": "succeeded", "finished_at": "now"}, "sync_runs_transition"),
        ("cancelled", {"status": "queued", "finished_at": None}, "cannot go from"),
        ("queued", {"status": "running"}, "fence"),
        ("queued", {"status": "failed", "finished_at": "now"}, "failed_says_why"),
        ("queued", {"finished_at": "now"}, "ended_at"),
        ("queued", {"lease_until": "now"}, "running_is_leased"),
        ("queued", {"trigger": "whim"}, "trigger_known"),
    ],
)
def test_a_run_s_life_has_an_order(own_queue, before, after, rule):
    now = datetime.now(UTC)
    run = accept(workers.connection(rows.tenant_id()))
    if before == "cancelled":
        runs.cancel(run.user_id, run.pk)
    columns = {name: now if value == "now" else value for name, value in after.items()}
    rule = "cannot go from" if rule == "sync_runs_transition" else rule
    with pytest.raises(IntegrityError, match=rule):
        SyncRun.objects.using("owner").filter(pk=run.pk).update(**columns)


def test_another_tenant_s_connection_cannot_have_the_run(own_queue):
    run = accept(workers.connection(rows.tenant_id()))
    with pytest.raises(IntegrityError, match="tenant_fkey"):
        SyncRun.objects.using("owner").filter(pk=run.pk).update(user_id=rows.tenant_id())


def test_cancel(own_queue):
    waiting = accept(workers.connection(rows.tenant_id()))
    assert runs.cancel(waiting.user_id, waiting.pk).status == "cancelled"
    assert claim(waiting) is None
    with pytest.raises(AlreadyEnded):
        runs.cancel(waiting.user_id, waiting.pk)
    with pytest.raises(RunUnknown):
        runs.cancel(rows.tenant_id(), waiting.pk)
    running = accept(workers.connection(rows.tenant_id()))
    claimed = claim(running)
    assert runs.cancel(running.user_id, running.pk).status == "running"
    [sender_verdict] = run_state.renewed([claimed])
    assert (sender_verdict.runs, sender_verdict.cancelled) == (True, True)
    assert run_state.cancelled(claimed)
    running.refresh_from_db(using="owner")
    assert running.status == "cancelled"
    assert not JobFailure.objects.using("owner").exists()


def test_a_claim_is_the_newest_job_s_only(own_queue):
    run = accept(workers.connection(rows.tenant_id()))
    other = run_state.claimed(
        [ClaimRequest(run.pk, "another:1", 1), ClaimRequest(uuid4(), "x", 1)], "w"
    )
    assert other == [None, None]
    claimed = claim(run)
    assert (claimed.fence, claimed.job_try, claimed.cursor) == (1, 1, None)
    assert claim(run) is None
    attempt = JobAttempt.objects.using("owner").get(run=run)
    assert (attempt.fence, attempt.worker, attempt.outcome) == (1, "w", "running")


def test_a_save_stands_only_under_the_newest_fence(own_queue):
    connection = workers.connection(rows.tenant_id())
    run = accept(connection)
    old = claim(run)
    save = Save({"pages": 1})
    save.move({"next": 2})
    with run_state.fenced(old, save):
        pass
    assert run_state.handed_back(old, Outcome.GIVEN_BACK, 0.0)
    new = claim(run)
    assert new.cursor == {"next": 2}
    late = Save({"pages": 99})
    late.move({"next": 99})
    with pytest.raises(LeaseLost), run_state.fenced(old, late) as inside:
        workers.connection(old.user_id)
    assert inside is not None
    stored_connections = SyncConnection.objects.using("owner")
    assert stored_connections.count() == 1  # what the save had written is gone, too
    connection.refresh_from_db(using="owner")
    run.refresh_from_db(using="owner")
    assert (connection.cursor, run.progress) == ({"next": 2}, {"pages": 1})
    assert run_state.succeeded([old]) == [False]
    assert run_state.succeeded([new]) == [True]


def test_leases_of_runs_that_are_being_saved_are_not_waited_for(own_queue):
    one, two = (claim(accept(workers.connection(rows.tenant_id()))) for _ in range(2))
    with tenant_transaction(one.user_id):
        SyncRun.objects.select_for_update().get(pk=one.run_id)
        assert [item.run_id for item in run_state.renewed([one, two])] == [two.run_id]


def test_the_first_wait_is_exact_and_later_ones_grow_within_bounds():
    assert backoff.wait(30, 1) == 30
    assert backoff.wait(45, 1) == 45
    for job_try in range(2, 12):
        waits = [backoff.wait(30, job_try) for _ in range(50)]
        exact = 30 * 2 ** (job_try - 1)
        assert all(min(exact * 0.75, 1800) <= wait <= min(exact * 1.25, 1800) for wait in waits)
        assert len(set(waits)) > 1 or min(waits) == 1800
    assert backoff.wait(30, 4, after=7) == 7
    assert backoff.wait(30, 1, after=-1) == 0


def test_a_failure_is_written_once_with_its_group(own_queue):
    marks = []
    for number in range(2):
        run = accept(workers.connection(rows.tenant_id()), payload={"full": True})
        claimed = claim(run, 3)
        trouble = record.trouble_of(LookupError(f"no part {number} in 'file-{number}'"))
        assert run_state.failed(run.pk, claimed.fence, trouble)
        assert not run_state.failed(run.pk, claimed.fence, trouble)
        failure = JobFailure.objects.using("owner").get(run=run)
        assert (failure.tries, failure.payload) == (3, {"full": True})
        marks.append(failure.fingerprint)
    assert len(set(marks)) == 1
    other = record.trouble_of(KeyError("no part"))
    assert record.fingerprint("gmail_sync", other) not in marks


def test_an_ignored_failure_stays_ignored_until_it_changes(own_queue):
    connection = workers.connection(rows.tenant_id())
    for error, status in ((KeyError("x"), "open"), (KeyError("x"), "ignored"), (OSError(), "open")):
        run = accept(connection)
        claimed = claim(run)
        run_state.failed(run.pk, claimed.fence, record.trouble_of(error))
        failure = JobFailure.objects.using("owner").get(run=run)
        assert failure.status == status
        JobFailure.objects.using("owner").filter(pk=failure.pk).update(status="ignored")


def test_a_replay_comes_back_to_its_original(own_queue):
    connection = workers.connection(rows.tenant_id())
    made = accept(connection)
    run_state.failed(made.pk, claim(made).fence, record.trouble_of(KeyError("x")))
    original = JobFailure.objects.using("owner").get()

    def replayed() -> run_state.Claim:
        JobFailure.objects.using("owner").update(status="replaying")
        run = runs.accept(
            connection.user_id, connection.pk, trigger=Trigger.REPLAY, replay_of=original.pk
        )
        return claim(run)

    claimed = replayed()
    run_state.failed(claimed.run_id, claimed.fence, record.trouble_of(OSError("disk")))
    original = JobFailure.objects.using("owner").get()
    assert (original.status, original.tries, original.error_class) == ("open", 2, "OSError")
    claimed = replayed()
    run_state.cancelled(claimed)
    assert JobFailure.objects.using("owner").get().status == "open"
    claimed = replayed()
    run_state.succeeded([claimed])
    original = JobFailure.objects.using("owner").get()
    assert (original.status, str(claimed.run_id) in original.note) == ("resolved", True)


def test_a_replay_that_vanished_leaves_its_failure_open(own_queue):
    connection = workers.connection(rows.tenant_id())
    kept_failure, lost_failure = (
        JobFailure.objects.using("owner").create(function="f", error="e", status="replaying")
        for _ in range(2)
    )
    runs.accept(
        connection.user_id, connection.pk, trigger=Trigger.REPLAY, replay_of=kept_failure.pk
    )
    assert recover.abandoned() == 1
    kept_failure.refresh_from_db(using="owner")
    lost_failure.refresh_from_db(using="owner")
    assert (kept_failure.status, lost_failure.status) == ("replaying", "open")


def test_a_connection_is_one_tenant_s_and_its_schedule_has_a_floor(own_queue):
    run = workers.connection(rows.tenant_id())
    with pytest.raises(IntegrityError, match="sync_connections_nango_key"):
        workers.connection(rows.tenant_id(), nango_connection_id=run.nango_connection_id)
    with pytest.raises(IntegrityError, match="every_a_minute"):
        workers.connection(rows.tenant_id(), sync_every=timedelta(seconds=59))
