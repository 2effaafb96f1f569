"""Converts a workbook's sheets to CSVs in a process of its own, so that no file harms the caller.

    python -m graph.ingest.readers.tables.workbook_process FILE FOLDER

writes 1.csv, 2.csv, … into FOLDER and prints a JSON list of tables: {"name", "visible", "file"},
"file" being null for a table without cells; or {"error": sentence}. A sheet of one cell
in its last corner takes all memory that there is: the limits end the process instead.
"""

import csv
import sys
from itertools import chain, islice
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from graph.ingest.readers.tables.cells import texts
from graph.ingest.readers.tables.process_limits import CELLS, Tables, answer
from graph.ingest.readers.tables.title_rows import TOP, joined

_DAMAGED = "is damaged, or no workbook: {}"
_REFUSALS: dict[type[Exception], str] = {
    PasswordError: "is protected by a password: save it without one",
    CalamineError: _DAMAGED,
    OSError: _DAMAGED,
    ValueError: _DAMAGED,
}


def _sheets(file: str, folder: Path) -> Tables:
    book = CalamineWorkbook.from_path(file)
    sheets: Tables = []
    for at, sheet in enumerate(book.sheets_metadata):
        if sheet.typ != SheetTypeEnum.WorkSheet:
            continue  # a chart or a macro
        target = folder / f"{at + 1}.csv"
        has_cells = _written(book.get_sheet_by_index(at), target)
        visible = sheet.visible == SheetVisibleEnum.Visible
        name = target.name if has_cells else None
        sheets.append({"name": sheet.name, "visible": visible, "file": name})
    return sheets


def _written(sheet: CalamineSheet, target: Path) -> bool:
    """Write the sheet, one line per row from its first row on, so that line n is row n. Return
    whether it has cells."""
    if sheet.total_height * sheet.total_width > CELLS:
        raise ValueError(f"sheet {sheet.name!r} spans more than {CELLS:,} cells")
    rows = sheet.to_python(skip_empty_area=False)
    columns = [texts(column) for column in zip(*rows, strict=True)]
    used = [column for column in columns if any(column)]
    with target.open("w", encoding="utf-8", newline="") as stream:
        lines = zip(*used, strict=True)
        csv.writer(stream).writerows(chain(joined(list(islice(lines, TOP))), lines))
    return bool(used)


if __name__ == "__main__":
    sys.exit(answer(_sheets, _REFUSALS))
