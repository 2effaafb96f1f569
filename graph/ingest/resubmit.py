"""Reads the corrected rows of a rejects file as rows of the ledger file that they come from."""

import csv
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import UUID

from graph.errors import LedgerError
from graph.ingest.csv_dialect import layout
from graph.ingest.file_parts import Format, parts_of
from graph.ingest.import_file import Imported, file_name, of_account, store_parts
from graph.ingest.ledger_rows import TEXT_LIMIT, LedgerRow, Reject
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.readers.parts import Hints, Part
from graph.ingest.rejects_file import COLUMNS, as_stated, default_path
from graph.ingest.row_keys import external_id
from graph.ingest.store.file_lines import lines_of


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row of a rejects file: its line, the reason, and its text (corrected or not)."""

    line: int
    field: str
    reason: str
    text: str


def rejected(path: Path) -> list[Rejected]:
    """Return the rows of a rejects file. Raises LedgerError if it is not one."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise LedgerError(f"{path.name} is no rejects file: it has no {', '.join(COLUMNS)}")
            return [_row(path, number, row) for number, row in enumerate(reader, 2)]
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror or error}") from error


def _row(path: Path, number: int, row: dict[str, str]) -> Rejected:
    if None in row:  # the csv module's key for surplus cells
        raise LedgerError(
            f"{path.name}, row {number}: surplus cells; put quotes round a text with commas"
        )
    line = row["line"]
    if not line or not line.isdigit():
        raise LedgerError(f"{path.name}, row {number}: line must be a number, not {line!r}")
    field, reason, text = (as_stated(row[name] or "") for name in ("field", "reason", "text"))
    return Rejected(int(line), field, reason, text)


def resubmit(
    user_id: UUID,
    rejects: Path,
    ledger: Path,
    by: Format,
    hints: Hints | None = None,
    *,
    upload: str = "",
) -> Imported:
    """Store the corrected rows of a rejects file, as rows of the file `ledger`.

    They are read like the ledger's own rows, under its name and with their lines. Rows that are
    still rejected replace the rejects file. If it raises LedgerError, nothing is stored.
    """
    rows = rejected(rejects)
    _must_be_whole(rejects, rows)
    if not isinstance(by, Mapping):
        raise LedgerError(f"{ledger.name} is no CSV: correct the file itself and import it again")
    if rejects.name != default_path(rejects.parent, ledger).name:
        raise LedgerError(f"{rejects.name} does not hold the rejected rows of {ledger.name}")
    with tempfile.TemporaryDirectory(prefix="finley-") as folder:
        mended = Path(folder) / ledger.name.removesuffix(".gz").removesuffix(".zst")
        reading = _written(mended, ledger, by, rows)
        parts = [
            _numbered(user_id, file_name(ledger), of_account(user_id, part, hints or Hints()), rows)
            for part in parts_of(mended, reading)
        ]
        return store_parts(user_id, ledger, parts, rejects.parent, upload=upload)


def _must_be_whole(rejects: Path, rows: list[Rejected]) -> None:
    for row in rows:
        if len(row.text) >= TEXT_LIMIT:
            raise LedgerError(
                f"{rejects.name}: the text of line {row.line} is cut off at {TEXT_LIMIT} "
                "characters; correct that line in the file itself and import that"
            )


def _written(mended: Path, ledger: Path, by: Mapping, rows: list[Rejected]) -> Mapping:
    """Write the ledger's header and the rows to a CSV, and return the mapping that reads it."""
    shape = layout(ledger, by.file)
    with mended.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=shape.delimiter).writerow(shape.header)
        file.writelines(f"{row.text}\n" for row in rows)
    rule = replace(by.file, encoding="utf-8", delimiter=shape.delimiter, header_line=1)
    return replace(by, file=rule)


def _numbered(user_id: UUID, file: str, part: Part, rejects: list[Rejected]) -> Part:
    """Return the part, whose rows have the lines that they have in the ledger file.

    The corrected rows are in the order of `rejects`. Raises LedgerError if a row has become several
    or none.
    """
    rows = list(part.read())
    if len(rows) != len(rejects):
        raise LedgerError(
            f"the {len(rejects)} rejected rows are {len(rows)} rows now: a row must stay one row"
        )
    rows = [replace(row, line=old.line) for row, old in zip(rows, rejects, strict=True)]
    lines = _Lines(user_id, part.source, file, rows)
    is_unique = part.mapping is not None and part.mapping.key.unique
    numbered = [
        row if isinstance(row, Reject) else lines.apart(row, old.text, is_unique)
        for row, old in zip(rows, rejects, strict=True)
    ]
    part.read, part.is_rest = lambda: iter(numbered), True
    return part


class _Lines:
    """Knows on which line of the ledger file each row stands: of the stored rows, and of those
    that were just corrected."""

    def __init__(
        self, user_id: UUID, source: str, file: str, rows: list[LedgerRow | Reject]
    ) -> None:
        self._find = partial(lines_of, user_id, source, file)
        ids = {external_id(row) for row in rows if isinstance(row, LedgerRow)}
        self._by_key, self._ids = self._find(ids), ids

    def apart(self, row: LedgerRow, text: str, is_unique: bool) -> LedgerRow | Reject:
        """Return the row with an ordinal that no row on another line has, as if the whole file was
        read.

        If keys must be unique, and another line's row has the key, a Reject is returned instead.
        """
        while (line := self._line(row)) not in {None, row.line}:
            if is_unique:
                return Reject(row.line, None, f"its key stands already on line {line}", text)
            row = replace(row, ordinal=row.ordinal + 1)
        self._by_key[external_id(row), row.publication] = row.line
        return row

    def _line(self, row: LedgerRow) -> int | None:
        if (key := external_id(row)) not in self._ids:
            self._ids.add(key)
            self._by_key = self._find([key]) | self._by_key
        return self._by_key.get((key, row.publication))
