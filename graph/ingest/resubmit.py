"""Corrected rows of a rejects file, read as rows of the ledger file that they come from."""

import csv
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from graph.errors import LedgerError
from graph.ingest.csv_dialect import layout
from graph.ingest.file_parts import Format, parts_of
from graph.ingest.import_file import Imported, of_account, store_parts
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.readers.parts import Hints, Part
from graph.ingest.rejects import COLUMNS, as_stated, default_path
from graph.ingest.rows import TEXT_LIMIT, LedgerRow, Reject


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row of a rejects file: its line, why it was refused, and its text (corrected or not)."""

    line: int
    field: str
    reason: str
    text: str


def rejected(path: Path) -> list[Rejected]:
    """The rows of a rejects file. Raises LedgerError for a file that is none."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise LedgerError(f"{path.name} is no rejects file: it has no {', '.join(COLUMNS)}")
            return [_row(path, number, row) for number, row in enumerate(reader, 2)]
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror or error}") from error


def _row(path: Path, number: int, row: dict[str, str]) -> Rejected:
    if None in row:  # csv's key for surplus cells
        raise LedgerError(
            f"{path.name}, row {number}: surplus cells; put quotes round a text with commas"
        )
    line = row["line"]
    if not line or not line.isdigit():
        raise LedgerError(f"{path.name}, row {number}: line must be a number, not {line!r}")
    text = row["text"] or ""
    if len(text) >= TEXT_LIMIT:
        raise LedgerError(
            f"{path.name}, row {number}: the text is cut off at {TEXT_LIMIT} characters; correct "
            f"line {line} in the file itself and import that"
        )
    field, reason = as_stated(row["field"] or ""), as_stated(row["reason"] or "")
    return Rejected(int(line), field, reason, as_stated(text))


def resubmit(
    user_id: UUID, rejects: Path, ledger: Path, by: Format, hints: Hints | None = None
) -> Imported:
    """Store the rows of a rejects file, as they stand there now, as rows of `ledger`.

    They are read as the ledger's own rows are, under its name and their lines. What is still
    rejected replaces the rejects file. Raises LedgerError, and then nothing is stored.
    """
    rows = rejected(rejects)
    if not isinstance(by, Mapping):
        raise LedgerError(f"{ledger.name} is no CSV: correct the file itself and import it again")
    if rejects.name != default_path(rejects.parent, ledger).name:
        raise LedgerError(f"{rejects.name} does not hold the rejected rows of {ledger.name}")
    with tempfile.TemporaryDirectory(prefix="finley-") as folder:
        mended = Path(folder) / ledger.name.removesuffix(".gz").removesuffix(".zst")
        reading = _written(mended, ledger, by, rows)
        lines = [row.line for row in rows]
        parts = [
            _numbered(of_account(user_id, part, hints or Hints()), lines)
            for part in parts_of(mended, reading)
        ]
        return store_parts(user_id, ledger, parts, rejects.parent)


def _written(mended: Path, ledger: Path, by: Mapping, rows: list[Rejected]) -> Mapping:
    """Write the ledger's header and the rows as a CSV of their own; the mapping that reads it."""
    shape = layout(ledger, by.file)
    with mended.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=shape.delimiter).writerow(shape.header)
        file.writelines(f"{row.text}\n" for row in rows)
    rule = replace(by.file, encoding="utf-8", delimiter=shape.delimiter, header_line=1)
    return replace(by, file=rule)


def _numbered(part: Part, lines: list[int]) -> Part:
    """The part with the lines that its rows have in the ledger; corrected rows stand in order."""
    read = part.read

    def numbered() -> Iterator[LedgerRow | Reject]:
        rows = list(read())
        if len(rows) != len(lines):
            raise LedgerError(
                f"the {len(lines)} rejected rows are {len(rows)} rows now: a row must stay one row"
            )
        yield from (replace(row, line=line) for row, line in zip(rows, lines, strict=True))

    part.read = numbered
    return part
