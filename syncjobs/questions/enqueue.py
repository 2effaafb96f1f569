"""Redis hears of questions: when they are accepted, and when they were lost."""

import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver
from redis.exceptions import RedisError

from graph.models import AskedQuestion
from graph.models.choices import QuestionFailure
from graph.models.questions import ACTIVE
from graph.questions.deferred import accepted
from syncjobs import queue
from syncjobs.questions import state
from syncjobs.questions.state import End
from syncjobs.run_state import ROLE

log = logging.getLogger(__name__)

FUNCTION = "answer_question"
TRIES = 2  # of workers that die on it
TOLD = 10.0  # seconds; a job younger than that is on its way
AT_ONCE = 500
DIED = "Its worker died, and so did the one before: most likely of too little memory. Narrow it."


@receiver(accepted)
def tell(question: AskedQuestion, **_: Any) -> None:
    _enqueued([(str(question.pk), question.job_id)])


def recovered() -> int:
    """Put right what is stranded: a worker died on it, or Redis does not know of it."""
    return _stranded() + _forgotten()


def unseen(job_id: str, *, again: bool, why: str) -> bool:
    """A job that arq has ended without calling any code of ours. False: it is no question's."""
    try:
        question_id = UUID(job_id.partition(":")[0])
    except ValueError:
        return False
    found = AskedQuestion.objects.using(ROLE).filter(pk=question_id).first()
    if found is None:
        return False
    if found.job_id == job_id and found.status in ACTIVE:
        if again and found.tries < TRIES:
            _enqueued(_requeued([job_id]))
        else:
            state.ended(found.pk, None, End(failure=QuestionFailure.BROKEN, error=why))
    return True


def _stranded() -> int:
    with transaction.atomic(using=ROLE):
        lost = state.rows("questions/stranded", {"limit": AT_ONCE})
        jobs = _requeued(job_id for _, job_id, tries in lost if tries < TRIES)
        for question_id, _, tries in lost:
            if tries >= TRIES:
                state.ended(question_id, None, End(failure=QuestionFailure.BROKEN, error=DIED))
    _enqueued(jobs)
    return len(lost)


def _forgotten() -> int:
    """Nothing, while Redis is away."""
    waiting = [job_id for (job_id,) in state.rows("questions/waiting", {"age": TOLD})]
    try:
        gone = list(queue.missing(waiting))
    except (RedisError, OSError):
        return 0
    _enqueued(_requeued(gone))
    return len(gone)


def _requeued(job_ids: Iterable[str]) -> list[tuple[str, str]]:
    jobs = list(job_ids)
    found = state.rows("questions/requeued", {"jobs": jobs}) if jobs else []
    return [(question_id, job_id) for question_id, job_id in found]


def _enqueued(jobs: Iterable[tuple[str, str]]) -> None:
    try:
        queue.enqueue(queue.Queued(job_id, FUNCTION, asked) for asked, job_id in jobs)
    except (RedisError, OSError) as error:
        log.warning(
            "Redis cannot be told of a question now (%s): the recoverer will",
            type(error).__name__,
        )
