"""Records in Django's log who did what to a failure, from the admin, the API or a command."""

from collections.abc import Sequence

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType

from syncjobs.models import JobFailure

AT_ONCE = 1_000


def write(by: AbstractBaseUser | None, failures: Sequence[JobFailure], message: str) -> None:
    """Write one log entry per failure in the caller's transaction; none if `by` is None.

    If `by` is a user, call it as the owner, because the application's role may not write Django's
    log.
    """
    if by is None or not failures:
        return
    kind = ContentType.objects.get_for_model(JobFailure)
    rows = [
        LogEntry(
            user_id=by.pk,
            content_type=kind,
            object_id=str(failure.pk),
            object_repr=str(failure)[:200],
            action_flag=CHANGE,
            change_message=message,
        )
        for failure in failures
    ]
    LogEntry.objects.bulk_create(rows, batch_size=AT_ONCE)
