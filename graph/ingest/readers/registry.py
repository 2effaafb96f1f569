"""All formats beside CSV, in the order in which a file is tried: by content, never by suffix."""

from pathlib import Path

from graph.ingest.readers import camt, content, json_lines, mt940, parquet, spreadsheet
from graph.ingest.readers.parts import FileFormat, TableFormat

FORMATS: tuple[FileFormat | TableFormat, ...] = (
    camt.FORMAT,
    mt940.FORMAT,
    spreadsheet.FORMAT,
    parquet.FORMAT,
    json_lines.FORMAT,
)


def recognise(path: Path) -> FileFormat | TableFormat | None:
    """The format of a file by its first 64 KiB; None for what may be a CSV or is not known.

    Raises LedgerFileError for a file that cannot be read or unpacked.
    """
    start = content.start(path)
    return next((each for each in FORMATS if each.fits(start)), None)
