"""A ledger file into a tenant's graph: what format it is, its rows, where the rejects go."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from graph.errors import LedgerError
from graph.ingest import mapping
from graph.ingest.account import UNSTATED, Account, settled, states_account
from graph.ingest.csv_dialect import Progress, header
from graph.ingest.doubts import Doubt
from graph.ingest.guessing.choices import NONE, Choices
from graph.ingest.guessing.guess import guess
from graph.ingest.guessing.readings import must_be_sure
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
    """What became of one file. `rejects` is the file of rejected rows, if there are any.

    `doubts`: what the reading or the storing was not sure of.
    """

    file: str
    format: str
    counts: Stored
    rejects: Path | None
    doubts: tuple[Doubt, ...] = ()


def format_of(path: Path, choices: Choices = NONE) -> Mapping:
    """The ready format whose columns are in the file's header, or else a guess.

    `choices`: what somebody has decided about a guess.

    Raises LedgerError where the file cannot be read or nothing sensible can be guessed.
    """
    return mapping.recognise(header(path)) or guess(path, choices=choices)


def import_file(
    user_id: UUID,
    path: Path,
    by: Mapping,
    rejects_folder: Path,
    progress: Progress | None = None,
    account: Account = UNSTATED,
) -> Imported:
    """Import all of the file or, when it fails, nothing of it.

    Raises LedgerError, UnsureError among them: where a guess can go two ways nothing is imported.
    """
    must_be_sure(path, by)
    file = os.fsencode(path.name).decode(errors="backslashreplace")
    if by.key.content:
        by = settled(user_id, by, account)
    stated = account != UNSTATED or states_account(by)
    books = Books(user_id, by.source, by.platform, file, by.publication, by.key.content, stated)
    rejects = RejectsFile(default_path(rejects_folder, path))
    try:
        with rejects:
            counts = store(books, read(path, by, progress), rejects)
    except OSError as error:  # the ledger's own are LedgerErrors
        reason = error.strerror or error
        raise LedgerError(f"{rejects.path} cannot be written: {reason}") from error
    written = rejects.path if rejects.count else None
    return Imported(file, by.name, counts, written, (*by.doubts, *books.doubts))
