"""Counts what has happened since the person's last visit."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime

from graph.database.tenancy import tenant_transaction
from graph.models import PaymentCase, PaymentCaseEntry, RelationshipInstance
from graph.models.choices import CaseAction, CaseState
from syncjobs.models import Upload
from syncjobs.models.choices import UploadState

SINCE = "since"  # in the session: the time of the sign-in before this one


def remember(request: HttpRequest, last_login: datetime | None) -> None:
    """Store in the new session when the person last signed in."""
    if last_login is not None:
        request.session[SINCE] = last_login.isoformat()


def since(request: HttpRequest) -> datetime | None:
    return parse_datetime(request.session.get(SINCE, ""))


def counts(user_id: UUID, last_visit: datetime) -> dict[str, Any]:
    """The numbers of new rows, of cases found and decided, and of imported files since a
    timestamp."""
    with tenant_transaction(user_id):
        new: dict[str, Any] = {"user_id": user_id, "created_at__gt": last_visit}
        flows = RelationshipInstance.objects.filter(**new, edge_class="flow")
        decided = PaymentCaseEntry.objects.filter(**new).exclude(action=CaseAction.FOUND)
        files = Upload.objects.filter(
            user_id=user_id, updated_at__gt=last_visit, state=UploadState.DONE
        )
        return {
            "last_visit": last_visit,
            "rows": flows.filter(deleted_at__isnull=True).count(),
            "cases": PaymentCase.objects.filter(**new, state=CaseState.OPEN).count(),
            "decided": decided.count(),
            "files": files.count(),
        }
