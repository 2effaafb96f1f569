"""The rejects file: rows that could not be read, as CSV, for a person to correct."""

import csv
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from graph.ingest.ledger_rows import Reject

COLUMNS = ("line", "field", "reason", "text")


def default_path(folder: Path, ledger: Path) -> Path:
    """Return the path of the rejects file: `<ledger file name>.rejects.csv` in `folder`."""
    return folder / f"{ledger.name}.rejects.csv"


_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_cells(line: int, field: str, reason: str, text: str) -> tuple[int | str, ...]:
    """Return the cells of a rejects file's row. The text is protected by an apostrophe, which
    `as_stated` removes, if a spreadsheet would run it."""
    return (line, *map(_no_formula, (field, reason, text)))


def _no_formula(text: str) -> str:
    """Return the text, with an apostrophe before it if a spreadsheet would run it as a formula
    (OWASP)."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


def as_stated(text: str) -> str:
    """Return the text of a cell without the apostrophe that protected it."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULAS) else text


class RejectsFile:
    """Writes a rejects file. It is a context manager; call it with each Reject.

    The file appears at the end, complete, or not at all. It does not appear if nothing was rejected
    or if the block failed. If nothing was rejected, an older file with that path is removed,
    because it is obsolete.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._file: IO[str] | None = None
        self._writer: Any = None

    def __call__(self, reject: Reject) -> None:
        if self._file is None:
            self._open()
        self.count += 1
        cells = as_cells(reject.line, reject.field or "", reject.reason, reject.text)
        self._writer.writerow(cells)

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._part.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._file is not None:
                self._file.close()
            if kind is None:
                self._publish()
        finally:
            with suppress(FileNotFoundError):
                self._part.unlink()

    def _publish(self) -> None:
        if self._file is not None:
            self._part.replace(self.path)
        else:
            self.path.unlink(missing_ok=True)
