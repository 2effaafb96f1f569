"""Writes a graph in text formats: node-link JSON, GraphML, GEXF.

Each writer yields pieces of bytes. Memory holds only one page of edges and text.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa

from graph.engine.columns import values

ROWS = 5_000  # rows converted to Python values at a time
SEPARATOR = ";"
# Characters that XML 1.0 does not allow, not even escaped.
UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
Row = dict[str, Any]

GRAPHML_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
"""
GEXF_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">
<graph defaultedgetype="directed" mode="static">
"""


@dataclass(slots=True)
class Contents:
    """A graph to write: `nodes` (id, kind, name) and `pages` of edges, read on demand.

    `columns` is the schema of the pages: id, source and target (ids of nodes), then attributes.
    `facts` has facts about the whole graph; it is complete after the last page.
    """

    nodes: pa.Table
    columns: pa.Schema
    pages: Iterator[pa.Table]
    facts: dict[str, Any] = field(default_factory=dict)

    def schemas(self) -> tuple[tuple[str, pa.Schema], tuple[str, pa.Schema]]:
        """Return the schemas of the nodes and of the edges, each with its name."""
        return ("node", self.nodes.schema), ("edge", self.columns)


def node_link(contents: Contents) -> Iterator[bytes]:
    """Yield the graph as JSON for `networkx.node_link_graph`. The facts about the graph come
    last."""
    yield b'{"directed": true, "multigraph": true, "nodes": ['
    yield from _listed(nodes(contents))
    yield b'], "edges": ['
    renamed = ({"key": row.pop("id"), **row} for row in edges(contents))
    yield from _listed(renamed)
    yield b'], "graph": ' + json.dumps(contents.facts).encode() + b"}\n"


def graphml(contents: Contents) -> Iterator[bytes]:
    """Yield the graph as GraphML 1.0.

    An edge's id is its relationship's id. NULL values are left out.
    """
    keys = {
        of: {name: f"{of[0]}{i}" for i, name in enumerate(_attributes(schema))}
        for of, schema in contents.schemas()
    }
    yield GRAPHML_HEAD.encode()
    for of, schema in contents.schemas():
        for name, key in keys[of].items():
            kind = _kind(schema.field(name).type)
            yield (f'<key id="{key}" for="{of}" attr.name="{name}" attr.type="{kind}"/>\n').encode()
    yield b'<graph edgedefault="directed">\n'
    for row in nodes(contents):
        yield f"<node id={_quoted(row.pop('id'))}>{_data(row, keys['node'])}</node>\n".encode()
    for row in edges(contents):
        ends = " ".join(f"{name}={_quoted(row.pop(name))}" for name in ("id", "source", "target"))
        yield f"<edge {ends}>{_data(row, keys['edge'])}</edge>\n".encode()
    yield b"</graph>\n</graphml>\n"


def gexf(contents: Contents) -> Iterator[bytes]:
    """Yield the graph as GEXF 1.2, like GraphML; an entity's name is its label."""
    yield GEXF_HEAD.encode()
    for of, schema in contents.schemas():
        yield f'<attributes class="{of}" mode="static">\n'.encode()
        for name in _attributes(schema):
            kind = _kind(schema.field(name).type)
            yield f'<attribute id="{name}" title="{name}" type="{kind}"/>\n'.encode()
        yield b"</attributes>\n"
    yield b"<nodes>\n"
    for row in nodes(contents):
        begin = f"<node id={_quoted(row.pop('id'))} label={_quoted(row['name'])}>"
        yield f"{begin}{_attvalues(row)}</node>\n".encode()
    yield b"</nodes>\n<edges>\n"
    for row in edges(contents):
        ends = " ".join(f"{name}={_quoted(row.pop(name))}" for name in ("id", "source", "target"))
        yield f"<edge {ends}>{_attvalues(row)}</edge>\n".encode()
    yield b"</edges>\n</graph>\n</gexf>\n"


def nodes(contents: Contents) -> Iterator[Row]:
    """Yield the entities as rows: id, kind, name."""
    yield from _rows(contents.nodes)


def edges(contents: Contents) -> Iterator[Row]:
    """Yield the relationships as rows: id, source, target, then their columns."""
    for page in contents.pages:
        yield from _rows(page)


def _rows(page: pa.Table) -> Iterator[Row]:
    for start in range(0, page.num_rows, ROWS):
        columns = [values(column) for column in page.slice(start, ROWS).columns]
        for row in zip(*columns, strict=True):
            yield dict(zip(page.column_names, row, strict=True))


def _listed(rows: Iterator[Row]) -> Iterator[bytes]:
    comma = ""
    for row in rows:
        yield f"{comma}{json.dumps(row, default=_text, ensure_ascii=False)}".encode()
        comma = ",\n"


def _attributes(schema: pa.Schema) -> list[str]:
    return [name for name in schema.names if name != "id"]


def _kind(column: pa.DataType) -> str:
    if pa.types.is_boolean(column):
        return "boolean"
    return "double" if pa.types.is_floating(column) else "string"


def _data(row: Row, keys: dict[str, str]) -> str:
    return "".join(
        f'<data key="{keys[name]}">{escape(_text(value))}</data>'
        for name, value in row.items()
        if value is not None
    )


def _attvalues(row: Row) -> str:
    elements = "".join(
        f'<attvalue for="{name}" value={_quoted(value)}/>'
        for name, value in row.items()
        if value is not None
    )
    return f"<attvalues>{elements}</attvalues>"


def _quoted(value: Any) -> str:
    return quoteattr(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return UNSPEAKABLE.sub("\ufffd", SEPARATOR.join(map(str, value)))
    return UNSPEAKABLE.sub("\ufffd", str(value))
