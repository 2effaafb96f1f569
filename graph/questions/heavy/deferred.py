"""Questions that a worker answers: accept, look up and cancel them.

A question is written here before it is enqueued. The signal `accepted` is sent after the commit. If
nobody receives it, nothing is lost, because the recoverer finds the row.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import router, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.dispatch import Signal

from graph.database.tenancy import tenant_transaction
from graph.errors import NotFound, TooMany
from graph.models import AskedQuestion
from graph.models.choices import QuestionStatus
from graph.models.questions import ACTIVE
from graph.reading import cursors, row_ids
from graph.reading.cursors import Position

accepted = Signal()  # sends `question`, an AskedQuestion
NO_QUESTION = "You have no such question. Its answer may have expired."
WIDE = ("answer",)
SHOWN = timedelta(minutes=5)  # for this long a cancelled question can still be read


@dataclass(frozen=True, slots=True)
class QuestionKey:
    """The identity of a question: its name, its parameters as text, and the graph's version."""

    question: str
    parameters: Mapping[str, Any]
    version: str

    @property
    def digest(self) -> str:
        text = json.dumps([self.question, self.parameters], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def known(user_id: UUID, key: QuestionKey) -> AskedQuestion | None:
    """Return the same question about the same version, or None if it was not asked or has
    expired."""
    with _transaction(user_id):
        return _same(user_id, key).exclude(expires_at__lte=Now()).first()


def accept(user_id: UUID, key: QuestionKey) -> AskedQuestion:
    """Return the question with this key, which a worker will answer. It is queued, unless it is
    queued, running or answered already.

    Raises TooMany if the tenant has too many open questions.
    """
    with _transaction(user_id) as connection:
        with connection.cursor() as cursor:  # one at a time, so that the active ones can be counted
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [str(user_id)])
        _same(user_id, key).filter(expires_at__lte=Now()).delete()
        if same := _same(user_id, key).first():
            return same
        _refuse_more(user_id)
        question = _written(user_id, key)
        tell = partial(accepted.send_robust, AskedQuestion, question=question)
        transaction.on_commit(tell, using=connection.alias)
    return question


def get(user_id: UUID, question_id: UUID | str) -> AskedQuestion:
    """Return the tenant's question. Raises NotFound, also if it has expired or is another
    tenant's."""
    with _transaction(user_id):
        return _found(user_id, question_id)


def listed(
    user_id: UUID, *, status: str | None = None, most: int = 50, after: Position | None = None
) -> tuple[list[AskedQuestion], Position | None]:
    """Return a page of the tenant's questions, newest first, and the position of the next page.

    The questions have no answers here. The position is None after the last page.
    """
    with _transaction(user_id):
        mine = AskedQuestion.objects.filter(user_id=user_id).defer(*WIDE)
        if status is not None:
            mine = mine.filter(status=status)
        return cursors.page(mine, "created_at", most, after)


def forget(user_id: UUID, question_id: UUID | str) -> None:
    """Cancel the question: at once if it is queued, within seconds if it runs. If it has ended,
    delete it.

    Raises NotFound.
    """
    with _transaction(user_id):
        question = _found(user_id, question_id, lock=True)
        if question.status not in ACTIVE:
            question.delete()
            return
        question.cancel_requested_at = Now()
        if question.status == QuestionStatus.QUEUED:
            question.status = QuestionStatus.CANCELLED
            question.finished_at, question.expires_at = Now(), Now() + SHOWN
        question.save(update_fields=["cancel_requested_at", "status", "finished_at", "expires_at"])


def _transaction(user_id: UUID) -> Any:
    return tenant_transaction(user_id, using=router.db_for_write(AskedQuestion))


def _same(user_id: UUID, key: QuestionKey) -> "QuerySet[AskedQuestion]":
    return AskedQuestion.objects.filter(
        user_id=user_id,
        digest=key.digest,
        version=key.version,
        cancel_requested_at__isnull=True,
    )


def _refuse_more(user_id: UUID) -> None:
    most = settings.QUESTIONS["active"]
    active = AskedQuestion.objects.filter(user_id=user_id, status__in=ACTIVE).count()
    if active >= most:
        raise TooMany(
            f"{active} questions of yours are being answered: wait for one, or cancel one "
            "(DELETE /api/v1/graph/questions/<id>/).",
            after=10,
        )


def _written(user_id: UUID, key: QuestionKey) -> AskedQuestion:
    question_id = uuid4()
    question = AskedQuestion(
        id=question_id,
        user_id=user_id,
        question=key.question,
        parameters=dict(key.parameters),
        digest=key.digest,
        version=key.version,
        job_id=f"{question_id}:1",
    )
    question.save(force_insert=True)
    question.refresh_from_db()
    return question


def _found(user_id: UUID, question_id: UUID | str, *, lock: bool = False) -> AskedQuestion:
    mine = AskedQuestion.objects.filter(user_id=user_id).exclude(expires_at__lte=Now())
    key = row_ids.required(question_id, NO_QUESTION)
    question = (mine.select_for_update() if lock else mine).filter(pk=key).first()
    if question is None:
        raise NotFound(NO_QUESTION, "id")
    return question
