"""Imports a ledger file into a tenant's graph: recognises the format, stores the rows, and writes
the rejects."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import UUID

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.errors import LedgerError
from graph.ingest.csv_dialect import Progress
from graph.ingest.doubts import Doubt
from graph.ingest.file_parts import NO_HINTS, Format, format_of, labelled, parts_of
from graph.ingest.guessing.side_by_side import UnsureError
from graph.ingest.mappings import saved_mappings
from graph.ingest.mappings.file_account import Account, settled
from graph.ingest.readers.parts import Hints, Part
from graph.ingest.rejects_file import RejectsFile, default_path
from graph.ingest.store.store_rows import Books, Stored, store
from graph.ingest.store.take_back import Import

__all__ = ["Imported", "format_of", "import_file", "is_ledger", "summed"]

_ENDINGS = (
    "csv|tsv|xlsx|xlsm|xlsb|xls|ods|jsonl|ndjson|parquet|ofx|qfx|qif|sta|mt940|mt942|camt|xml"
    "|beancount|journal"
)
_LEDGER = re.compile(rf".*\S\.(?:{_ENDINGS})(?:\.(?:gz|zst))?\s*", re.IGNORECASE | re.DOTALL)


def is_ledger(name: str) -> bool:
    """Return whether a file of this name may be a ledger or an e-invoice, also packed as .gz or
    .zst.

    A PDF may contain an e-invoice, too, but only its content shows that.
    """
    return _LEDGER.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of importing one file.

    `rejects` is the file of rejected rows, or None if no row was rejected. `warnings` are for a
    person. `doubts` are those of the reading and of the storing. `parts` has the source of each
    part, and the name of the file that its rows state.
    """

    file: str
    format: str
    counts: Stored
    rejects: Path | None
    warnings: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()


def import_file(
    user_id: UUID,
    path: Path,
    by: Format,
    rejects_folder: Path,
    progress: Progress | None = None,
    *,
    hints: Hints = NO_HINTS,
) -> Imported:
    """Import the whole file, or nothing if it fails.

    Raises LedgerError, also if a part has doubts that `hints` do not settle.
    """
    known = with_known(user_id, hints)
    parts = [of_account(user_id, part, hints) for part in parts_of(path, by, progress, known)]
    return store_parts(user_id, path, parts, rejects_folder)


def store_parts(
    user_id: UUID, path: Path, parts: list[Part], rejects_folder: Path, *, upload: str = ""
) -> Imported:
    """Store the rows of a file's parts: all of them or, on an error, none. Raises LedgerError.

    `upload` is the key of the upload whose file it is (`graph.ingest.store.take_back`).
    """
    doubts = [doubt for part in parts for doubt in part.doubts]
    must_be_sure(path, parts)
    rejects = RejectsFile(default_path(rejects_folder, path))
    file = file_name(path)
    try:
        with rejects, _together(user_id, parts):
            of = Import(upload, file)
            counts = summed([_stored(user_id, of, part, rejects, doubts) for part in parts])
    except OSError as error:  # errors of the ledger's own file are LedgerErrors
        reason = error.strerror or error
        raise LedgerError(f"{rejects.path} cannot be written: {reason}") from error
    warnings = tuple(warning for part in parts for warning in part.warnings)
    names = ", ".join(dict.fromkeys(part.name for part in parts))
    rejects_path = rejects.path if rejects.count else None
    stored = tuple((part.source, part_name(file, part)) for part in parts)
    return Imported(file, names, counts, rejects_path, warnings, tuple(doubts), stored)


def must_be_sure(path: Path, parts: list[Part]) -> None:
    """Raise UnsureError if a part has a doubt that prevents its import."""
    for part in parts:
        if blocking := [doubt.text for doubt in part.doubts if doubt.blocking]:
            text = part.question() if part.question else "; ".join(blocking)
            label = f" [{part.label}]" if part.label else ""
            raise UnsureError(f"{path.name}{label} is not imported: {text}")


def of_account(user_id: UUID, part: Part, hints: Hints) -> Part:
    """Return the part with the source and account name of earlier files of its layout.

    So rows that are imported again are recognised.
    """
    if part.mapping is None or part.remapped is None or not part.mapping.key.content:
        return part
    account = Account(hints.account, hints.same_account)
    of_account = part.remapped(settled(user_id, part.mapping, account))
    of_account.is_stated = account != Account() or part.mapping.states_account
    return of_account


def with_known(user_id: UUID, hints: Hints = NO_HINTS) -> Hints:
    """Return the hints, with the tenant's own accounts, saved mappings and currencies added."""
    own = hints.own | own_accounts(user_id)
    saved, usual = saved_mappings.of_tenant(user_id), usual_currencies(user_id)
    return replace(hints, own=own, saved=saved, usual=usual)


def usual_currencies(user_id: UUID) -> dict[str, str]:
    """Return the currency of each of the tenant's sources that has only one, by source.

    The key "" has the currency of all sources, if they have only one.
    """
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("ingest/usual_currencies"), {"user_id": user_id})
        pairs = cursor.fetchall()
    codes: dict[str, set[str]] = {}
    for source, code in pairs:
        codes.setdefault(source, set()).add(code)
    codes[""] = {code for _, code in pairs}
    return {source: min(known) for source, known in codes.items() if len(known) == 1}


def own_accounts(user_id: UUID) -> frozenset[str]:
    """Return the IBANs that statements have named as the tenant's own accounts."""
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("ingest/own_accounts"), {"user_id": user_id})
        return frozenset(iban for (iban,) in cursor.fetchall())


def file_name(path: Path) -> str:
    """Return the file's name in the form that is stored with rows."""
    return os.fsencode(path.name).decode(errors="backslashreplace")


def part_name(file: str, part: Part) -> str:
    """Return the name of the file as rows of this part state it: 'book.xlsx [January]'."""
    return f"{file} [{part.label}]" if part.label else file


@contextmanager
def _together(user_id: UUID, parts: list[Part]) -> Iterator[None]:
    """Run the block in one transaction for all parts of a file. A single part has a transaction of
    its own."""
    with tenant_transaction(user_id) if len(parts) > 1 else nullcontext():
        yield


def _stored(
    user_id: UUID, of: Import, part: Part, rejects: RejectsFile, doubts: list[Doubt]
) -> Stored:
    name = part_name(of.file, part)
    publication = part.publication
    by_content = part.mapping is not None and part.mapping.key.content
    books = Books(
        user_id,
        part.source,
        part.platform,
        name,
        publication,
        by_content,
        part.is_stated,
        part.is_rest,
        doubts,
        of.upload,
    )
    return store(books, labelled(part), rejects, part.warnings.append)


def summed(counts: list[Stored]) -> Stored:
    """Return the sums of the counts of several files or parts."""
    total = Stored()
    for stored in counts:
        for name, value in asdict(stored).items():
            setattr(total, name, getattr(total, name) + value)
    return total
