"""Which clock counts: PostgreSQL's. A worker's own may be wrong by hours."""

import re
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections
from django.db.models import F
from django.db.models.functions import Now

from syncjobs import periodic, queue, recover, run_state, runs, sql
from syncjobs.models import SyncRun
from syncjobs.run_state import ClaimRequest, Save
from tests.graph import rows
from tests.syncjobs import workers

HOURS = pytest.mark.parametrize("hours", [-3, 3])
LEASES = re.compile(r"lease_until\s*(?:[<>]=|[=<>])\s*+(?!NULL)([^\n,]+)")


@pytest.fixture
def wrong_clock(monkeypatch, hours: int) -> None:
    """This process's clock is wrong by some hours."""
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + 3600 * hours)


def lease_of(run: SyncRun) -> float:
    """The seconds until the run's lease ends, by PostgreSQL's clock."""
    row = SyncRun.objects.using("owner").filter(pk=run.pk).values(left=F("lease_until") - Now())
    return row.get()["left"].total_seconds()


def test_every_lease_is_set_and_compared_by_the_database():
    """In all statements of syncs, questions, periodic tasks, uploads and deliveries."""
    ends = {
        (path.stem, end.strip())
        for path in Path(sql.__file__).parent.rglob("*.sql")
        for end in LEASES.findall(path.read_text())
    }
    assert len(ends) > 12
    assert {end.partition("(")[0] for _, end in ends} == {"now"}


@HOURS
@pytest.mark.usefixtures("wrong_clock")
def test_a_worker_with_a_wrong_clock_takes_keeps_and_loses_a_run_as_others_do(own_queue, settings):
    settings.SYNC_LEASE = 20.0
    run = workers.run(rows.tenant_id())
    (claim,) = run_state.claimed([ClaimRequest(run.pk, run.job_id, 1)], "wrong")
    assert 15 < lease_of(run) <= 20
    assert recover.stranded() == 0
    SyncRun.objects.using("owner").update(lease_until=Now() + timedelta(seconds=3))
    (state,) = run_state.renewed([claim])
    assert state.runs
    assert 15 < lease_of(run) <= 20
    with run_state.fenced(claim, Save({"items": 1})):
        pass
    SyncRun.objects.using("owner").update(lease_until=Now() - timedelta(seconds=1))
    assert recover.stranded() == 1
    run.refresh_from_db(using="owner")
    assert (run.status, run.job_id) == ("queued", runs.job_id(run.pk, 2))


@HOURS
@pytest.mark.usefixtures("committed", "wrong_clock")
def test_a_periodic_task_is_due_by_the_database_s_clock():
    connections["owner"].cursor().execute("DELETE FROM duties")
    assert "recover" in periodic.begun("wrong")
    assert periodic.begun("another") == [], "the first one has leased them"
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM min(lease_until) - now()) FROM duties")
        assert 0 < cursor.fetchone()[0] <= periodic.LEASE


@pytest.mark.parametrize("hours", [3])
def test_a_job_that_a_wrong_clock_put_off_is_put_right(own_queue, monkeypatch, hours):
    """A worker whose clock is three hours ahead retries a run: arq would wait for these hours."""
    run = workers.run(rows.tenant_id())
    SyncRun.objects.using("owner").update(enqueued_at=Now() - timedelta(minutes=1))
    with closing(workers.redis()) as redis:
        right = redis.zscore(queue.NAME, run.job_id)
        assert recover.lost_by_redis() == 0
        redis.zadd(queue.NAME, {run.job_id: right + 3_600_000 * hours})
        assert recover.lost_by_redis() == 1
        run.refresh_from_db(using="owner")
        assert redis.zscore(queue.NAME, run.job_id) <= right
        assert recover.lost_by_redis() == 0


def test_a_job_that_has_to_wait_waits(own_queue):
    """So that a long backoff is not taken for a wrong clock."""
    run = workers.run(rows.tenant_id())
    later = SyncRun.objects.using("owner").filter(pk=run.pk)
    later.update(enqueued_at=Now() - timedelta(minutes=1), next_try_at=Now() + timedelta(hours=1))
    with closing(workers.redis()) as redis:
        redis.zadd(queue.NAME, {run.job_id: (time.time() + 3600) * 1000})
        assert recover.lost_by_redis() == 0
