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
from django.db.models import F, Q, QuerySet
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
LEASE = timedelta(minutes=10)  # until an export is made again whose worker has not ended it
ACTIVE = (ExportState.WAITING, ExportState.RUNNING)
TOO_LARGE = (
    f"The file is larger than {MOST_BYTES / 1e9:g} GB. Ask the person who runs finley for "
    "`manage.py tenant export`."
)
GIVEN_UP = "The worker ended three times while it made this export. Look at its log and memory."


def begin(user_id: UUID, by: str) -> TenantExport:
    """Accept an export of the tenant's data, requested by the person with this e-mail address.

    Raises TooMany if one is being made, or if MOST_A_DAY were requested in the last 24 hours,
    deleted ones too.
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
    """Delete the file of the export, which is not listed any more. Raises NotFound, and
    QuestionError while it is being made.

    The row stays until it expires, so that `begin` counts it.
    """
    row = get(user_id, export_id)
    with tenant_transaction(user_id):
        ended = TenantExport.objects.filter(user_id=user_id, pk=row.pk).exclude(state__in=ACTIVE)
        if not ended.update(expires_at=Now()):
            raise QuestionError("This export is being made. Wait for it.", "state")
        TenantExportPiece.objects.filter(user_id=user_id, export_id=row.pk).delete()


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

    An export whose worker died is made again after LEASE, TRIES times at most.
    """
    with as_owner():
        row = _claimed()
        if row is None:
            if not TenantExport.objects.filter(state=ExportState.RUNNING).exists():
                shutil.rmtree(_place(), ignore_errors=True)  # what dead workers had written
            return False
        if row.tries > TRIES:
            _failed(row, GIVEN_UP)
        else:
            _make(row)
    return True


def _claimed() -> TenantExport | None:
    """The oldest export that waits or whose lease has run out, now leased to this worker. Its
    number of tries tells this worker's claim from later ones."""
    with transaction.atomic(using=archive.ROLE):
        is_dead = Q(state=ExportState.RUNNING, updated_at__lt=Now() - LEASE)
        free = TenantExport.objects.filter(Q(state=ExportState.WAITING) | is_dead)
        row = free.select_for_update(skip_locked=True).order_by("created_at").first()
        if row is None:
            return None
        TenantExport.objects.filter(pk=row.pk).update(
            state=ExportState.RUNNING, tries=F("tries") + 1, updated_at=Now()
        )
        row.refresh_from_db()
    return row


def _claim(row: TenantExport) -> QuerySet[TenantExport]:
    """The export, if it still is this worker's."""
    return TenantExport.objects.filter(pk=row.pk, state=ExportState.RUNNING, tries=row.tries)


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
    with _folder(row) as folder:
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
def _folder(row: TenantExport) -> Iterator[Path]:
    """Yield an empty folder for the file that is being made. It is deleted afterwards."""
    _place().mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = _place() / f"{row.pk}-{row.tries}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _place() -> Path:
    """The folder of all files that are being made."""
    return Path(settings.STATE_DIR) / "exports"


def _keep(row: TenantExport, file: BinaryIO, rows: int) -> None:
    """Store the file of the export in pieces, wholly or not at all, and mark the export as done.
    `rows` is the number of rows in the file. Stores nothing if the export is another worker's by
    now, or was erased."""
    digest, size = hashlib.sha256(), 0
    with transaction.atomic(using=archive.ROLE):
        if not _claim(row).select_for_update():
            log.warning("export %s was erased or is another worker's now", row.pk)
            return
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
    _claim(row).update(state=ExportState.FAILED, error=why, updated_at=Now())


def _current(user_id: UUID) -> QuerySet[TenantExport]:
    return TenantExport.objects.filter(user_id=user_id).exclude(expires_at__lt=Now())
