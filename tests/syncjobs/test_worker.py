"""A real worker on a real Redis: what crosses it is JSON, and the view is refreshed."""

import asyncio
import json

import pytest
from arq import create_pool
from arq.jobs import Job

from graph.models import ViewRefresh
from syncjobs import queue, worker
from tests.graph import rows


@pytest.fixture
def redis_queue(monkeypatch) -> str:
    """A queue of this test's own on the shared Redis."""
    name = f"test:{rows.tenant_id()}"
    monkeypatch.setattr(queue, "NAME", name)
    return name


async def enqueue_and_work(name: str) -> tuple[bytes, int]:
    """The job's bytes as Redis holds them, and its result once a worker has run it."""
    redis = await create_pool(
        queue.redis_settings(),
        job_serializer=queue.dump,
        job_deserializer=queue.load,
        default_queue_name=name,
    )
    job = await redis.enqueue_job("refresh_view")
    raw = await redis.get(f"arq:job:{job.job_id}")
    running = worker.make(burst=True)
    running.handle_signals = False
    running.cron_jobs = []
    try:
        await running.main()
        done = Job(job.job_id, redis, name, _deserializer=queue.load)
        return raw, await done.result(timeout=10)
    finally:
        await running.close()
        await redis.delete(name, f"arq:result:{job.job_id}")
        await redis.aclose()


@pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")
def test_a_queued_refresh_is_done_by_a_worker(committed, redis_queue):
    rows.payment(rows.tenant_id())
    raw, result = asyncio.run(enqueue_and_work(redis_queue))
    assert json.loads(raw)["f"] == "refresh_view"
    assert result == 1
    assert ViewRefresh.objects.using("owner").latest().rows == 1


def test_only_json_crosses_redis():
    assert queue.load(queue.dump({"a": [1, None]})) == {"a": [1, None]}
    with pytest.raises(TypeError):
        queue.dump({"a": object()})
    with pytest.raises(ValueError, match="decode"):
        queue.load(b"\x80\x04pickled")
