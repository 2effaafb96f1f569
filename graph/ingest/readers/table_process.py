"""A workbook's sheets or a Parquet file as CSVs: a process of its own, so no file harms the caller.

    python -m graph.ingest.readers.table_process workbook|parquet FILE FOLDER

writes 1.csv, 2.csv, … into FOLDER and prints a JSON list of tables: {"name", "visible", "file"},
"file" being null for a table without cells; or {"error": sentence}. A sheet of one cell in its
last corner takes all memory that there is: the limits below end the process instead.
"""

import csv
import json
import resource
import sys
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from graph.ingest.readers.cells import texts

MEMORY = 6 * 1024**3  # bytes of address space
SECONDS = 300  # of processor time
CELLS = 50_000_000
BATCH = 10_000  # rows
Tables = list[dict[str, object]]


def main(kind: str, file: str, folder: str) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    convert = {"workbook": _sheets, "parquet": _parquet}[kind]
    try:
        answer: object = convert(file, Path(folder))
    except PasswordError:
        answer = {"error": "is protected by a password: save it without one"}
    except (CalamineError, pa.ArrowException, OSError, ValueError) as error:
        answer = {"error": f"is damaged, or no {kind}: {' '.join(str(error).split())[:200]}"}
    sys.stdout.write(json.dumps(answer))
    return 0


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
    """One line a row, from the sheet's first row on, so that line n is row n."""
    if sheet.total_height * sheet.total_width > CELLS:
        raise ValueError(f"sheet {sheet.name!r} spans more than {CELLS:,} cells")
    rows = sheet.to_python(skip_empty_area=False)
    columns = [texts(column) for column in zip(*rows, strict=True)]
    used = [column for column in columns if any(column)]
    with target.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(zip(*used, strict=True))
    return bool(used)


def _parquet(file: str, folder: Path) -> Tables:
    source = parquet.ParquetFile(file)
    facts = source.metadata
    if facts.num_rows * facts.num_columns > CELLS:
        raise ValueError(f"it holds more than {CELLS:,} cells")
    target = folder / "1.csv"
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(source.schema_arrow.names)
        for batch in source.iter_batches(BATCH):
            columns = [texts(column.to_pylist()) for column in batch.columns]
            writer.writerows(zip(*columns, strict=True))
    return [{"name": "", "visible": True, "file": target.name if facts.num_rows else None}]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
