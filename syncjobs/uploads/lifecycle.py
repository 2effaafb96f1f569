"""The steps of an upload that a person takes: send it, preview it, decide how to read it, confirm
it."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import PurePosixPath
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from graph.database.tenancy import tenant_transaction
from graph.errors import NotFound, QuestionError, TooMany
from syncjobs.models import Upload, UploadPiece
from syncjobs.models.choices import UploadState
from syncjobs.models.uploads import MOST_BYTES, PIECE_BYTES
from syncjobs.uploads import enqueue_uploads
from syncjobs.uploads.upload_options import must_be_choices

MOST_OPEN = 20  # uploads of a tenant that are not imported and whose pieces are kept
KEPT = timedelta(days=7)
NAME_BYTES = 200  # a file system allows 255 bytes, and files beside it have longer names
ENDING_BYTES = 20
ENDED = (UploadState.DONE, UploadState.TAKING_BACK, UploadState.TAKEN_BACK)
OPEN = tuple(state for state in UploadState if state not in ENDED)
ABANDONED = tuple(state for state in OPEN if state != UploadState.IMPORTING)
ACTIVE = (UploadState.READING, UploadState.IMPORTING, UploadState.TAKING_BACK)
DECIDABLE = (UploadState.READY, UploadState.REFUSED)


def begin(user_id: UUID, name: str, size: int, by: str) -> Upload:
    """Begin an upload of a file of `size` bytes and return it. Of `name`, only the part after the
    last slash counts; `by` names the person.

    Uploads that were not imported and did not change for a week are deleted. Raises QuestionError,
    and TooMany if too many uploads are open.
    """
    name = file_name(name)
    if size <= 0:
        raise QuestionError(f"{name} is empty.", "size")
    if size > MOST_BYTES:
        raise QuestionError(
            f"{name} has {size / 1e6:,.0f} MB; {MOST_BYTES / 1e6:,.0f} MB is the most: split it, "
            "or compress it with gzip.",
            "size",
        )
    with tenant_transaction(user_id):
        mine = Upload.objects.filter(user_id=user_id)
        mine.filter(updated_at__lt=Now() - KEPT, state__in=ABANDONED).delete()
        if mine.filter(state__in=OPEN).count() >= MOST_OPEN:
            raise TooMany(f"{MOST_OPEN} files are open: confirm or discard some first.", after=60)
        upload = Upload(user_id=user_id, name=name, size=size, uploaded_by=by)
        upload.save(force_insert=True)
        upload.refresh_from_db()
    return upload


def file_name(path: str) -> str:
    """The last part of the path, cut to NAME_BYTES of UTF-8 but with its ending. Raises
    QuestionError."""
    name = path.replace("\\", "/").rpartition("/")[2].replace("\0", "").strip()
    name = name.encode(errors="replace").decode()
    if name in {"", ".", ".."}:
        raise QuestionError("The file has no name.", "name")
    if len(name.encode()) <= NAME_BYTES:
        return name
    parsed = PurePosixPath(name)
    endings = ("".join(parsed.suffixes[-2:]), parsed.suffix, "")
    ending = next(text for text in endings if len(text.encode()) <= ENDING_BYTES)
    stem = name.removesuffix(ending).encode()
    return stem[: NAME_BYTES - len(ending.encode())].decode(errors="ignore") + ending


def piece(user_id: UUID, upload_id: UUID, number: int, data: bytes) -> None:
    """Store the piece `number` of the file. A piece that is sent again replaces the old one; once
    all pieces were there, it changes nothing.

    Raises NotFound, and QuestionError for a wrong number or length.
    """
    with tenant_transaction(user_id):
        upload = one(user_id, upload_id, *UploadState.values)
        if not 0 <= number < upload.pieces:
            raise QuestionError(f"The file has the pieces 0 to {upload.pieces - 1}.", "number")
        expected = min(PIECE_BYTES, upload.size - number * PIECE_BYTES)
        if len(data) != expected:
            raise QuestionError(
                f"Piece {number} has {expected:,} bytes, not {len(data):,}.", "data"
            )
        if upload.state != UploadState.RECEIVING:
            return
        UploadPiece.objects.bulk_create(
            [UploadPiece(user_id=user_id, upload_id=upload_id, number=number, data=data)],
            update_conflicts=True,
            unique_fields=["user_id", "upload", "number"],
            update_fields=["data"],
        )


def received(user_id: UUID, upload_id: UUID) -> list[int]:
    """Return the numbers of the pieces that are missing. If none is missing, let a worker read the
    file; this happens once. Raises NotFound."""
    with tenant_transaction(user_id):
        upload = one(user_id, upload_id, *UploadState.values)
        if upload.state != UploadState.RECEIVING:
            return []
        to_come = _to_come(upload)
        if not to_come:
            hand_over(upload, UploadState.READING)
    return to_come


def missing(upload: Upload) -> list[int]:
    """The numbers of the pieces that have not arrived; [] once all have arrived."""
    if upload.state != UploadState.RECEIVING:
        return []
    with tenant_transaction(upload.user_id):
        return _to_come(upload)


def _to_come(upload: Upload) -> list[int]:
    pieces = UploadPiece.objects.filter(user_id=upload.user_id, upload_id=upload.pk)
    return sorted(set(range(upload.pieces)) - set(pieces.values_list("number", flat=True)))


def choose(user_id: UUID, upload_id: UUID, choices: Mapping[str, str]) -> None:
    """Let a worker read the file again with these decisions (upload_options). Raises NotFound,
    QuestionError."""
    must_be_choices(choices)
    with tenant_transaction(user_id):
        upload = one(user_id, upload_id, *DECIDABLE)
        upload.choices = {name: value for name, value in choices.items() if value}
        upload.preview, upload.error = None, ""
        hand_over(upload, UploadState.READING)


def confirm(user_id: UUID, upload_id: UUID, *, save_mapping: bool = False) -> None:
    """Let a worker import the file as the preview shows it. Raises NotFound, and QuestionError if a
    blocking doubt is open.

    With `save_mapping`, files with the same columns are read in the same way from now on.
    """
    with tenant_transaction(user_id):
        upload = one(user_id, upload_id, UploadState.READY)
        parts = (upload.preview or {}).get("parts", [])
        if any(doubt["blocking"] for part in parts for doubt in part["doubts"]):
            raise QuestionError(
                "The file can be read in two ways. Decide first which is right.", "doubts"
            )
        upload.save_mapping = save_mapping
        hand_over(upload, UploadState.IMPORTING)


def discard(user_id: UUID, upload_id: UUID) -> None:
    """Delete the file. What was imported from it stays, and cannot be taken back any more.

    Raises NotFound, and QuestionError while a worker reads it.
    """
    ended = set(UploadState.values) - set(ACTIVE)
    with tenant_transaction(user_id):
        one(user_id, upload_id, *ended).delete()


def listed(user_id: UUID, most: int = 50) -> list[Upload]:
    """The tenant's uploads, newest first, without their contents."""
    with tenant_transaction(user_id):
        mine = Upload.objects.filter(user_id=user_id).defer("preview", "rejects")
        return list(mine.order_by("-created_at", "id")[:most])


def get(user_id: UUID, upload_id: UUID) -> Upload:
    """The upload without its contents. Raises NotFound."""
    with tenant_transaction(user_id):
        return one(user_id, upload_id, *UploadState.values, lock=False)


def same_before(upload: Upload) -> Upload | None:
    """The newest upload of the tenant that has the same content and was imported earlier; None if
    there is none."""
    digest = (upload.preview or {}).get("digest")
    if not digest:
        return None
    with tenant_transaction(upload.user_id):
        done = Upload.objects.filter(
            user_id=upload.user_id, state=UploadState.DONE, preview__digest=digest
        )
        others = done.exclude(pk=upload.pk).filter(created_at__lt=upload.created_at)
        return others.defer("preview", "rejects").order_by("-created_at").first()


def one(user_id: UUID, upload_id: UUID, *states: str, lock: bool = True) -> Upload:
    """Read the tenant's upload. With `lock`, other transactions cannot change it until this one
    ends.

    Raises NotFound, and QuestionError if its state is not one of `states`.
    """
    uploads = Upload.objects.select_for_update() if lock else Upload.objects.all()
    upload = uploads.filter(user_id=user_id, pk=upload_id).first()
    if upload is None:
        raise NotFound("There is no such file.", "id")
    if upload.state not in states:
        raise QuestionError(f"{upload.name} is {upload.get_state_display()}.", "state")
    return upload


def hand_over(upload: Upload, state: UploadState) -> None:
    """Set the upload to `state` and let a worker process it. Its job is enqueued after the
    commit."""
    upload.state, upload.tries = state, 0
    upload.jobs, upload.updated_at = F("jobs") + 1, Now()
    upload.save()
    upload.refresh_from_db()
    transaction.on_commit(partial(enqueue_uploads.tell, [upload]))
