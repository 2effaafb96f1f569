"""Enqueues jobs that deliver: one per endpoint, whatever the number of its messages."""

import logging
import time
from collections.abc import Iterable
from uuid import UUID

from redis.exceptions import RedisError

from syncjobs import queue
from syncjobs.models import DeliveryEndpoint

log = logging.getLogger(__name__)
FUNCTION = "deliver"
PREFIX = "deliver:"


def endpoints(ids: Iterable[UUID]) -> None:
    """Enqueue a job for each endpoint. If Redis is away, `deliveries_due` does it later.

    Jobs of one second have one id, because one of them delivers the messages of all.
    """
    second = int(time.time())
    jobs = [queue.Queued(f"{PREFIX}{key}:{second}", FUNCTION, str(key)) for key in ids]
    try:
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
        endpoint_id = UUID(job_id.removeprefix(PREFIX).partition(":")[0])
    except ValueError:
        return False
    if not job_id.startswith(PREFIX):
        return False
    return DeliveryEndpoint.objects.using("owner").filter(pk=endpoint_id).exists()
