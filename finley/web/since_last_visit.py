"""Counts what has happened since the person's last visit."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime

from graph.database.tenancy import tenant_transaction
from graph.models import PaymentCase, PaymentCaseEntry, RelationshipInstance
from graph.models.choices import CaseAction, CaseState
from syncjobs.models import Upload
from syncjobs.models.choices import UploadState

SINCE = "since"  # in the session: the time of the sign-in before this one


def remember(request: HttpRequest, last_login: datetime | None) -> None:
    """Store the time of the person's previous sign-in (`last_login`) in the new session."""
    if last_login is not None:
        request.session[SINCE] = last_login.isoformat()


def since(request: HttpRequest) -> datetime | None:
    return parse_datetime(request.session.get(SINCE, ""))


def counts(user_id: UUID, last_visit: datetime) -> dict[str, Any]:
    """The numbers of new `rows`, of `cases` found, of cases `decided`, and of imported `files`
    since the timestamp `last_visit`."""
    with tenant_transaction(user_id):
        new: dict[str, Any] = {"user_id": user_id, "created_at__gt": last_visit}
        decided = PaymentCaseEntry.objects.filter(**new).exclude(action=CaseAction.FOUND)
        files = Upload.objects.filter(
            user_id=user_id, updated_at__gt=last_visit, state=UploadState.DONE
        )
        return {
            "last_visit": last_visit,
            "rows": _rows(user_id, last_visit).count(),
            "cases": PaymentCase.objects.filter(**new, state=CaseState.OPEN).count(),
            "decided": decided.count(),
            "files": files.count(),
        }


def new_rows(user_id: UUID, last_visit: datetime, start: int, end: int) -> list[UUID]:
    """The ids of the rows that `counts` counts, the newest first, from the place `start` up to
    `end`."""
    with tenant_transaction(user_id):
        rows = _rows(user_id, last_visit).order_by("-source_event__occurred_at", "-id")
        return list(rows.values_list("id", flat=True)[start:end])


def count_of_rows(user_id: UUID, last_visit: datetime) -> int:
    """The number of all rows of `new_rows`."""
    with tenant_transaction(user_id):
        return _rows(user_id, last_visit).count()


def _rows(user_id: UUID, last_visit: datetime) -> "QuerySet[RelationshipInstance]":
    return RelationshipInstance.objects.filter(
        user_id=user_id, created_at__gt=last_visit, edge_class="flow", deleted_at__isnull=True
    )
