"""Rows of an uploaded file that could not be read: listed, mended, and stored after all."""

import csv
import io
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from graph.database.tenancy import tenant_transaction
from graph.errors import LedgerError, NotFound, QuestionError
from graph.ingest.csv_dialect import layout
from graph.ingest.file_parts import Format
from graph.ingest.guessing.as_toml import as_toml
from graph.ingest.mappings import from_toml
from graph.ingest.mappings.mapping import FileRule
from graph.ingest.mappings.mapping import Mapping as FileMapping
from graph.ingest.rejects_file import COLUMNS, as_cells, default_path
from graph.ingest.resubmit import Rejected, rejected, resubmit
from graph.ingest.store.store_rows import Stored
from syncjobs.models import Upload
from syncjobs.models.choices import UploadState
from syncjobs.uploads.upload_options import hints_of

MOST_ROWS = 1_000  # mended at once
MOST_CHARACTERS = 2_000_000  # of the list that is kept


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of the mended rows, and the rows that are still rejected."""

    counts: Stored
    rows: list[Rejected]


def reading_of(path: Path, by: Format) -> dict[str, Any] | None:
    """What reading rows of this file again takes; None for a file that is no table of text."""
    if not isinstance(by, FileMapping):
        return None
    shape = layout(path, by.file)
    return {"toml": as_toml(by), "header": list(shape.header), "delimiter": shape.delimiter}


def text_of(path: Path | None) -> str:
    """The rejects file's content: as many whole rows as are kept, without NULs."""
    return _written(rejected(path)) if path else ""


def listed(user_id: UUID, upload_id: UUID) -> list[Rejected]:
    """The file's rejected rows. Raises NotFound, QuestionError where it is not imported."""
    with tenant_transaction(user_id):
        return _rows(_imported(user_id, upload_id))


def mend(
    user_id: UUID, upload_id: UUID, texts: Mapping[int, str], dropped: Collection[int] = ()
) -> Mended:
    """Store the rows under these lines with these texts, and forget the `dropped` lines.

    All of it or nothing. Raises NotFound, QuestionError.
    """
    with tenant_transaction(user_id):
        upload = _imported(user_id, upload_id, lock=True)
        listed_rows = _rows(upload)  # tables of one workbook have the same lines
        rows = {row.line: row for row in listed_rows}
        if unknown := {*texts, *dropped} - set(rows):
            raise QuestionError(f"No rejected row stands on line {min(unknown)}.", "rows")
        if len(texts) > MOST_ROWS:
            raise QuestionError(f"At most {MOST_ROWS:,} rows are mended at once.", "rows")
        chosen = [replace(rows[line], text=text) for line, text in sorted(texts.items())]
        counts, still = _stored(upload, chosen) if chosen else (Stored(), [])
        gone = {*texts, *dropped}
        left = sorted(
            [*still, *(row for row in listed_rows if row.line not in gone)],
            key=lambda row: row.line,
        )
        _keep(upload, counts, left)
    return Mended(counts, left)


def _imported(user_id: UUID, upload_id: UUID, *, lock: bool = False) -> Upload:
    uploads = Upload.objects.select_for_update() if lock else Upload.objects.all()
    upload = uploads.filter(user_id=user_id, pk=upload_id).first()
    if upload is None:
        raise NotFound("There is no such file.", "id")
    if upload.state != UploadState.DONE:
        raise QuestionError(f"{upload.name} is {upload.get_state_display()}.", "state")
    return upload


def _rows(upload: Upload) -> list[Rejected]:
    if not upload.rejects:
        return []
    with TemporaryDirectory(prefix="finley-") as folder:
        path = Path(folder) / "rejects.csv"
        path.write_text(upload.rejects, encoding="utf-8", newline="")
        return rejected(path)


def _stored(upload: Upload, rows: list[Rejected]) -> tuple[Stored, list[Rejected]]:
    """The counts, and the rows that cannot be read as they are now."""
    if upload.reading is None:
        raise QuestionError(
            f"{upload.name} is no table of text: mend the file itself and send it again.", "rows"
        )
    by = from_toml.loads(upload.name, upload.reading["toml"])
    delimiter = upload.reading["delimiter"]
    by = replace(by, file=FileRule("utf-8", delimiter, by.file.skip_blank))
    with TemporaryDirectory(prefix="finley-") as folder:
        ledger = Path(folder) / upload.name
        with ledger.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=delimiter).writerow(upload.reading["header"])
        rejects = default_path(Path(folder), ledger)
        rejects.write_text(_written(rows), encoding="utf-8", newline="")
        try:
            done = resubmit(upload.user_id, rejects, ledger, by, hints_of(upload.choices))
            return done.counts, rejected(done.rejects) if done.rejects else []
        except LedgerError as error:
            raise QuestionError(str(error), "rows") from error


def _keep(upload: Upload, counts: Stored, left: list[Rejected]) -> None:
    """The file's own sums go on: a row that is stored now is rejected no longer."""
    outcome = dict(upload.outcome or {})
    for name in ("rows_stored", "rows_updated", "rows_unchanged"):
        outcome[name] = outcome.get(name, 0) + getattr(counts, name)
        outcome["rows_rejected"] = outcome.get("rows_rejected", 0) - getattr(counts, name)
    upload.outcome, upload.rejects = outcome, _written(left)
    upload.updated_at = Now()
    upload.save(update_fields=["outcome", "rejects", "updated_at"])


def _written(rows: Iterable[Rejected]) -> str:
    """As a rejects file, "" for no rows; at most MOST_CHARACTERS of whole rows."""
    kept: list[str] = []
    size = 0
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow(as_cells(row.line, row.field, row.reason, row.text))
        text = line.getvalue().replace("\0", "\\x00")
        size += len(text)
        if size > MOST_CHARACTERS:
            break
        kept.append(text)
    return ",".join(COLUMNS) + "\r\n" + "".join(kept) if kept else ""
