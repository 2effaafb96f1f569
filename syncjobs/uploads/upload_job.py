"""Previews or imports an upload's file, in one transaction with the upload's state.

The upload's row stays locked meanwhile. The rows of the books and the upload's outcome are
committed together. If the process ends early, nothing is stored.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from hashlib import blake2b, file_digest
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from graph.database.tenancy import tenant_transaction
from graph.errors import GraphError
from graph.ingest import decode
from graph.ingest.csv_dialect import header
from graph.ingest.file_parts import Format, format_of, parts_of
from graph.ingest.guessing.as_toml import as_toml
from graph.ingest.import_file import Imported, of_account, store_parts, with_known
from graph.ingest.ledger_rows import LedgerRow, Reject
from graph.ingest.mappings import saved_mappings
from graph.ingest.readers.parts import Hints, Part
from graph.ingest.store.already_imported import OtherAccountError
from graph.ingest.store.take_back import upload_key
from syncjobs.models import Upload, UploadPiece
from syncjobs.models.choices import UploadState
from syncjobs.uploads import take_back_upload
from syncjobs.uploads.enqueue_uploads import ACTIVE, TRIES
from syncjobs.uploads.preview_rows import shown_row, sums_by_direction
from syncjobs.uploads.rejected_rows import reading_of, text_of
from syncjobs.uploads.upload_options import hints_of

SHOWN = 15  # rows of each part that are shown
LOOKED_AT = 2_000  # rows of each part that are read for the preview
CHANGED = (
    "Your books have changed since these rows were shown, and the file would be read otherwise "
    "now. Nothing is imported yet: look at the rows again, and decide below what is wrong."
)
MOST_UNPACKED = 2_000_000_000  # bytes
Preview = dict[str, Any]


def run(user_id: UUID, upload_id: UUID) -> None:
    """Preview or import the upload, as its state requires. Does nothing if another process has
    locked its row."""
    with tenant_transaction(user_id):
        mine = Upload.objects.filter(user_id=user_id, pk=upload_id, state__in=ACTIVE)
        mine.filter(tries__lt=TRIES).update(tries=F("tries") + 1)
    with tenant_transaction(user_id):
        locked = Upload.objects.select_for_update(skip_locked=True)
        upload = locked.filter(user_id=user_id, pk=upload_id, state__in=ACTIVE).first()
        if upload is not None and upload.state == UploadState.TAKING_BACK:
            take_back_upload.finish(upload)
        elif upload is not None:
            _advance(upload)


def _advance(upload: Upload) -> None:
    with _file(upload) as path, decode.at_most(MOST_UNPACKED):
        hints = with_known(upload.user_id, hints_of(upload.choices))  # as the import does
        if upload.state == UploadState.READING:
            _show(upload, path, hints)
        else:
            _import(upload, path, hints)
    upload.updated_at = Now()
    upload.save()


@contextmanager
def _file(upload: Upload) -> Iterator[Path]:
    """Write the pieces into a temporary file and yield its path."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / upload.name
        pieces = UploadPiece.objects.filter(user_id=upload.user_id, upload=upload)
        with path.open("wb") as file:
            for data in pieces.order_by("number").values_list("data", flat=True).iterator(8):
                file.write(data)
        yield path


def _show(upload: Upload, path: Path, hints: Hints) -> None:
    digest = _digest(path)
    try:
        upload.preview = {**preview(upload.user_id, path, hints), "digest": digest}
        upload.state, upload.error = UploadState.READY, ""
    except GraphError as error:
        upload.preview = {"parts": [], "columns": _columns(path), "digest": digest}
        upload.state, upload.error = UploadState.REFUSED, str(error)


def _digest(path: Path) -> str:
    """A digest of the file's content, by which the same file is known when it is sent again."""
    with path.open("rb") as file:
        return file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()


def preview(user_id: UUID, path: Path, hints: Hints) -> Preview:
    """The preview of a file: {"parts": one preview per part, with its first rows as they would be
    stored, "columns": the titles of a table}. Raises LedgerError."""
    parts = parts_of(path, format_of(path, hints), hints=hints)
    shown = [_part(part, of_account(user_id, part, hints)) for part in parts]
    return {"parts": shown, "columns": _columns(path)}


def _part(part: Part, stored: Part) -> Preview:
    """The preview of one part. Its rows are those of `stored`: the same part, under the name by
    which its account is known."""
    some = list(islice(stored.read(), LOOKED_AT))
    rows = [row for row in some if isinstance(row, LedgerRow)]
    rejects = [row for row in some if isinstance(row, Reject)]
    return {
        "name": part.name,
        "title": part.title,
        "label": part.label,
        "reading": _reading(part),
        "evidence": list(part.evidence),
        "doubts": [doubt.as_dict() for doubt in part.doubts],
        "question": _question(part),
        "warnings": list(dict.fromkeys([*part.warnings, *stored.warnings])),
        "rows": [shown_row(row) for row in rows[:SHOWN]],
        "sums": sums_by_direction(rows),
        "rejects": [asdict(reject) for reject in rejects[:SHOWN]],
        "looked_at": len(some),
        "rejected": len(rejects),
        "all": len(some) < LOOKED_AT,
    }


def _reading(part: Part) -> str:
    """A digest of the mapping by which the part's rows are read, to notice when it changes; "" for
    a statement."""
    if part.mapping is None:
        return ""
    bare = replace(part.mapping, title="", evidence=(), notes=(), doubts=())
    return blake2b(as_toml(bare).encode(), digest_size=16).hexdigest()


def _is_as_shown(upload: Upload, parts: list[Part]) -> bool:
    """Return whether the parts are read by the same mappings as in the preview.

    They may differ because imports since then added currencies or saved mappings.
    """
    shown = [part.get("reading", "") for part in (upload.preview or {}).get("parts", [])]
    return not any(shown) or shown == [_reading(part) for part in parts]


def _question(part: Part) -> str:
    """The possible readings of the part side by side, as text, if a person has to decide between
    them; else ""."""
    blocked = any(doubt.blocking for doubt in part.doubts)
    return part.question() if blocked and part.question else ""


def _columns(path: Path) -> list[str]:
    """The titles of a table; [] if the file is not a text table."""
    with suppress(GraphError):
        return list(header(path))
    return []


def _import(upload: Upload, path: Path, hints: Hints) -> None:
    try:
        by = format_of(path, hints)
        parts = parts_of(path, by, hints=hints)
        if not _is_as_shown(upload, parts):
            _show(upload, path, hints)
            upload.error = upload.error or CHANGED
            return
        of_accounts = [of_account(upload.user_id, part, hints) for part in parts]
        rejects = path.parent / "rejects"
        imported = store_parts(
            upload.user_id, path, of_accounts, rejects, upload=upload_key(upload.pk)
        )
    except OtherAccountError as error:  # a person decides, with the preview
        upload.state = UploadState.REFUSED
        upload.error = f"{error.question} Decide below."
        return
    except GraphError as error:
        upload.state, upload.error = UploadState.FAILED, str(error)
        return
    upload.outcome = _outcome(imported, upload_key(upload.pk))
    upload.rejects = text_of(imported.rejects)
    upload.reading = reading_of(path, by) if upload.rejects else None
    upload.state, upload.error = UploadState.DONE, ""
    if upload.save_mapping and not _saved(upload.user_id, path, by, hints):
        upload.outcome["warnings"].append(saved_mappings.NOT_SAVED)
    UploadPiece.objects.filter(user_id=upload.user_id, upload=upload).delete()


def _saved(user_id: UUID, path: Path, by: Format, hints: Hints) -> bool:
    """Save the mappings of the file or of its tables. Return whether all of them were saved."""
    tables = [(part.table or path, part) for part in parts_of(path, by, hints=hints)]
    kept = [saved_mappings.save(user_id, at, part.mapping) for at, part in tables if part.mapping]
    return all(kept)


def _outcome(imported: Imported, key: str) -> dict[str, Any]:
    """The result of the import for the upload's row: the format, the counts of rows, the warnings,
    and the parts with the upload's key."""
    account_doubts = [doubt.text for doubt in imported.doubts if doubt.topic == "account"]
    warnings = [*imported.warnings, *account_doubts]
    parts = [{"source": source, "file": file, "upload": key} for source, file in imported.parts]
    return {
        "format": imported.format,
        "warnings": warnings,
        "parts": parts,
        **asdict(imported.counts),
    }
