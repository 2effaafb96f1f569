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
from graph.ingest import guess_mapping, mapping
from graph.ingest.csv_dialect import Progress, header
from graph.ingest.mapping import Mapping
from graph.ingest.readers import registry
from graph.ingest.readers.parts import FileFormat, Hints, Part, Rows
from graph.ingest.rejects import RejectsFile, default_path
from graph.ingest.rows import Reject
from graph.ingest.rows_from_file import read
from graph.ingest.store_rows import Books, Stored, store

_LEDGER = re.compile(r".*\S\.(?:csv|tsv)(?:\.(?:gz|zst))?\s*", re.IGNORECASE | re.DOTALL)
NO_HINTS = Hints()


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


def format_of(path: Path) -> Mapping | FileFormat:
    """The file's format by its content; for a CSV the ready mapping of its header, or a guess.

    Raises LedgerError where the file cannot be read or nothing sensible can be guessed.
    """
    return registry.recognise(path) or mapping.recognise(header(path)) or guess_mapping.guess(path)


def parts_of(
    path: Path, by: Mapping | FileFormat, progress: Progress | None = None, hints: Hints = NO_HINTS
) -> list[Part]:
    """The file's parts, ready to read. Raises LedgerError for a file that is refused as a whole."""
    if isinstance(by, FileFormat):
        return by.parts(path, hints)
    if hints != NO_HINTS:
        raise LedgerError(f"{path.name} is a CSV: state its currency and dates in a mapping")
    return [
        Part(
            name=by.name,
            title=by.title,
            source=by.source,
            platform=by.platform,
            publication=by.publication,
            read=lambda: read(path, by, progress),
            evidence=tuple(guess_mapping.explain(by)),
        )
    ]


def import_file(
    user_id: UUID,
    path: Path,
    by: Mapping | FileFormat,
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
    return store(books, _labelled(part), rejects)


def _labelled(part: Part) -> Rows:
    """The part's rows; a reject says in which part of the file it stands."""
    for row in part.read():
        if part.label and isinstance(row, Reject):
            yield Reject(row.line, row.field, f"{part.label}: {row.reason}", row.text)
        else:
            yield row


def summed(counts: list[Stored]) -> Stored:
    """The counts of several files or parts."""
    total = Stored()
    for each in counts:
        for name, value in asdict(each).items():
            setattr(total, name, getattr(total, name) + value)
    return total
