"""Writes Arrow tables as CSV or Parquet files, page by page, for commands.

The formats of the graph's export are in graph.export.formats.
"""

from collections.abc import Callable, Iterable
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from pyarrow import parquet as pq

SEPARATOR = ";"  # between the values of a list in one cell
# Starts of cells that a spreadsheet may run as a formula (OWASP, "CSV Injection"), except numbers.
FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001 - the wide forms are taken for formulas, too
NUMBER = r"^[+-][0-9]+(\.[0-9]+)?$"


def write_csv(
    into: IO[bytes], schema: pa.Schema, pages: Iterable[pa.Table], *, raw: bool = False
) -> None:
    """Write UTF-8 CSV with a header. NULL becomes an empty cell; list values are joined with ";".

    A text that a spreadsheet might run as a formula gets a leading apostrophe. `raw` turns that
    off, for files that programs read.
    """
    flat = pa.schema([(f.name, flat_type(f.type)) for f in schema])
    with csv.CSVWriter(into, flat) as writer:
        for page in pages:
            writer.write_table(cells(page, flat, raw))


def write_parquet(
    into: IO[bytes], schema: pa.Schema, pages: Iterable[pa.Table], *, raw: bool = True
) -> None:
    """Write typed columns with Zstandard, one row group per page.

    `raw` has no effect, because no program runs a Parquet file's cells as formulas.
    """
    del raw
    with pq.ParquetWriter(into, schema, compression="zstd") as writer:
        for page in pages:
            writer.write_table(page)


WRITERS: dict[str, Callable[..., None]] = {"csv": write_csv, "parquet": write_parquet}


def flat_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_list(kind) else kind


def cells(page: pa.Table, flat: pa.Schema, raw: bool) -> pa.Table:
    return pa.table([_cell(column, raw) for column in page.columns], schema=flat)


def _cell(column: pa.ChunkedArray, raw: bool) -> pa.ChunkedArray:
    if pa.types.is_list(column.type):
        column = pc.binary_join(column.cast(pa.list_(pa.string())), SEPARATOR)
    if raw or not pa.types.is_string(column.type):
        return column
    risky = pc.and_not(
        pc.match_substring_regex(column, FORMULA), pc.match_substring_regex(column, NUMBER)
    )
    return pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column)
