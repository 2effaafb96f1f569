"""Enqueues the jobs that deliver messages: one job per endpoint, for all its messages."""

import logging
from collections.abc import Iterable, Sequence
from uuid import UUID

from redis.exceptions import RedisError

from syncjobs import queue
from syncjobs.models import DeliveryEndpoint

log = logging.getLogger(__name__)
FUNCTION = "deliver"
PREFIX = "deliver:"


def endpoints(ids: Iterable[UUID]) -> None:
    """Enqueue a job for each of these endpoints that has none. If Redis is not available, the
    periodic task `deliveries_due` does it later.

    A message that is accepted while the endpoint's job is ending may wait for `deliveries_due`.
    """
    _enqueued(ids, [])


def unleased(ids: Iterable[UUID]) -> None:
    """Enqueue a job for each of these endpoints. The caller has checked that no worker delivers to
    them.

    A worker that was killed leaves arq's lock on its job, which would block the endpoint's next job
    until arq's timeout. So the lock is removed first. If the worker is only slow, the endpoint's
    lease in PostgreSQL keeps the second worker from delivering.
    """
    keys = list(ids)
    _enqueued(keys, [f"{PREFIX}{key}" for key in keys])


def _enqueued(ids: Iterable[UUID], may_be_locked: Sequence[str]) -> None:
    jobs = [queue.Queued(f"{PREFIX}{key}", FUNCTION, str(key)) for key in ids]
    try:
        if locked := list(queue.missing(may_be_locked)):
            queue.forget(locked)
        queue.enqueue(jobs)
    except (RedisError, OSError) as error:
        log.warning(
            "Deliveries cannot be enqueued in Redis now (%s); they are enqueued later",
            type(error).__name__,
        )


def unseen(job_id: str) -> bool:
    """Return whether the job is one that delivers messages, after arq ended it without calling our
    code.

    Nothing else has to be done: `deliveries_due` enqueues the endpoint while messages wait.
    """
    try:
        endpoint_id = UUID(job_id.removeprefix(PREFIX))
    except ValueError:
        return False
    if not job_id.startswith(PREFIX):
        return False
    return DeliveryEndpoint.objects.using("owner").filter(pk=endpoint_id).exists()
