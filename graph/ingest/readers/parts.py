"""The interface of readers: the parts of a file, each with the rows of one source."""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from graph.ingest.doubts import Doubt
from graph.ingest.guessing.reading_options import NONE, Choices
from graph.ingest.ledger_rows import LedgerRow, Reject
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.mappings.mapping_for_header import Saved

Progress = Callable[[int], object]
Rows = Iterator[LedgerRow | Reject]


@dataclass(frozen=True, slots=True)
class Hints:
    """What a person states about a file because the file does not. None means not stated.

    `own` has the tenant's own accounts (IBANs), VAT ids and names (in lower case). `account` is the
    name of the account whose rows the file has; `same_account` says that it is the account of
    earlier files. `choices` says how to read a table that has no known format. `saved` has the
    tenant's mappings by layout. `usual` has the currency of each of the tenant's sources that has
    only one, and under "" that of all of them.
    """

    date_order: Literal["day", "month"] | None = None
    currency: str | None = None
    own: frozenset[str] = frozenset()
    account: str = ""
    same_account: bool = False
    choices: Choices = NONE
    saved: Dictionary[str, Saved] = field(default_factory=dict)
    usual: Dictionary[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Part:
    """Rows of one file that share a source: a whole statement file, or one sheet of a workbook.

    read      yields one LedgerRow or Reject for each entry; raises LedgerFileError when the file
              as a whole cannot be read
    label     names the part where a file has several ("January"), else ""
    evidence  what the file was recognised as and why, one text per line
    doubts    what the reading is not sure of; a blocking doubt prevents the import of the part
    mapping   the mapping by which the part's table is read; None for a statement
    table     the CSV that it reads, if that was written out of another file
    question  returns the two readings side by side if a doubt about a table is blocking
    remapped  returns the same part, read by another mapping
    is_stated whether the file or a person says whose account it is
    is_rest   whether the other rows of the file are stored already
    warnings  what a person should know; complete when `read` has ended
    """

    name: str
    title: str
    source: str
    platform: str
    read: Callable[[], Rows]
    label: str = ""
    publication: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    mapping: Mapping | None = None
    table: Path | None = None
    remapped: "Callable[[Mapping], Part] | None" = None
    question: Callable[[], str] | None = None
    is_stated: bool = False
    is_rest: bool = False
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a file, written out as a CSV (UTF-8, commas).

    csv      the file; its scratch folder exists as long as `scratch` is referenced
    before   the number of CSV lines before line 1 of the table's own numbering
    rejects  records that are not rows of a table, with the table's own line numbers
    """

    csv: Path
    scratch: object
    label: str = ""
    before: int = 0
    rejects: list[Reject] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TableFormat:
    """A format of tables that are read like CSVs. `fits` is as in FileFormat.

    `tables` returns the file's tables, each written out as a CSV.
    """

    name: str
    title: str
    fits: Callable[[bytes], bool]
    tables: Callable[[Path], list[Table]]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A file format that is recognised by the file's first 64 KiB after unpacking.

    `fits` returns whether these bytes have the format, and never raises. `parts` reads the file's
    tables or statements, and raises LedgerError if the whole file is refused.
    """

    name: str
    title: str
    fits: Callable[[bytes], bool]
    parts: Callable[[Path, Hints], list[Part]]
