"""What a reader offers: a file's parts, each with the rows of one source."""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from graph.ingest.doubts import Doubt
from graph.ingest.guessing.reading_options import NONE, Choices
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.mappings.mapping_for_header import Saved
from graph.ingest.rows import LedgerRow, Reject

Progress = Callable[[int], object]
Rows = Iterator[LedgerRow | Reject]


@dataclass(frozen=True, slots=True)
class Hints:
    """What a person states because the file does not. None: not stated.

    `own`: accounts (IBANs), VAT ids and names of the tenant's own, names in lower case. `account`:
    the name of the account whose rows a file holds; `same_account`: it is that of earlier files.
    `choices`: how a table is read that no format knows; `saved`: the tenant's mappings by layout;
    `usual`: the currency of each of the tenant's sources that has but one, and of all under "".
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
    evidence  what the file was taken for, a line each
    doubts    what the reading is not sure of; a blocking one keeps the part from being imported
    mapping   what reads the part's table; None for a statement
    table     the CSV that it reads, where that was written out of another file
    question  the two readings side by side, where a doubt about a table is blocking
    remapped  the same part, read by another mapping
    is_stated whether the file or a person says whose account it is
    is_rest   whether these are some rows of a file of which the others are stored already
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

    csv      the file; its scratch folder stays as long as `scratch` is referred to
    before   how many lines of the CSV stand before line 1 of the table's own count
    rejects  records that are no rows of a table, in the table's own count
    """

    csv: Path
    scratch: object
    label: str = ""
    before: int = 0
    rejects: list[Reject] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TableFormat:
    """A format of tables, which are read as CSVs are. As FileFormat, but for `tables`."""

    name: str
    title: str
    fits: Callable[[bytes], bool]
    tables: Callable[[Path], list[Table]]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A file format that is recognised by the file's first 64 KiB after decompression.

    `fits` says whether these bytes are of the format, and never raises. `parts` reads the file's
    tables or statements; it raises LedgerError if the whole file is refused.
    """

    name: str
    title: str
    fits: Callable[[bytes], bool]
    parts: Callable[[Path, Hints], list[Part]]
