"""Rows of a file that could not be read, from the import's rejects file."""

import csv
import io

from finley.web.downloads import safe_cell
from graph.ingest.rejects_file import as_stated

SHOWN = 100
Line = tuple[str, str, str, str]


def rows(text: str) -> list[Line]:
    """The first rows: line of the file, field, reason, the row itself."""
    lines = csv.reader(io.StringIO(text))
    next(lines, None)
    whole = ([as_stated(cell) for cell in line] for line in lines if len(line) == 4)
    return [(line[0], line[1], line[2], line[3]) for line in whole][:SHOWN]


def safe(text: str) -> bytes:
    """The rejects as CSV that a spreadsheet cannot run as formulas."""
    output = io.StringIO()
    csv.writer(output).writerows(
        [safe_cell(cell) for cell in line] for line in csv.reader(io.StringIO(text))
    )
    return output.getvalue().encode("utf-8-sig")
