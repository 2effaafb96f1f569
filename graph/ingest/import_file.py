"""A ledger file into a tenant's graph: what format it is, its rows, where the rejects go."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from graph.database.tenancy import tenant_transaction
from graph.errors import LedgerError
from graph.ingest.csv_dialect import Progress
from graph.ingest.file_parts import NO_HINTS, Format, format_of, labelled, parts_of
from graph.ingest.readers.parts import Hints, Part
from graph.ingest.rejects import RejectsFile, default_path
from graph.ingest.store_rows import Books, Stored, store

__all__ = ["Imported", "format_of", "import_file", "is_ledger", "summed"]

_LEDGER = re.compile(r".*\S\.(?:csv|tsv)(?:\.(?:gz|zst))?\s*", re.IGNORECASE | re.DOTALL)


def is_ledger(name: str) -> bool:
    """Whether a file of this name may be a ledger: .csv or .tsv, as it is or as .gz or .zst."""
    return _LEDGER.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file.

    `rejects` is the file of rejected rows, if there are any; `warnings` are for a person.
    """

    file: str
    format: str
    counts: Stored
    rejects: Path | None
    warnings: tuple[str, ...] = ()


def import_file(
    user_id: UUID,
    path: Path,
    by: Format,
    rejects_folder: Path,
    progress: Progress | None = None,
    *,
    hints: Hints = NO_HINTS,
) -> Imported:
    """Import all of the file or, when it fails, nothing of it.

    Raises LedgerError, also where a part has doubts that `hints` do not settle.
    """
    parts = parts_of(path, by, progress, hints)
    if doubts := [doubt for part in parts for doubt in part.doubts]:
        raise LedgerError(f"{path.name} is not imported: {'; '.join(doubts)}")
    rejects = RejectsFile(default_path(rejects_folder, path))
    file = _name(path)
    try:
        with rejects, _together(user_id, parts):
            counts = summed([_stored(user_id, file, part, rejects) for part in parts])
    except OSError as error:  # the ledger's own are LedgerErrors
        reason = error.strerror or error
        raise LedgerError(f"{rejects.path} cannot be written: {reason}") from error
    warnings = tuple(warning for part in parts for warning in part.warnings)
    names = ", ".join(dict.fromkeys(part.name for part in parts))
    return Imported(file, names, counts, rejects.path if rejects.count else None, warnings)


def _name(path: Path) -> str:
    return os.fsencode(path.name).decode(errors="backslashreplace")


@contextmanager
def _together(user_id: UUID, parts: list[Part]) -> Iterator[None]:
    """One transaction for all parts of a file; one part has its own."""
    with tenant_transaction(user_id) if len(parts) > 1 else nullcontext():
        yield


def _stored(user_id: UUID, file: str, part: Part, rejects: RejectsFile) -> Stored:
    name = f"{file} [{part.label}]" if part.label else file
    books = Books(user_id, part.source, part.platform, name, part.publication)
    return store(books, labelled(part), rejects)


def summed(counts: list[Stored]) -> Stored:
    """The counts of several files or parts."""
    total = Stored()
    for each in counts:
        for name, value in asdict(each).items():
            setattr(total, name, getattr(total, name) + value)
    return total
