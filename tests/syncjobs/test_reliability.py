"""Every way in which a job can end, made to happen to a real worker process.

However it ends, it has succeeded, or it is one row in job_failures with payload and reason.
The ways are those of arq's own ends; most of them call no code of the task.
"""

import json
import signal
import socket
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

import pytest
from arq.constants import abort_jobs_ss, in_progress_key_prefix, job_key_prefix, retry_key_prefix

from syncjobs import queue
from syncjobs.models import ExternalItem, JobAttempt, SyncRun
from tests.graph import rows
from tests.syncjobs import workers
from tests.syncjobs.workers import Process, ended, until, worker

ITEMS = 15


@dataclass(frozen=True)
class Way:
    """`disturb` happens before the worker starts, `during` while the run runs."""

    name: str
    do: str = "succeed"
    error_class: str = ""
    says: str = ""
    tries: int = 1
    payload: dict[str, object] = field(default_factory=dict)
    disturb: Callable[[SyncRun], None] | None = None
    during: Callable[[SyncRun, Process], None] | None = None
    dies: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def with_redis(act: Callable[[object, SyncRun], object]) -> Callable[[SyncRun], None]:
    def disturb(run: SyncRun) -> None:
        with closing(workers.redis()) as redis:
            act(redis, run)

    return disturb


def lose(redis, run):
    redis.delete(job_key_prefix + run.job_id)


def lose_all(redis, run):
    redis.delete(job_key_prefix + run.job_id, queue.NAME)


def corrupt(redis, run):
    redis.set(job_key_prefix + run.job_id, b"\x80\x04not json")


def abort(redis, run):
    redis.zadd(abort_jobs_ss, {run.job_id: int(time.time() * 1000)})


def use_up(redis, run):
    redis.set(retry_key_prefix + run.job_id, 3)


def lock(redis, run):
    """A worker that died between its lock and its claim, a minute ago."""
    redis.set(in_progress_key_prefix + run.job_id, b"1", px=500_000)


def renamed(run: SyncRun) -> None:
    SyncRun.objects.using("owner").filter(pk=run.pk).update(function="gone_sync")
    with closing(workers.redis()) as redis:
        raw = json.loads(redis.get(job_key_prefix + run.job_id))
        redis.set(job_key_prefix + run.job_id, json.dumps({**raw, "f": "gone_sync"}))


def running(run: SyncRun) -> None:
    until(lambda: SyncRun.objects.using("owner").filter(pk=run.pk, status="running").exists())


def aborted(run: SyncRun, process: Process) -> None:
    running(run)
    with closing(workers.redis()) as redis:
        abort(redis, run)


def flushed(run: SyncRun, process: Process) -> None:
    running(run)
    with closing(workers.redis()) as redis:
        lose_all(redis, run)
        redis.delete(retry_key_prefix + run.job_id, in_progress_key_prefix + run.job_id)


PATIENT = {"ARQ_JOB_TIMEOUT": "600"}
WAYS = [
    Way("succeeds"),
    Way("transient once", "once", tries=2),
    Way("final Retry", "transient", "Transient", "away", tries=3),
    Way("permanent", "permanent", "Permanent", "Connect the account again"),
    Way("plain exception", "plain", "LookupError", "[masked]"),
    Way("its words raise", "unspeakable", "Odd", "message cannot be read"),
    Way("timeout", "hang", "Transient", "Nothing was saved", tries=3),
    Way("swallowed cancel", "swallow"),
    Way("never ends", "never_end", "Transient", "Nothing was saved", tries=3),
    Way("cancels itself", "cancel_itself", "Permanent", "cancelled itself"),
    Way("sys.exit", "leave", "Permanent", "sys.exit(3)"),
    Way(
        "SIGKILL each time",
        "kill",
        "WorkerLost",
        "died or stalled on attempt 3",
        tries=3,
        dies=True,
    ),
    Way("SIGKILL once", "kill_once", tries=2, dies=True),
    Way("aborted before", "slowly", "EndedByArq", "aborted", 1, disturb=with_redis(abort)),
    Way("aborted while it runs", "hang", "Permanent", "aborted", during=aborted),
    Way("expired", disturb=with_redis(lose)),
    Way("bad payload", disturb=with_redis(corrupt)),
    Way("lost keys", disturb=with_redis(lose_all)),
    Way("lost keys while it runs", "slowly", during=flushed),
    Way("unknown function", "succeed", "EndedByArq", "No worker knows", disturb=renamed),
    Way("tries used up in Redis", "x", "EndedByArq", "used up", disturb=with_redis(use_up)),
    Way("locked by the dead", disturb=with_redis(lock), environment=PATIENT),
]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_each_way_a_job_can_end(own_queue, tmp_path, way):
    run = workers.run(rows.tenant_id(), do=way.do, note="kept", **way.payload)
    if way.disturb:
        way.disturb(run)
    run.refresh_from_db(using="owner")
    keeper = Keeper(tmp_path / "log", way.environment, again=way.dies)
    try:
        if way.during:
            way.during(run, keeper.process)
        ended_run = keeper.ended(run)
    finally:
        keeper.kill()
    assert_accounted(way, ended_run)


class Keeper:
    """Starts another worker when one has died, as a supervisor does."""

    def __init__(self, log, environment: dict[str, str], *, again: bool) -> None:
        self.log, self.again = log, again
        self.environment = environment
        self.process = Process(log, **environment)

    def ended(self, made: SyncRun) -> SyncRun:
        def over() -> SyncRun | None:
            if self.process.process.poll() is not None:
                assert self.again, self.process.explained()
                self.process = Process(self.log, **self.environment)
            result = SyncRun.objects.using("owner").get(pk=made.pk)
            return result if result.finished_at else None

        result: SyncRun = until(over, 90, self.process.explained)
        return result

    def kill(self) -> None:
        self.process.kill()


def assert_accounted(way: Way, run: SyncRun) -> None:
    """Succeeded with all of its effects once, or one row that says what and why."""
    failures = workers.failures()
    items = ExternalItem.objects.using("owner").filter(connection=run.connection_id)
    if not way.error_class:
        assert (run.status, run.error) == ("succeeded", "")
        assert items.count() == ITEMS
        assert set(items.values_list("revision", flat=True)) == {1}
        assert failures == []
        return
    assert run.status == "failed"
    [failure] = failures
    assert failure.error_class == way.error_class
    assert way.says in failure.error
    assert failure.payload == {"do": way.do, "note": "kept"}
    assert failure.run_id == run.pk
    assert failure.tries == way.tries
    assert failure.fingerprint
    assert run.error == failure.error
    assert items.count() == 0
    open_attempts = JobAttempt.objects.using("owner").filter(run=run.pk, outcome="running")
    assert not open_attempts.exists()


@pytest.mark.parametrize("hook", ["on_job_start", "on_job_end", "after_job_end"])
def test_a_hook_that_raises_ends_the_worker_and_loses_nothing(own_queue, tmp_path, hook):
    run = workers.run(rows.tenant_id(), do="slowly", pause=0.05)
    with worker(tmp_path / "first", "--raising", hook) as first:
        until(lambda: first.process.poll() is not None, 20, first.explained)
    with worker(tmp_path / "second") as second:
        ended_run = ended(run, 90, second.explained)
    assert_accounted(Way("hook"), ended_run)


def test_a_job_that_nobody_accepted_is_recorded_once(own_queue, tmp_path):
    strange = {
        "f": "raw_unknown",
        "a": [1, {"api_key": "sk_live_abcdef"}],
        "k": {},
        "t": 1,
        "et": 1,
    }
    with closing(workers.redis()) as redis:
        redis.set(job_key_prefix + "strange", json.dumps(strange), px=60_000)
        redis.set(job_key_prefix + "broken", b"\xff\xfe", px=60_000)
        redis.zadd(queue.NAME, {"strange": 1, "broken": 2, "expired": 3})
    with worker(tmp_path / "log") as process:
        until(lambda: len(workers.failures()) == 3, 20, process.explained)
    by_key = {failure.job_id: failure for failure in workers.failures()}
    assert by_key["strange"].function == "raw_unknown"
    assert "No worker knows" in by_key["strange"].error
    assert "raw_unknown" in by_key["strange"].payload["raw"]
    assert "sk_live" not in json.dumps(by_key["strange"].payload)
    assert "cannot be parsed" in by_key["broken"].error
    assert "lost the job's data" in by_key["expired"].error


def test_sigterm_gives_the_try_back_however_often(own_queue, tmp_path):
    run = workers.run(rows.tenant_id(), do="slowly", pause=2)
    for number in range(4):  # more than its tries
        with worker(tmp_path / f"{number}") as process:
            until(
                lambda: SyncRun.objects.using("owner").get(pk=run.pk).status == "running",
                20,
                process.explained,
            )
            assert process.stop() == 0, process.explained()
        waiting = SyncRun.objects.using("owner").get(pk=run.pk)
        assert (waiting.status, waiting.tries) == ("queued", 0)
    with worker(tmp_path / "last", ARQ_JOB_TIMEOUT="60") as process:
        ended_run = ended(run, 60, process.explained)
    assert_accounted(Way("stopped"), ended_run)
    outcomes = list(
        run.attempts.using("owner").order_by("fence").values_list("outcome", "try_number")
    )
    assert outcomes == [("given_back", 1)] * 4 + [("succeeded", 1)]


def test_a_stalled_worker_that_wakes_up_has_no_effect(own_queue, tmp_path):
    """SIGSTOP past its lease; another takes over and ends the run; then it goes on."""
    run = workers.run(rows.tenant_id(), do="slowly", pause=0.5)
    with worker(tmp_path / "stalled") as stalled:
        until(lambda: ExternalItem.objects.using("owner").exists(), 20, stalled.explained)
        stalled.signal(signal.SIGSTOP)
        with worker(tmp_path / "other") as other:
            ended_run = ended(run, 60, other.explained)
            stalled.signal(signal.SIGCONT)
            until(lambda: "was taken over" in stalled.said, 20, stalled.explained)
    assert_accounted(Way("stalled"), ended_run)
    outcomes = list(run.attempts.using("owner").order_by("fence").values_list("outcome", flat=True))
    assert outcomes == ["lost", "succeeded"]


def test_a_task_that_blocks_the_loop_past_its_lease_has_no_double_effect(own_queue, tmp_path):
    run = workers.run(rows.tenant_id(), do="block", seconds=6)
    with (
        worker(tmp_path / "one", ARQ_JOB_TIMEOUT="60"),
        worker(tmp_path / "two", ARQ_JOB_TIMEOUT="60") as two,
    ):
        ended_run = ended(run, 60, two.explained)
        time.sleep(5)
    assert_accounted(Way("blocked"), ended_run)


def test_a_redis_that_is_away_does_not_end_the_worker(own_queue, tmp_path):
    """It is on a port that nobody listens on, until somebody does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    run = Process(tmp_path / "log", REDIS_URL=f"redis://127.0.0.1:{port}")
    try:
        until(lambda: "Waiting for it" in run.said, 30, run.explained)
        time.sleep(3)
        assert run.process.poll() is None, run.explained()
        assert run.stop() == 0
    finally:
        run.kill()
