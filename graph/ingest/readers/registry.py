"""All formats other than CSV, in the order in which they are tried. The content decides, never the
suffix."""

from pathlib import Path

from graph.ingest.decode import LedgerFileError
from graph.ingest.readers import content, safe_xml
from graph.ingest.readers.einvoices import einvoice
from graph.ingest.readers.journals import datev, fec, plain_text
from graph.ingest.readers.parts import FileFormat, TableFormat
from graph.ingest.readers.statements import camt, mt940, ofx, qif
from graph.ingest.readers.tables import json_lines, parquet, spreadsheet

FORMATS: tuple[FileFormat | TableFormat, ...] = (
    camt.FORMAT,
    datev.FORMAT,
    fec.FORMAT,
    einvoice.FORMAT,
    mt940.FORMAT,
    ofx.FORMAT,
    qif.FORMAT,
    spreadsheet.FORMAT,
    parquet.FORMAT,
    json_lines.FORMAT,
    plain_text.FORMAT,
)


def recognise(path: Path) -> FileFormat | TableFormat | None:
    """Return the format of a file by its first 64 KiB; None if it may be a CSV or is unknown.

    Raises LedgerFileError for a file that cannot be read or unpacked, and for other XML.
    """
    start = content.start(path)
    recognised = next((file_format for file_format in FORMATS if file_format.fits(start)), None)
    if recognised is None and start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        root = safe_xml.root_of(start)
        kind = f"XML ({root.name[:60]})" if root else "markup"
        raise LedgerFileError(
            f"{path.name} is {kind}, and neither CAMT, a UBL or CII invoice, nor OFX: export it "
            "as one of these or as CSV"
        )
    return recognised
