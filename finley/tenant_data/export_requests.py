"""Exports that a tenant's owner requests: accepted, made by a worker, downloaded, deleted.

Requests read and write in the tenant's transaction. The worker's part runs as the owner's role.
"""

import hashlib
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from finley.models import User
from finley.tenant_data import archive
from graph.database.role import as_owner
from graph.database.tenancy import tenant_transaction
from graph.errors import NotFound, QuestionError, TooMany
from syncjobs.models import TenantExport, TenantExportPiece
from syncjobs.models.choices import ExportState
from syncjobs.models.exports import MOST_BYTES, PIECE_BYTES

log = logging.getLogger("finley.audit")

KEPT = timedelta(hours=24)  # that a file can be downloaded
MOST_A_DAY = 5  # exports of a tenant in 24 hours
TRIES = 3
ACTIVE = (ExportState.WAITING, ExportState.RUNNING)
TOO_LARGE = (
    f"The file is larger than {MOST_BYTES / 1e9:g} GB. Ask the person who runs finley for "
    "`manage.py tenant export`."
)
GIVEN_UP = "The worker ended three times while it made this export. Look at its log and memory."


def begin(user_id: UUID, by: str) -> TenantExport:
    """Accept an export of the tenant's data, requested by the person with this e-mail address.

    Raises TooMany if one is being made, or if there were MOST_A_DAY in the last 24 hours.
    """
    with tenant_transaction(user_id):
        recent = TenantExport.objects.filter(user_id=user_id, created_at__gt=Now() - KEPT)
        if recent.count() >= MOST_A_DAY:
            raise TooMany(f"{MOST_A_DAY} exports in 24 hours are the most.", after=3600)
        row = TenantExport(user_id=user_id, requested_by=by)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise TooMany("An export is being made. Wait for it.", after=30) from None
        row.refresh_from_db()
    log.warning("%s requested an export of tenant %s", by, user_id)
    return row


def listed(user_id: UUID) -> list[TenantExport]:
    """The tenant's exports, newest first, without expired ones."""
    with tenant_transaction(user_id):
        return list(_current(user_id).order_by("-created_at", "id"))


def get(user_id: UUID, export_id: UUID) -> TenantExport:
    """Read the tenant's export with this id. Raises NotFound, also if it has expired."""
    with tenant_transaction(user_id):
        row = _current(user_id).filter(pk=export_id).first()
    if row is None:
        raise NotFound("There is no such export.", "id")
    return row


def remove(user_id: UUID, export_id: UUID) -> None:
    """Delete the export with its file. Raises NotFound, and QuestionError while it is being
    made."""
    row = get(user_id, export_id)
    with tenant_transaction(user_id):
        ended = TenantExport.objects.filter(user_id=user_id, pk=row.pk).exclude(state__in=ACTIVE)
        if not ended.delete()[0]:
            raise QuestionError("This export is being made. Wait for it.", "state")


def ready(user_id: UUID, export_id: UUID, by: str) -> TenantExport:
    """Return the export whose file is to be downloaded, and log that the person `by` (an e-mail
    address) downloads it. Raises NotFound, and QuestionError if the export has no file."""
    row = get(user_id, export_id)
    if row.state != ExportState.DONE:
        raise QuestionError(f"This export has no file: it is {row.get_state_display()}.", "state")
    log.warning("%s downloads export %s of tenant %s", by, export_id, user_id)
    return row


def piece(user_id: UUID, export_id: UUID, number: int) -> bytes:
    """The bytes of one piece of the file. Raises NotFound if it was deleted meanwhile."""
    with tenant_transaction(user_id):
        row = TenantExportPiece.objects.filter(
            user_id=user_id, export_id=export_id, number=number
        ).first()
    if row is None:
        raise NotFound("The export was deleted.", "id")
    return bytes(row.data)


def make_next() -> bool:
    """Make the oldest export that waits. Return False if none waits.

    An export whose worker died is made again, TRIES times at most. The worker runs one at a time.
    """
    with as_owner():
        row = TenantExport.objects.filter(state__in=ACTIVE).order_by("created_at").first()
        if row is None:
            _delete_leftovers()
            return False
        if row.tries >= TRIES:
            _failed(row, GIVEN_UP)
            return True
        TenantExport.objects.filter(pk=row.pk).update(
            state=ExportState.RUNNING, tries=F("tries") + 1, updated_at=Now()
        )
        _make(row)
    return True


def forget_expired() -> int:
    """Delete the exports that have expired, and failed ones of the same age. Return their
    number."""
    with as_owner():
        old = TenantExport.objects.filter(updated_at__lt=Now() - KEPT).exclude(state__in=ACTIVE)
        return old.delete()[0]


def _make(row: TenantExport) -> None:
    user = User.objects.filter(pk=row.user_id).first()
    if user is None:
        _failed(row, "The tenant has no user any more.")
        return
    with _folder() as folder:
        path = folder / "tenant.zip"
        try:
            transfer = archive.export(user, path)
        except OSError as error:
            _failed(row, f"The file could not be written: {error.strerror or error}.")
            return
        if path.stat().st_size > MOST_BYTES:
            _failed(row, TOO_LARGE)
            return
        with path.open("rb") as file:
            _keep(row, file, sum(transfer.rows.values()))


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield an empty folder for the file that is being made. It is deleted afterwards."""
    folder = Path(settings.STATE_DIR) / "exports"
    _delete_leftovers()
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        _delete_leftovers()


def _delete_leftovers() -> None:
    """Delete what a worker that died had written."""
    shutil.rmtree(Path(settings.STATE_DIR) / "exports", ignore_errors=True)


def _keep(row: TenantExport, file: BinaryIO, rows: int) -> None:
    """Store the file of the export in pieces, wholly or not at all, and mark the export as done.
    `rows` is the number of rows in the file."""
    digest, size = hashlib.sha256(), 0
    with transaction.atomic(using=archive.ROLE):
        number = 0
        while data := file.read(PIECE_BYTES):
            digest.update(data)
            size += len(data)
            TenantExportPiece(user_id=row.user_id, export_id=row.pk, number=number, data=data).save(
                force_insert=True
            )
            number += 1
        TenantExport.objects.filter(pk=row.pk).update(
            state=ExportState.DONE, size=size, rows=rows, sha256=digest.hexdigest(),
            updated_at=Now(), expires_at=Now() + KEPT,
        )  # fmt: skip


def _failed(row: TenantExport, why: str) -> None:
    TenantExport.objects.filter(pk=row.pk).update(
        state=ExportState.FAILED, error=why, updated_at=Now()
    )


def _current(user_id: UUID) -> QuerySet[TenantExport]:
    return TenantExport.objects.filter(user_id=user_id).exclude(expires_at__lt=Now())
