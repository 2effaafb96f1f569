"""Lists the rows of an uploaded file that could not be read, and stores corrected ones."""

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
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
from graph.ingest.ledger_rows import TEXT_LIMIT
from graph.ingest.mappings import from_toml
from graph.ingest.mappings.mapping import FileRule
from graph.ingest.mappings.mapping import Mapping as FileMapping
from graph.ingest.rejects_file import COLUMNS, as_cells, default_path
from graph.ingest.resubmit import Rejected, rejected, resubmit
from graph.ingest.store.store_rows import Stored
from graph.ingest.store.take_back import upload_key
from syncjobs.models import Upload
from syncjobs.models.choices import UploadState
from syncjobs.uploads.upload_options import hints_of

MOST_ROWS = 1_000  # rows that one request may correct
MOST_CHARACTERS = 2_000_000  # characters of the stored list of rejected rows


@dataclass(frozen=True, slots=True)
class RejectedTable:
    """A file's rejected rows, with its column titles.

    A file that is not a text table has no titles, and its rows cannot be corrected here.
    """

    rows: list[Rejected]
    header: list[str]
    delimiter: str

    def cells(self, row: Rejected) -> list[str]:
        """The row's cells, at least as many as there are titles; [] if the row cannot be corrected
        here."""
        if not self.header or is_cut(row):
            return []
        lines = list(csv.reader(io.StringIO(row.text), delimiter=self.delimiter))
        cells = lines[0] if lines else []
        return cells + [""] * (len(self.header) - len(cells))


@dataclass(frozen=True, slots=True)
class Mended:
    """The result of corrections: the counts of rows that were stored, and the rows that are still
    rejected."""

    counts: Stored
    rows: list[Rejected]


def reading_of(path: Path, by: Format) -> dict[str, Any] | None:
    """How the file is read (delimiter, columns), so that corrected rows can be read in the same
    way. None if the file is not a text table."""
    if not isinstance(by, FileMapping):
        return None
    shape = layout(path, by.file)
    return {"toml": as_toml(by), "header": list(shape.header), "delimiter": shape.delimiter}


def text_of(path: Path | None) -> str:
    """The text of the rejects file without NULs, cut after a whole row if it is too long."""
    return _written(rejected(path)) if path else ""


def is_cut(row: Rejected) -> bool:
    """Return whether only the beginning of the row's text is stored, so that it cannot be
    corrected."""
    return len(row.text) >= TEXT_LIMIT


def listed(user_id: UUID, upload_id: UUID) -> RejectedTable:
    """The file's rejected rows. Raises NotFound, and QuestionError if the file was not imported."""
    with tenant_transaction(user_id):
        upload = _imported(user_id, upload_id)
    reading = upload.reading or {"header": [], "delimiter": ","}
    return RejectedTable(_rows(upload), reading["header"], reading["delimiter"])


def mend(
    user_id: UUID,
    upload_id: UUID,
    contents: Mapping[int, str | Sequence[str]],
    dropped: Collection[int] = (),
) -> Mended:
    """Store corrected rows of an imported file, and delete the rejected rows of the lines
    `dropped`.

    `contents` maps a line number to the corrected row: its text with the file's delimiter, or its
    cells. Either all changes are made or none. Raises NotFound, QuestionError.
    """
    with tenant_transaction(user_id):
        upload = _imported(user_id, upload_id, lock=True)
        listed_rows = _rows(upload)  # tables of one workbook may have equal line numbers
        rows = {row.line: row for row in listed_rows}
        if unknown := {*contents, *dropped} - set(rows):
            raise QuestionError(f"No rejected row stands on line {min(unknown)}.", "rows")
        if len(contents) > MOST_ROWS:
            raise QuestionError(f"At most {MOST_ROWS:,} rows are mended at once.", "rows")
        chosen = [
            replace(rows[line], text=_text(upload, content))
            for line, content in sorted(contents.items())
        ]
        forgotten = sum(row.line in dropped for row in listed_rows)
        counts, still = _stored(upload, chosen) if chosen else (Stored(), [])
        gone = {*contents, *dropped}
        left = sorted(
            [*still, *(row for row in listed_rows if row.line not in gone)],
            key=lambda row: row.line,
        )
        _keep(upload, counts, forgotten, left)
    return Mended(counts, left)


def _text(upload: Upload, content: str | Sequence[str]) -> str:
    if isinstance(content, str):
        return content
    line = io.StringIO()
    delimiter = (upload.reading or {}).get("delimiter", ",")
    csv.writer(line, delimiter=delimiter, lineterminator="").writerow(content)
    return line.getvalue()


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
    """Import the corrected rows. Return the counts of stored rows, and the rows that still cannot
    be read.

    Raises QuestionError if the file is not a text table, or the rows cannot be imported.
    """
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
            hints, key = hints_of(upload.choices), upload_key(upload.pk)
            done = resubmit(upload.user_id, rejects, ledger, by, hints, upload=key)
            return done.counts, rejected(done.rejects) if done.rejects else []
        except LedgerError as error:
            raise QuestionError(str(error), "rows") from error


def _keep(upload: Upload, counts: Stored, forgotten: int, left: list[Rejected]) -> None:
    """Subtract the stored rows and the `forgotten` ones from the upload's count of rejected rows,
    and save the rejected rows `left`."""
    outcome = dict(upload.outcome or {})
    outcome["rows_rejected"] = outcome.get("rows_rejected", 0) - forgotten
    for name in ("rows_stored", "rows_updated", "rows_unchanged"):
        outcome[name] = outcome.get(name, 0) + getattr(counts, name)
        outcome["rows_rejected"] -= getattr(counts, name)
    upload.outcome, upload.rejects = outcome, _written(left)
    upload.updated_at = Now()
    upload.save(update_fields=["outcome", "rejects", "updated_at"])


def _written(rows: Iterable[Rejected]) -> str:
    """The rows as text of a rejects file, at most MOST_CHARACTERS of whole rows; "" for no rows."""
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
