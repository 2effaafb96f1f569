"""arq's Worker as finley runs it."""

from arq.cron import cron
from arq.worker import Worker

from syncjobs import queue, tasks

REFRESH_MINUTES = frozenset(range(0, 60, 5))


def make(*, burst: bool = False) -> Worker:
    """A worker on finley's queue, with its schedule. `burst`: it ends when the queue is empty."""
    return Worker(
        functions=[tasks.refresh_view],
        cron_jobs=[cron(tasks.refresh_view, minute=set(REFRESH_MINUTES), run_at_startup=True)],
        redis_settings=queue.redis_settings(),
        queue_name=queue.NAME,
        job_serializer=queue.dump,
        job_deserializer=queue.load,
        burst=burst,
    )
