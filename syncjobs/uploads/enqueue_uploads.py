"""Enqueues uploads for workers, and enqueues again what Redis lost."""

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from redis.exceptions import RedisError

from syncjobs import queue
from syncjobs.models import Upload
from syncjobs.models.choices import UploadState
from syncjobs.run_state import ROLE

log = logging.getLogger(__name__)

FUNCTION = "read_upload"
ACTIVE = (
    UploadState.READING.value,
    UploadState.IMPORTING.value,
    UploadState.TAKING_BACK.value,
)
ON_ITS_WAY = timedelta(seconds=10)
TRIES = 3
GIVEN_UP = "Reading it failed three times without a result. The file may be too large or broken."
NOT_TAKEN_BACK = "Taking it back failed three times. Its rows are still in your books."


def tell(uploads: Sequence[Upload]) -> None:
    """Enqueue one job per upload. If Redis is not available, the recoverer enqueues it later."""
    jobs = [
        queue.Queued(upload.job_id, FUNCTION, f"{upload.user_id}/{upload.pk}") for upload in uploads
    ]
    try:
        queue.enqueue(jobs)
    except (RedisError, OSError) as error:
        log.warning(
            "An upload cannot be enqueued in Redis now (%s); the recoverer retries",
            type(error).__name__,
        )


def recovered() -> int:
    """Enqueue the uploads whose job Redis does not know, and fail those that repeatedly ended their
    process. Return the number of changed uploads.

    A row that is locked by a running import is skipped, so that recovery never waits for it.
    """
    with transaction.atomic(using=ROLE):
        free = _active().select_for_update(skip_locked=True)
        waiting = list(free.filter(updated_at__lt=Now() - ON_ITS_WAY).defer("preview"))
        given_up = [upload.pk for upload in waiting if upload.tries >= TRIES]
        failed = _active().filter(pk__in=given_up)
        failed.filter(state=UploadState.TAKING_BACK).update(
            state=UploadState.DONE, error=NOT_TAKEN_BACK, updated_at=Now()
        )
        failed.update(state=UploadState.FAILED, error=GIVEN_UP, updated_at=Now())
        again = _with_new_jobs(_lost([upload for upload in waiting if upload.tries < TRIES]))
    tell(again)
    return len(again) + len(given_up)


def _lost(uploads: Sequence[Upload]) -> list[UUID]:
    """The ids of the uploads whose job Redis does not know; none while Redis is not available."""
    try:
        lost = set(queue.missing(upload.job_id for upload in uploads))
    except (RedisError, OSError):
        return []
    return [upload.pk for upload in uploads if upload.job_id in lost]


def unseen(job_id: str) -> bool:
    """Handle a job that arq ended without calling our code. Return False if it is not an upload's
    job.

    The recoverer enqueues the upload again.
    """
    try:
        upload_id = UUID(job_id.partition(":")[0])
    except ValueError:
        return False
    return Upload.objects.using(ROLE).filter(pk=upload_id).exists()


def _with_new_jobs(ids: Iterable[UUID]) -> list[Upload]:
    selected = _active().filter(pk__in=list(ids))
    selected.update(jobs=F("jobs") + 1, updated_at=Now())
    return list(selected.defer("preview"))


def _active() -> QuerySet[Upload]:
    return Upload.objects.using(ROLE).filter(state__in=ACTIVE)
