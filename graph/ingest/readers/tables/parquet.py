"""Parquet files. Each is one table, which is read like a CSV. Line n is row n."""

from pathlib import Path

from graph.ingest.decode import LedgerFileError
from graph.ingest.readers import content
from graph.ingest.readers.parts import Table, TableFormat
from graph.ingest.readers.tables.converted import converted
from graph.ingest.readers.tables.scratch import Scratch


def fits(start: bytes) -> bool:
    return start.startswith(b"PAR1")


def tables(path: Path) -> list[Table]:
    """Return the file's only table. Raises LedgerFileError."""
    scratch = Scratch()
    file = scratch.path / "table"
    file.write_bytes(content.whole(path))
    [table] = converted("parquet", file, scratch.path, path.name)
    if not table["file"]:
        raise LedgerFileError(f"{path.name} has columns and no row")
    return [Table(scratch.named(table["file"], path), scratch, before=1)]


FORMAT = TableFormat("parquet", "Parquet table", fits, tables)
