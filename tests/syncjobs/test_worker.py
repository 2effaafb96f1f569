"""What crosses Redis, what a worker does beside its jobs, and what it says of itself."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from arq.constants import job_key_prefix

from graph.models import ViewRefresh
from syncjobs import periodic, queue, recover
from syncjobs.database_threads import Batches, Threads, ended
from syncjobs.models import Duty, JobFailure, SyncRun
from tests.graph import rows
from tests.syncjobs import workers
from tests.syncjobs.workers import PROJECT, until, worker


def test_only_json_crosses_redis(own_queue):
    run = workers.run(rows.tenant_id(), do="succeed")
    with closing(workers.redis()) as redis:
        raw = redis.get(job_key_prefix + run.job_id)
    assert json.loads(raw)["a"] == [str(run.pk)]
    assert queue.load(queue.dump({"a": [1, None]})) == {"a": [1, None]}
    with pytest.raises(TypeError):
        queue.dump({"a": object()})
    for bad in (b"\x80\x04pickled", b"[1]"):
        with pytest.raises(ValueError, match=r"decode|object"):
            queue.load(bad)


def test_a_result_tells_an_error_by_its_name_and_words():
    assert json.loads(queue.dump({"r": KeyError("x")})) == {
        "r": {"error": "KeyError", "message": "'x'"}
    }


def test_duties_are_done_by_a_worker_and_a_missed_one_once(own_queue, tmp_path):
    rows.payment(rows.tenant_id())
    long_ago = datetime.now(UTC) - timedelta(days=3)
    Duty.objects.using("owner").create(name="refresh_view", due_at=long_ago)
    with worker(tmp_path / "log") as process:
        until(lambda: ViewRefresh.objects.using("owner").exists(), 30, process.explained)
        task = until(
            lambda: (
                Duty.objects.using("owner")
                .filter(name="refresh_view", lease_until=None)
                .exclude(finished_at=None)
                .first()
            ),
            30,
            process.explained,
        )
    assert task.found["rows"] == 1
    assert task.due_at > datetime.now(UTC) + timedelta(seconds=20)
    assert ViewRefresh.objects.using("owner").count() == 1


def test_a_worker_that_a_test_leaves_is_found(own_queue, tmp_path):
    """Else it would do the duties of the tests after it, on their rows."""
    with worker(tmp_path / "log") as process:
        until(lambda: workers.left_behind(0), 30, process.explained)
        for session in workers.left_behind(0):
            assert session.startswith(f"{workers.SESSION} of process ")
    assert workers.left_behind() == []


def test_a_duty_is_begun_by_one_worker_at_a_time(committed):
    assert set(periodic.begun("one")) == set(periodic.TASKS)
    assert periodic.begun("two") == []
    Duty.objects.using("owner").update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert set(periodic.begun("two")) == set(periodic.TASKS)


def test_a_duty_that_fails_is_one_dead_letter_that_counts(committed, monkeypatch):
    def broken() -> dict[str, object]:
        raise ValueError("the disk 12345 is full")

    monkeypatch.setitem(periodic.TASKS, "refresh_view", periodic.PeriodicTask(60, broken))
    for _ in range(3):
        periodic.begun("one")
        periodic.do("refresh_view")
        Duty.objects.using("owner").update(due_at=datetime.now(UTC))
    [failure] = JobFailure.objects.using("owner").all()
    assert (failure.function, failure.tries) == ("refresh_view", 3)
    assert failure.location == "tests/syncjobs/test_worker.py:broken"


def test_a_due_connection_gets_one_run_however_late(own_queue):
    late = datetime.now(UTC) - timedelta(days=9)
    connection = workers.connection(
        rows.tenant_id(), sync_every=timedelta(hours=1), next_sync_at=late
    )
    paused = workers.connection(rows.tenant_id(), state="paused", next_sync_at=late)
    assert periodic.accept_due() == {"accepted": 1}
    assert periodic.accept_due() == {"accepted": 0}
    [run] = SyncRun.objects.using("owner").all()
    assert (run.connection_id, run.trigger) == (connection.pk, "schedule")
    connection.refresh_from_db(using="owner")
    assert connection.next_sync_at > datetime.now(UTC) + timedelta(minutes=50)
    assert not paused.runs.exists()


def test_what_is_old_and_settled_is_forgotten(own_queue, settings):
    settings.SYNC_KEEP_DAYS = 30
    runs = [workers.run(rows.tenant_id()) for _ in range(3)]
    old = datetime.now(UTC) - timedelta(days=31)
    SyncRun.objects.using("owner").filter(pk__in=[item.pk for item in runs[:2]]).update(
        status="cancelled", finished_at=old
    )
    for status, at in (("resolved", old), ("open", old), ("resolved", datetime.now(UTC))):
        JobFailure.objects.using("owner").create(
            function="f", error="e", status=status, first_failed_at=old, last_failed_at=at
        )
    JobFailure.objects.using("owner").create(function="f", error="e", run=runs[1])
    assert periodic.forget_old() == {
        "failures": 1,
        "runs": 1,
        "items": 0,
        "deliveries": 0,
        "tasks": 0,
        "replays": 0,
        "marks": 0,
        "history": 0,
    }
    distinct = set(SyncRun.objects.using("owner").values_list("pk", flat=True))
    assert distinct == {runs[1].pk, runs[2].pk}


def test_runs_that_redis_lost_keep_their_place(own_queue):
    first, second = (workers.run(rows.tenant_id()) for _ in range(2))
    SyncRun.objects.using("owner").update(
        enqueued_at=datetime.now(UTC) - timedelta(seconds=recover.ENQUEUED_AFTER + 1)
    )
    with closing(workers.redis()) as redis:
        redis.delete(queue.NAME)
        assert recover.lost_by_redis() == 2
        ids = [item.decode() for item in redis.zrange(queue.NAME, 0, -1)]
    first.refresh_from_db(using="owner")
    second.refresh_from_db(using="owner")
    assert ids == [first.job_id, second.job_id]
    assert first.job_id.endswith(":2")
    assert recover.lost_by_redis() == 0


def test_nothing_is_taken_for_lost_while_redis_is_away(own_queue, settings, monkeypatch):
    workers.run(rows.tenant_id())
    SyncRun.objects.using("owner").update(enqueued_at=datetime.now(UTC) - timedelta(hours=1))
    settings.REDIS_URL = "redis://127.0.0.1:1"
    assert recover.lost_by_redis() == 0


def test_metrics_are_served(own_queue, tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        command = [sys.executable, "manage.py", "worker", "--metrics-port", str(port)]
        refused = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert f"Port {port} cannot be used" in refused.stderr
    with worker(tmp_path / "log", "--metrics-port", str(port)) as process:
        run = workers.run(rows.tenant_id(), do="succeed")
        workers.ended(run, 30, process.explained)
        report = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert 'finley_jobs_ended_total{function="probe",outcome="succeeded"} 1.0' in report


def test_batches_group_what_is_asked_at_once():
    sizes: list[int] = []

    async def double(numbers: list[int]) -> list[int]:
        sizes.append(len(numbers))
        await asyncio.sleep(0.01)
        return [number * 2 for number in numbers]

    async def results() -> list[int]:
        batches = Batches(double, most=4)
        return await asyncio.gather(*(batches.ask(number) for number in range(10)))

    assert asyncio.run(results()) == [number * 2 for number in range(10)]
    assert sizes == [4, 4, 2]


def test_a_batch_that_fails_fails_each_of_its_askers_and_no_other():
    async def picky(numbers: list[int]) -> list[int]:
        if 3 in numbers:
            raise ValueError("three")
        return numbers

    async def results() -> list[object]:
        batches = Batches(picky, most=2)
        asks = (batches.ask(number) for number in range(6))
        return await asyncio.gather(*asks, return_exceptions=True)

    result = asyncio.run(results())
    assert [type(item) is ValueError for item in result] == [False, False, True, True, False, False]


def test_a_cancel_waits_for_the_thread(committed):
    steps: list[str] = []

    def slow() -> None:
        time.sleep(0.2)
        steps.append("committed")

    async def cancelled() -> None:
        threads = Threads("test", 1)
        task = asyncio.create_task(threads.run(slow))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert steps == ["committed"]
        await threads.close()

    asyncio.run(cancelled())


def test_ended_hands_on_what_was_raised():
    async def broken() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        asyncio.run(ended(broken()))


def test_a_worker_that_computes_ends_within_its_grace():
    """The event loop never hears of the signal: the kernel's timer ends the process."""
    script = (
        "import os, signal, django; django.setup()\n"
        "from syncjobs import worker\n"
        "worker.LONGEST_STOP = 1\n"
        "signal.signal(signal.SIGTERM, worker._end_in_any_case)\n"
        "print('ready', flush=True)\n"
        "while True: sum(range(1000))\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "finley.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        process.terminate()
        assert process.wait(20) == -signal.SIGALRM
