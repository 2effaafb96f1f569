"""Changes the state of questions. Each change is one statement.

The statements cross tenants, so they run as the owner. All may raise django.db's OperationalError
or InterfaceError.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections

from graph.models.choices import QuestionFailure, QuestionStatus
from syncjobs import sql
from syncjobs.run_state import ROLE

FAILURE_KEPT = 300.0  # seconds until a failed question may be asked again


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to answer a question. With its fencing token it may end the question, unless
    a newer attempt has begun."""

    id: UUID
    fence: int
    user_id: UUID
    question: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class End:
    """The end of a question: the `answer` as JSON text, or a `failure` with the text `error`."""

    answer: str | None = None
    failure: QuestionFailure | None = None
    error: str = ""


def claimed(question_id: UUID, job_id: str, worker: str) -> Claim | None:
    """Claim the question for this job. None if the question has another job by now or is not
    queued."""
    values = {
        "question": question_id,
        "job": job_id,
        "worker": worker,
        "lease": settings.SYNC_LEASE,
    }
    claims = rows("questions/claimed", values)
    if not claims:
        return None
    row_id, fence, user_id, question, parameters = claims[0]
    return Claim(row_id, fence, user_id, question, json.loads(parameters))


def renewed(claim: Claim) -> bool:
    """Renew the lease. False if the attempt must end, because it was taken over or cancelled."""
    values = {"question": claim.id, "fence": claim.fence, "lease": settings.SYNC_LEASE}
    return rows("questions/renewed", values) == [(False,)]


def ended(question_id: UUID, fence: int | None, end: End) -> bool:
    """Record the end of the question. Return False if it had ended before, or if a newer attempt
    has begun.

    `fence` is the attempt's fencing token. None means that the attempt does not exist any more.
    """
    failed = end.failure is not None
    values = {
        "question": question_id,
        "fence": fence,
        "status": QuestionStatus.FAILED.value if failed else QuestionStatus.DONE.value,
        "answer": end.answer,
        "failure": end.failure.value if end.failure else None,
        "error": end.error,
        "keep": FAILURE_KEPT if failed else settings.QUESTIONS["keep_hours"] * 3600.0,
    }
    return _changed("questions/ended", values)


def handed_back(claim: Claim) -> bool:
    return _changed("questions/handed_back", {"question": claim.id, "fence": claim.fence})


def rows(name: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read(name), values)
        return list(cursor.fetchall())


def _changed(name: str, values: Mapping[str, Any]) -> bool:
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read(name), values)
        return bool(cursor.rowcount)
