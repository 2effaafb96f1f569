"""Writes failures to job_failures: one row per job, without secrets, for every way in which a job
can end."""

import hashlib
import json
import re
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from syncjobs.errors import Permanent
from syncjobs.failures.masking import masked, masked_json
from syncjobs.models import JobFailure, ProjectTask
from syncjobs.models.choices import FailureStatus

ROLE = "owner"
DELIVER = "deliver"  # the function name of a message that could not be delivered
TASK = "project_task:"  # begins the job_id of the failure of a project's task
MOST_ERROR = 2_000  # characters
MOST_TRACEBACK = 20_000
MOST_RAW = 2_000
OURS = Path(__file__).resolve().parents[2]
_VARIES = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|0x[0-9a-f]+|[0-9a-f]{12,}|\d+", re.IGNORECASE
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NOT_JSONB = re.compile(r"\\u0000|\\ud[89a-f]|NaN|Infinity")
_BAD = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Trouble:
    """The description of an exception in a failure's row: class, message and traceback without
    secrets.

    `location` is the innermost frame of finley's own code, as `file:function`. `reauthorise` means
    that the person must connect anew.
    """

    error_class: str
    error: str
    traceback: str = ""
    location: str = ""
    reauthorise: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has failed, with the columns that runs/ended.sql returns."""

    run_id: UUID
    user_id: UUID
    connection_id: UUID
    provider: str
    function: str
    payload: dict[str, Any]
    tries: int
    correlation_id: str
    job_id: str
    replay_of: UUID | None


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message that could not be delivered. `failure_id` is its earlier failure, if any."""

    delivery_id: UUID
    user_id: UUID | None
    endpoint: str
    event: str
    tries: int
    failure_id: UUID | None
    trouble: Trouble


def trouble_of(error: BaseException) -> Trouble:
    """Describe an exception without secrets: class, message, traceback, and where it was raised."""
    sentence = _sentence(error)
    lines = traceback.format_exception(error)
    return Trouble(
        error_class=type(error).__name__,
        error=_written(sentence, MOST_ERROR),
        traceback=_written(_relative("".join(lines)), MOST_TRACEBACK),
        location=_location(error),
        reauthorise=isinstance(error, Permanent) and error.reauthorise,
    )


def sentence_of(error: BaseException) -> str:
    """The error's class and message without secrets, for the note of one item."""
    return f"It cannot be read ({type(error).__name__}: {_written(_sentence(error), 300)})."


def _sentence(error: BaseException) -> str:
    try:
        return str(error) or f"{type(error).__name__} was raised without a message."
    except Exception:  # noqa: BLE001 - its __str__ may fail
        return f"{type(error).__name__} was raised, and its message cannot be read."


def _relative(text: str) -> str:
    return text.replace(f"{OURS}/", "")


def _written(text: str, most: int) -> str:
    """Return the text with secrets masked, cut to at most `most` characters.

    A long text first loses its middle, because masking takes longer for longer texts. That cut may
    split a secret in two. The second cut removes more of the middle, and both halves of such a
    secret.
    """
    if len(text) > 2 * most:
        text = f"{text[:most]}\n…\n{text[-most:]}"
    return _fit(masked(text), most)


def _fit(text: str, most: int) -> str:
    """Replace characters that PostgreSQL refuses by U+FFFD, and cut the middle out of a text that
    is longer than `most` characters."""
    text = _BAD.sub("\ufffd", text)
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}\n…\n{text[-half:]}"


def _location(error: BaseException) -> str:
    """The innermost frame of finley's own code in the error's traceback, as `file:function`; "" if
    there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(frame.filename)]
    if not ours:
        return ""
    return f"{Path(ours[-1].filename).relative_to(OURS)}:{ours[-1].name}"


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    return path.is_relative_to(OURS) and not any(part.startswith(".") for part in path.parts)


def fingerprint(function: str, trouble: Trouble) -> str:
    """A hash by which failures of one kind are equal: 24 hexadecimal digits of function, error
    class, location and message. Numbers and quoted names in the message do not count."""
    plain = _VARIES.sub("#", _QUOTED.sub("'…'", trouble.error))
    parts = "\x1f".join((function, trouble.error_class, trouble.location, plain))
    return hashlib.blake2b(parts.encode(), digest_size=12).hexdigest()


def of_run(ended: Ended, trouble: Trouble) -> None:
    """Write the failure of a run in the caller's transaction. If the run was a replay, the row of
    the original failure is updated instead."""
    kind = fingerprint(ended.function, trouble)
    if ended.replay_of is not None:
        _came_back(ended.replay_of, ended.tries, trouble, kind)
        return
    JobFailure.objects.using(ROLE).create(
        user_id=ended.user_id,
        provider=ended.provider,
        connection_id=str(ended.connection_id),
        correlation_id=ended.correlation_id,
        run_id=ended.run_id,
        job_id=ended.job_id,
        function=ended.function,
        payload=masked_json(ended.payload),
        tries=max(ended.tries, 1),
        fingerprint=kind,
        status=_status(kind, str(ended.connection_id)),
        **_words(trouble),
    )


def _came_back(failure_id: UUID, tries: int, trouble: Trouble, kind: str) -> None:
    JobFailure.objects.using(ROLE).filter(pk=failure_id).update(
        status=FailureStatus.OPEN,
        tries=F("tries") + max(tries, 1),
        last_failed_at=Now(),
        settled_at=None,
        fingerprint=kind,
        **_words(trouble),
    )


def _words(trouble: Trouble) -> dict[str, str]:
    return {
        "error_class": trouble.error_class,
        "error": trouble.error,
        "traceback": trouble.traceback,
        "location": trouble.location,
    }


def _status(kind: str, connection_id: str) -> FailureStatus:
    """The status of a new failure: ignored if a person ignores the last failure of the same kind on
    the same connection, else open."""
    last = (
        JobFailure.objects.using(ROLE)
        .filter(fingerprint=kind, connection_id=connection_id)
        .order_by("-last_failed_at")
        .values_list("status", flat=True)
        .first()
    )
    ignored = last == FailureStatus.IGNORED
    return FailureStatus.IGNORED if ignored else FailureStatus.OPEN


def of_job(job_id: str, function: str, raw: bytes | None, tries: int, trouble: Trouble) -> bool:
    """Record the failure of a job in Redis that has no run. Return False if it is recorded already.

    `raw` are the job's bytes in Redis, which are stored as masked text.
    """
    with transaction.atomic(using=ROLE):
        if JobFailure.objects.using(ROLE).filter(job_id=job_id).exists():
            return False
        kind = fingerprint(function, trouble)
        JobFailure.objects.using(ROLE).bulk_create(
            [
                JobFailure(
                    job_id=_fit(job_id, MOST_RAW),
                    function=_fit(function, MOST_RAW) or "unknown",
                    payload=_payload(raw),
                    tries=max(tries, 1),
                    fingerprint=kind,
                    status=_status(kind, ""),
                    **_words(trouble),
                )
            ],
            ignore_conflicts=True,
        )
        return True


def _payload(raw: bytes | None) -> dict[str, Any]:
    """The job's bytes as {"raw": masked text}, because their structure is not known; {} if there
    are none."""
    if raw is None:
        return {}
    return {"raw": _fit(masked(raw[: MOST_RAW * 2].decode(errors="replace")), MOST_RAW)}


def of_delivery(ended: Undelivered) -> UUID:
    """Write the failure of a message in the caller's transaction, or update its earlier one. Return
    the failure's id."""
    mark = fingerprint(DELIVER, ended.trouble)
    if ended.failure_id is not None:
        _came_back(ended.failure_id, ended.tries, ended.trouble, mark)
        return ended.failure_id
    failure = JobFailure.objects.using(ROLE).create(
        id=uuid4(),
        user_id=ended.user_id,
        job_id=f"{DELIVER}:{ended.delivery_id}",
        function=DELIVER,
        payload={
            "delivery": str(ended.delivery_id),
            "endpoint": ended.endpoint,
            "event": ended.event,
        },
        tries=max(ended.tries, 1),
        fingerprint=mark,
        status=_status(mark, ""),
        **_words(ended.trouble),
    )
    return failure.pk


def of_task(row: ProjectTask, trouble: Trouble) -> UUID:
    """Write the failure of a project's task in the caller's transaction, or update its earlier one.
    Return the failure's id."""
    kind = fingerprint(row.path, trouble)
    if row.failure_id is not None:
        _came_back(row.failure_id, row.tries, trouble, kind)
        return row.failure_id
    payload = {"task": str(row.pk), "queue": row.queue}
    payload |= {"args": json.loads(row.args), "kwargs": json.loads(row.kwargs)}
    failure = JobFailure.objects.using(ROLE).create(
        id=uuid4(),
        job_id=f"{TASK}{row.pk}",
        function=row.path,
        payload=_storable(masked_json(payload)),
        tries=max(row.tries, 1),
        fingerprint=kind,
        status=_status(kind, ""),
        **_words(trouble),
    )
    return failure.pk


def _storable(payload: Any) -> Any:
    """The payload, or its text if it is too long or has what jsonb cannot store: NUL, lone
    surrogates, NaN."""
    text = json.dumps(payload)
    if len(text) <= MOST_TRACEBACK and not _NOT_JSONB.search(text):
        return payload
    return {"task": payload["task"], "raw": _fit(json.dumps(payload, ensure_ascii=False), MOST_RAW)}


def reopened(failure_id: UUID) -> None:
    """Reopen a failure whose replay ended without a result."""
    rows = JobFailure.objects.using(ROLE).filter(pk=failure_id, status=FailureStatus.REPLAYING)
    rows.update(status=FailureStatus.OPEN)


def of_duty(name: str, trouble: Trouble) -> None:
    """Record that a periodic task failed. Each task has one row per kind of failure, whose `tries`
    counts the failures."""
    kind = fingerprint(name, trouble)
    rows = JobFailure.objects.using(ROLE).filter(
        function=name, fingerprint=kind, run=None, status__in=["open", "ignored"]
    )
    if rows.update(tries=F("tries") + 1, last_failed_at=Now(), **_words(trouble)):
        return
    JobFailure.objects.using(ROLE).create(function=name, fingerprint=kind, **_words(trouble))
