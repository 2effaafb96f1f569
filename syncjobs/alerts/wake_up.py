"""Enqueues jobs that deliver: one per endpoint, whatever the number of its messages."""

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
    """Enqueue a job for each endpoint. If Redis is away, `deliveries_due` does it later.

    An endpoint has one job at most, because it delivers all messages. What is accepted when the job
    is about to end waits for `deliveries_due`.
    """
    _enqueued(ids, [])


def unleased(ids: Iterable[UUID]) -> None:
    """Enqueue a job for each endpoint to which no worker delivers, even if one has died with it.

    A killed worker leaves arq's lock of its job, which would hold the endpoint's next job up until
    arq's timeout. The endpoint's lease in PostgreSQL keeps a worker that is only slow apart.
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
    """Handles a job that arq ended without calling our code; False if it is not a delivery's.

    Nothing is lost with it: `deliveries_due` enqueues the endpoint again while messages wait.
    """
    try:
        endpoint_id = UUID(job_id.removeprefix(PREFIX))
    except ValueError:
        return False
    if not job_id.startswith(PREFIX):
        return False
    return DeliveryEndpoint.objects.using("owner").filter(pk=endpoint_id).exists()
