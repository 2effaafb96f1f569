"""A tenant's graph in the formats that others read, piece by piece."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import RawIOBase
from typing import Any

import pyarrow as pa
from pyarrow import csv
from pyarrow import parquet as pq

from graph.engine import text_formats
from graph.engine.columns import storage, uuid_texts
from graph.engine.text_formats import Contents
from graph.export.csv_parquet import cells, flat_type

Pieces = Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """`write` gives the pieces; `whole`: nodes and edges, otherwise the edges alone."""

    media_type: str
    suffix: str
    write: Callable[[Contents], Pieces]
    whole: bool


class _Sink(RawIOBase):
    """Where a writer writes to, and where what it wrote is taken from."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(self._pieces[-1])

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def as_csv(contents: Contents) -> Pieces:
    """The edges, UTF-8 with a header; what a spreadsheet takes for a formula gets an apostrophe."""
    schema = _plain(contents.columns.empty_table()).schema
    flat = pa.schema([(each.name, flat_type(each.type)) for each in schema])
    found = (cells(_plain(page), flat, raw=False) for page in contents.pages)
    return _written(lambda sink: csv.CSVWriter(sink, flat), found)


def as_parquet(contents: Contents) -> Pieces:
    """The edges, typed, Zstandard, one row group a page."""
    schema = _plain(contents.columns.empty_table()).schema
    found = map(_plain, contents.pages)
    return _written(lambda sink: pq.ParquetWriter(sink, schema, compression="zstd"), found)


def as_arrow(contents: Contents) -> Pieces:
    """The edges as an Arrow IPC stream."""
    schema = _plain(contents.columns.empty_table()).schema
    found = map(_plain, contents.pages)
    return _written(lambda sink: pa.ipc.new_stream(sink, schema), found)


FORMATS = {
    "json": Format("application/json", "json", text_formats.node_link, whole=True),
    "graphml": Format("application/graphml+xml", "graphml", text_formats.graphml, whole=True),
    "gexf": Format("application/gexf+xml", "gexf", text_formats.gexf, whole=True),
    "csv": Format("text/csv", "csv", as_csv, whole=False),
    "parquet": Format("application/vnd.apache.parquet", "parquet", as_parquet, whole=False),
    "arrow": Format("application/vnd.apache.arrow.stream", "arrows", as_arrow, whole=False),
}


def _written(
    opened: Callable[[_Sink], AbstractContextManager[Any]], found: Iterator[pa.Table]
) -> Pieces:
    sink = _Sink()
    with opened(sink) as writer:
        for page in found:
            writer.write_table(page)
            yield sink.taken()
    yield sink.taken()


def _plain(page: pa.Table) -> pa.Table:
    """Ids and money as text: extension types are not everybody's."""
    columns = {}
    for name in page.column_names:
        column = storage(page[name]) if page.num_rows else page[name]
        columns[name] = _column(column, page.schema.field(name).type)
    return pa.table(columns)


def _column(column: Any, kind: pa.DataType) -> Any:
    if isinstance(kind, pa.UuidType):
        return uuid_texts(column) if len(column) else pa.array([], pa.string())
    if isinstance(kind, pa.BaseExtensionType):
        return column.cast(pa.string()) if len(column) else pa.array([], pa.string())
    return column
