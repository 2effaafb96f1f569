"""Serializes a graph as two Arrow IPC streams with a label and a checksum.

Only columns are serialized, no code.
"""

import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from graph.engine.graph import Graph

MAGIC = b"finley graph 1\n"
NUMBERS = 8  # bytes: the checksum, the label's length
COMPRESSION = "lz4"
ENDS = ("source", "target")


class Corrupt(ValueError):
    """The bytes are not a graph, or are a graph with another label."""


def pack(graph: Graph, label: dict[str, Any]) -> bytes:
    """Return the graph as bytes, with a label that `unpack` checks."""
    ends = {f"{name}:": _small(getattr(graph, name)) for name in ENDS}
    edges = graph.edges
    for name, column in ends.items():
        edges = edges.append_column(name, column)
    counts = {"unresolved": graph.unresolved, "dangling": graph.dangling, "version": graph.version}
    head = json.dumps({"label": label, **counts}).encode()
    sink = pa.BufferOutputStream()
    sink.write(len(head).to_bytes(NUMBERS, "little") + head)
    options = pa.ipc.IpcWriteOptions(compression=COMPRESSION)
    for table in (graph.nodes, edges):
        with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
            stream.write_table(table)
    body = sink.getvalue()
    return MAGIC + zlib.crc32(body).to_bytes(NUMBERS, "little") + bytes(body)


def unpack(packed: bytes, label: dict[str, Any]) -> Graph:
    """Return the graph in the bytes. Raises Corrupt if they are damaged or have another label."""
    start = len(MAGIC) + NUMBERS
    body = memoryview(packed)[start:]
    if packed[: len(MAGIC)] != MAGIC or _number(packed[len(MAGIC) : start]) != zlib.crc32(body):
        raise Corrupt("these bytes are not a whole graph")
    length = _number(body[:NUMBERS])
    head = json.loads(bytes(body[NUMBERS : NUMBERS + length]))
    if head.pop("label") != label:
        raise Corrupt("this is another graph")
    source = pa.BufferReader(pa.py_buffer(body[NUMBERS + length :]))
    nodes, edges = (_table(source) for _ in range(2))
    ends = {name: edges[f"{name}:"].to_numpy().astype(np.int64) for name in ENDS}
    edges = edges.drop_columns([f"{name}:" for name in ENDS])
    return replace(Graph(nodes=nodes, edges=edges, **ends), **head)


def _small(places: Any) -> pa.Array:
    return pa.array(places.astype(np.int32))


def _number(octets: "bytes | memoryview") -> int:
    return int.from_bytes(octets, "little")


def _table(source: pa.BufferReader) -> pa.Table:
    with pa.ipc.open_stream(source) as stream:
        return stream.read_all()
