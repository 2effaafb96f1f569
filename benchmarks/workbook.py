"""Compares the time for reading a workbook with that for the same rows as a CSV: python -m
benchmarks.workbook.

Both are recognised, guessed and read to the last row, alternately. Storing is left out, because it
is the same for both. Seconds are processor time, including the converting process's, so other work
of the machine does not matter. Prints one line per turn, and one JSON object at the end.
"""

import argparse
import csv
import json
import os
import statistics
import tempfile
from pathlib import Path

import django
import xlsxwriter

HEADER = ("Date", "Supplier", "Invoice Number", "Amount", "Currency")
MOST = 1.5  # factor of the CSV's seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finley.settings")
    django.setup()
    with tempfile.TemporaryDirectory(prefix="finley-") as folder:
        files = _files(Path(folder), options.rows)
        seconds: dict[str, list[float]] = {name: [] for name in files}
        for turn in range(options.turns):
            for name, path in files.items():
                seconds[name].append(_seconds(path, options.rows))
            print(turn + 1, *(f"{name} {times[-1]:.2f} s" for name, times in seconds.items()))
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    ratio = medians["xlsx"] / medians["csv"]
    print(json.dumps({
        "rows": options.rows,
        **{f"{name}_seconds": round(median, 3) for name, median in medians.items()},
        "ratio": round(ratio, 3),
        "most": MOST,
        "ok": ratio <= MOST,
    }))  # fmt: skip


def _files(folder: Path, rows: int) -> dict[str, Path]:
    """Write the same invented bills as a CSV and as a workbook. Return both paths by format."""
    bills = [
        (f"2025-{1 + at % 12:02}-{1 + at % 28:02}", f"Supplier {at % 997}", f"RE-{at}",
         round(1 + at % 5_000 / 7, 2), "EUR")
        for at in range(rows)
    ]  # fmt: skip
    table, book = folder / "bills.csv", folder / "bills.xlsx"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *bills])
    workbook = xlsxwriter.Workbook(book, {"constant_memory": True})
    sheet = workbook.add_worksheet("Bills")
    for at, cells in enumerate([HEADER, *bills]):
        sheet.write_row(at, 0, cells)
    workbook.close()
    return {"csv": table, "xlsx": book}


def _seconds(path: Path, rows: int) -> float:
    from graph.ingest.file_parts import format_of, parts_of  # noqa: PLC0415 - after setup

    start = _processor()
    read = sum(1 for part in parts_of(path, format_of(path)) for _ in part.read())
    assert read == rows, f"{path.name}: {read} rows of {rows}"
    return _processor() - start


def _processor() -> float:
    return sum(os.times()[:4])


if __name__ == "__main__":
    main()
