"""Enqueues accepted questions in Redis, and lost ones again."""

import logging
from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from redis.exceptions import RedisError

from graph.models import AskedQuestion
from graph.models.choices import QuestionFailure
from graph.models.questions import ACTIVE
from syncjobs import queue
from syncjobs.questions import question_state
from syncjobs.questions.question_state import End
from syncjobs.run_state import ROLE

log = logging.getLogger(__name__)

FUNCTION = "answer_question"
TRIES = 2  # attempts that may end because their worker died
ENQUEUED_AFTER = 10.0  # seconds; a younger job may not have reached Redis yet
AT_ONCE = 500
DIED = "Two workers died on it, most likely because memory ran out. Narrow the question."


def enqueue(question: AskedQuestion) -> None:
    """Enqueue a question after its request's commit (syncjobs.apps connects this)."""
    _enqueued([(str(question.pk), question.job_id)])


def recovered() -> int:
    """Requeue the questions that lost their worker or their job in Redis. Return the number of
    changed questions.

    A question during which two workers died fails, because it may have ended them.
    """
    return _stranded() + _lost_by_redis()


def unseen(job_id: str, *, again: bool, why: str) -> bool:
    """Handle a question's job that arq ended without calling our code: requeue the question if
    `again` and it has attempts left, else fail it with the text `why`.

    Returns False if the job is not a question's.
    """
    try:
        question_id = UUID(job_id.partition(":")[0])
    except ValueError:
        return False
    question = AskedQuestion.objects.using(ROLE).filter(pk=question_id).first()
    if question is None:
        return False
    if question.job_id == job_id and question.status in ACTIVE:
        if again and question.tries < TRIES:
            _enqueued(_requeued([job_id]))
        else:
            question_state.ended(question.pk, None, End(failure=QuestionFailure.BROKEN, error=why))
    return True


def _stranded() -> int:
    with transaction.atomic(using=ROLE):
        lost = question_state.rows("questions/stranded", {"limit": AT_ONCE})
        jobs = _requeued(job_id for _, job_id, tries in lost if tries < TRIES)
        for question_id, _, tries in lost:
            if tries >= TRIES:
                question_state.ended(
                    question_id, None, End(failure=QuestionFailure.BROKEN, error=DIED)
                )
    _enqueued(jobs)
    return len(lost)


def _lost_by_redis() -> int:
    """Requeue the questions whose job Redis lost, and return their number; 0 while Redis is not
    available."""
    waiting = [
        job_id for (job_id,) in question_state.rows("questions/waiting", {"age": ENQUEUED_AFTER})
    ]
    try:
        lost = list(queue.missing(waiting))
    except (RedisError, OSError):
        return 0
    _enqueued(_requeued(lost))
    return len(lost)


def _requeued(job_ids: Iterable[str]) -> list[tuple[str, str]]:
    jobs = list(job_ids)
    rows = question_state.rows("questions/requeued", {"jobs": jobs}) if jobs else []
    return [(question_id, job_id) for question_id, job_id in rows]


def _enqueued(jobs: Iterable[tuple[str, str]]) -> None:
    try:
        queue.enqueue(queue.Queued(job_id, FUNCTION, question) for question, job_id in jobs)
    except (RedisError, OSError) as error:
        log.warning(
            "A question cannot be enqueued in Redis now (%s); the recoverer retries",
            type(error).__name__,
        )
