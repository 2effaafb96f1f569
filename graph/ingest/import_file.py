"""A ledger file into a tenant's graph: what format it is, its rows, where the rejects go."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from graph.errors import LedgerError
from graph.ingest import guess_mapping, mapping
from graph.ingest.csv_dialect import Progress, header
from graph.ingest.mapping import Mapping
from graph.ingest.rejects import RejectsFile, default_path
from graph.ingest.rows_from_file import read
from graph.ingest.store_rows import Books, Stored, store

_LEDGER = re.compile(r".*\S\.(?:csv|tsv)(?:\.(?:gz|zst))?\s*", re.IGNORECASE | re.DOTALL)


def is_ledger(name: str) -> bool:
    """Whether a file of this name may be a ledger: .csv or .tsv, as it is or as .gz or .zst."""
    return _LEDGER.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file. `rejects` is the file of rejected rows, if there are any."""

    file: str
    format: str
    counts: Stored
    rejects: Path | None


def format_of(path: Path) -> Mapping:
    """The ready format whose columns are in the file's header, or else a guess.

    Raises LedgerError where the file cannot be read or nothing sensible can be guessed.
    """
    return mapping.recognise(header(path)) or guess_mapping.guess(path)


def import_file(
    user_id: UUID,
    path: Path,
    by: Mapping,
    rejects_folder: Path,
    progress: Progress | None = None,
) -> Imported:
    """Import all of the file or, when it fails, nothing of it. Raises LedgerError."""
    file = os.fsencode(path.name).decode(errors="backslashreplace")
    books = Books(user_id, by.source, by.platform, file, by.publication)
    rejects = RejectsFile(default_path(rejects_folder, path))
    try:
        with rejects:
            counts = store(books, read(path, by, progress), rejects)
    except OSError as error:  # the ledger's own are LedgerErrors
        reason = error.strerror or error
        raise LedgerError(f"{rejects.path} cannot be written: {reason}") from error
    return Imported(file, by.name, counts, rejects.path if rejects.count else None)
