"""Settles failures: resolve, ignore, discard with a reason; and reopens them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from django.utils import timezone

from syncjobs.errors import ReasonMissing
from syncjobs.failures import action_log, outcomes
from syncjobs.failures.outcomes import Verdict
from syncjobs.models import JobFailure
from syncjobs.models.choices import FailureStatus

FROM = {
    FailureStatus.RESOLVED: (FailureStatus.OPEN, FailureStatus.IGNORED),
    FailureStatus.IGNORED: (FailureStatus.OPEN,),
    FailureStatus.DISCARDED: (FailureStatus.OPEN, FailureStatus.IGNORED),
    FailureStatus.OPEN: (
        FailureStatus.RESOLVED,
        FailureStatus.IGNORED,
        FailureStatus.DISCARDED,
    ),
}
SAID = {
    FailureStatus.RESOLVED: "Resolved",
    FailureStatus.IGNORED: "Ignored until it changes",
    FailureStatus.DISCARDED: "Discarded",
    FailureStatus.OPEN: "Reopened",
}
NO_REASON = "Give a reason: discarding a failure requires one."
NOTE_CHARACTERS = 2_000


@dataclass(slots=True)
class Settled:
    """The failures that were changed, and the skipped ones with their reasons."""

    changed: list[JobFailure] = field(default_factory=list)
    skipped: list[Verdict] = field(default_factory=list)


def resolve(ids: Iterable[UUID], *, by: AbstractBaseUser | None, note: str = "") -> Settled:
    """Mark the failures as resolved: their cause is fixed, or somebody did the work by hand. Return
    the changed and the skipped ones."""
    return _settle(ids, FailureStatus.RESOLVED, by, note)


def ignore(ids: Iterable[UUID], *, by: AbstractBaseUser | None, note: str = "") -> Settled:
    """Mark the failures as ignored, so that the list hides them. Later failures of their kind on
    the same connections become ignored, too. Return the changed and the skipped ones."""
    return _settle(ids, FailureStatus.IGNORED, by, note)


def discard(ids: Iterable[UUID], *, by: AbstractBaseUser | None, reason: str) -> Settled:
    """Mark the failures as discarded: nobody will repeat the work. Return the changed and the
    skipped ones. Raises ReasonMissing if `reason` is empty."""
    if not _clean(reason):
        raise ReasonMissing(NO_REASON)
    return _settle(ids, FailureStatus.DISCARDED, by, reason)


def reopen(ids: Iterable[UUID], *, by: AbstractBaseUser | None) -> Settled:
    """Set failures that were resolved, ignored or discarded back to open. Return the changed and
    the skipped ones."""
    return _settle(ids, FailureStatus.OPEN, by, "")


def plan(ids: Iterable[UUID], status: FailureStatus) -> list[Verdict]:
    """A dry run: for each failure, in order, a verdict whether its status may change to
    `status`."""
    rows = outcomes.found(JobFailure.objects.all(), ids)
    return [Verdict(key, failure, _against(failure, status)) for key, failure in rows.items()]


def _against(failure: JobFailure | None, status: FailureStatus) -> str:
    if failure is None:
        return outcomes.UNKNOWN
    now = FailureStatus(failure.status)
    if now in FROM[status]:
        return ""
    if now == status:
        return f"It is already {now.value}."
    if now == FailureStatus.REPLAYING:
        return "It is being replayed. Wait for the result."
    return f"It is {now.value}. Reopen it first."


def _settle(
    ids: Iterable[UUID], status: FailureStatus, by: AbstractBaseUser | None, note: str
) -> Settled:
    note = _clean(note)
    outcome = Settled()
    with transaction.atomic(using=router.db_for_write(JobFailure)):
        locked = JobFailure.objects.order_by("pk").select_for_update()
        for key, failure in outcomes.found(locked, ids).items():
            reason = _against(failure, status)
            if failure is None or reason:
                outcome.skipped.append(Verdict(key, failure, reason))
            else:
                outcome.changed.append(failure)
        _put(outcome.changed, status, note)
        action_log.write(
            by, outcome.changed, f"{SAID[status]}: {note}" if note else f"{SAID[status]}."
        )
    return outcome


def _clean(note: str) -> str:
    return note.replace("\0", "").strip()[:NOTE_CHARACTERS]


def _put(failures: list[JobFailure], status: FailureStatus, note: str) -> None:
    settled_at = None if status == FailureStatus.OPEN else timezone.now()
    JobFailure.objects.filter(pk__in=[failure.pk for failure in failures]).update(
        status=status, note=note, settled_at=settled_at
    )
    for failure in failures:
        failure.status, failure.note, failure.settled_at = status, note, settled_at
