"""Workbooks: XLSX, XLSM, XLSB, XLS and ODS. Each visible sheet is a table, which is read like a
CSV."""

import zipfile
from pathlib import Path

from graph.ingest.decode import LedgerFileError
from graph.ingest.readers import content
from graph.ingest.readers.parts import Table, TableFormat
from graph.ingest.readers.tables.converted import converted
from graph.ingest.readers.tables.scratch import Scratch

UNPACKED = 1024**3  # bytes of all members of a workbook
MEMBERS = 10_000
_WORKBOOKS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")


def fits(start: bytes) -> bool:
    """Return whether this is a zip archive (XLSX, XLSM, XLSB, ODS) or an OLE file (XLS)."""
    return start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))


def tables(path: Path) -> list[Table]:
    """Return the visible sheets that have cells. Raises LedgerFileError."""
    scratch = Scratch()
    book = scratch.path / "workbook"
    book.write_bytes(content.whole(path))
    if book.read_bytes()[:2] == b"PK":
        _must_be_workbook(path, book)
    sheets = converted("workbook", book, scratch.path, path.name)
    visible = [sheet for sheet in sheets if sheet["visible"] and sheet["file"]]
    hidden = [f"the hidden sheet {sheet['name']!r} is not read" for sheet in sheets
              if sheet["file"] and not sheet["visible"]]  # fmt: skip
    if not visible:
        raise LedgerFileError(f"{path.name} has no visible sheet with cells")
    several = len(visible) > 1
    return [
        Table(
            csv=scratch.named(sheet["file"], path),
            label=sheet["name"] if several else "",
            scratch=scratch,
            warnings=hidden if at == 0 else [],
        )
        for at, sheet in enumerate(visible)
    ]


FORMAT = TableFormat("spreadsheet", "Excel or OpenDocument workbook", fits, tables)


def _must_be_workbook(path: Path, book: Path) -> None:
    """Raise LedgerFileError if the archive's own directory shows no workbook. Nothing is
    unpacked before that."""
    try:
        with zipfile.ZipFile(book) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise LedgerFileError(f"{path.name} is a damaged zip archive: {error}") from error
    if not any(member.filename in _WORKBOOKS for member in members):
        raise LedgerFileError(f"{path.name} is a zip archive without a workbook: unpack it first")
    unpacked = sum(member.file_size for member in members)
    if len(members) > MEMBERS or unpacked > UNPACKED:
        raise LedgerFileError(
            f"{path.name} unpacks to {unpacked:,} bytes in {len(members):,} files: at most "
            f"{UNPACKED:,} bytes in {MEMBERS:,} files are read"
        )
