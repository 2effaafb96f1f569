"""Writes a tenant's graph in exchange formats, as pieces of bytes.

The module graph.export.table_files writes files of other tables, for commands.
"""

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
from graph.export.table_files import cells, flat_type

Pieces = Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """An exchange format. `write` yields the file's bytes. If `whole`, the file has nodes and
    edges, otherwise edges only."""

    media_type: str
    suffix: str
    write: Callable[[Contents], Pieces]
    whole: bool


class _Sink(RawIOBase):
    """A file object that keeps what is written to it. `taken` returns the bytes since the last
    call."""

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
    """Yield the edges as UTF-8 CSV with a header. A cell that could be a formula gets a leading
    apostrophe."""
    schema = _plain(contents.columns.empty_table()).schema
    flat = pa.schema([(field.name, flat_type(field.type)) for field in schema])
    pages = (cells(_plain(page), flat, raw=False) for page in contents.pages)
    return _written(lambda sink: csv.CSVWriter(sink, flat), pages)


def as_parquet(contents: Contents) -> Pieces:
    """Yield the edges as Parquet: typed columns, Zstandard, one row group per page."""
    schema = _plain(contents.columns.empty_table()).schema
    pages = map(_plain, contents.pages)
    return _written(lambda sink: pq.ParquetWriter(sink, schema, compression="zstd"), pages)


def as_arrow(contents: Contents) -> Pieces:
    """Yield the edges as an Arrow IPC stream."""
    schema = _plain(contents.columns.empty_table()).schema
    pages = map(_plain, contents.pages)
    return _written(lambda sink: pa.ipc.new_stream(sink, schema), pages)


FORMATS = {
    "json": Format("application/json", "json", text_formats.node_link, whole=True),
    "graphml": Format("application/graphml+xml", "graphml", text_formats.graphml, whole=True),
    "gexf": Format("application/gexf+xml", "gexf", text_formats.gexf, whole=True),
    "csv": Format("text/csv", "csv", as_csv, whole=False),
    "parquet": Format("application/vnd.apache.parquet", "parquet", as_parquet, whole=False),
    "arrow": Format("application/vnd.apache.arrow.stream", "arrows", as_arrow, whole=False),
}


def _written(
    opened: Callable[[_Sink], AbstractContextManager[Any]], pages: Iterator[pa.Table]
) -> Pieces:
    sink = _Sink()
    with opened(sink) as writer:
        for page in pages:
            writer.write_table(page)
            yield sink.taken()
    yield sink.taken()


def _plain(page: pa.Table) -> pa.Table:
    """Return the page with ids and money as text, because not every reader knows extension
    types."""
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
