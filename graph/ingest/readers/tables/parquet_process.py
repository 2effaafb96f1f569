"""Converts a Parquet file to CSVs in a process of its own, so that no file harms the caller.

    python -m graph.ingest.readers.tables.parquet_process FILE FOLDER

writes 1.csv, 2.csv, … into FOLDER and prints a JSON list of tables: {"name", "visible", "file"},
"file" being null for a table without cells; or {"error": sentence}.
"""

import csv
import sys
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from graph.ingest.readers.tables.cells import texts
from graph.ingest.readers.tables.process_limits import CELLS, Tables, answer

BATCH = 10_000  # rows
_DAMAGED = "is damaged, or no Parquet file: {}"
_REFUSALS: dict[type[Exception], str] = dict.fromkeys(
    (pa.ArrowException, OSError, ValueError), _DAMAGED
)


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
    sys.exit(answer(_parquet, _REFUSALS))
