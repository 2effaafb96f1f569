"""A graph as text that other programs read: node-link JSON, GraphML, GEXF.

Each is an iterator of pieces: of the text, only one page of rows is in memory.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa

from graph.engine.columns import values
from graph.engine.graph import Graph

PAGE = 5_000  # rows
SEPARATOR = ";"
# What XML 1.0 cannot say, not even escaped.
UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
Row = dict[str, Any]

GRAPHML_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
"""
GEXF_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">
<graph defaultedgetype="directed" mode="static">
"""


def node_link(graph: Graph) -> Iterator[bytes]:
    """JSON as `networkx.node_link_graph` reads it."""
    told = {"unresolved": graph.unresolved, "dangling": graph.dangling}
    yield b'{"directed": true, "multigraph": true, "graph": ' + json.dumps(told).encode()
    yield b', "nodes": ['
    yield from _listed(nodes(graph))
    yield b'], "edges": ['
    renamed = ({"key": row.pop("id"), **row} for row in edges(graph))
    yield from _listed(renamed)
    yield b"]}\n"


def graphml(graph: Graph) -> Iterator[bytes]:
    """GraphML 1.0: an edge's id is its relationship's; what is NULL is left out."""
    keys = {
        of: {name: f"{of[0]}{i}" for i, name in enumerate(_attributes(table))}
        for of, table in (("node", graph.nodes), ("edge", graph.edges))
    }
    yield GRAPHML_HEAD.encode()
    for of, table in (("node", graph.nodes), ("edge", graph.edges)):
        for name, key in keys[of].items():
            kind = _kind(table.schema.field(name).type)
            yield (f'<key id="{key}" for="{of}" attr.name="{name}" attr.type="{kind}"/>\n').encode()
    yield b'<graph edgedefault="directed">\n'
    for row in nodes(graph):
        yield f"<node id={_quoted(row.pop('id'))}>{_data(row, keys['node'])}</node>\n".encode()
    for row in edges(graph):
        ends = " ".join(f"{name}={_quoted(row.pop(name))}" for name in ("id", "source", "target"))
        yield f"<edge {ends}>{_data(row, keys['edge'])}</edge>\n".encode()
    yield b"</graph>\n</graphml>\n"


def gexf(graph: Graph) -> Iterator[bytes]:
    """GEXF 1.2: as GraphML, with an entity's name as its label."""
    yield GEXF_HEAD.encode()
    for of, table in (("node", graph.nodes), ("edge", graph.edges)):
        yield f'<attributes class="{of}" mode="static">\n'.encode()
        for name in _attributes(table):
            kind = _kind(table.schema.field(name).type)
            yield f'<attribute id="{name}" title="{name}" type="{kind}"/>\n'.encode()
        yield b"</attributes>\n"
    yield b"<nodes>\n"
    for row in nodes(graph):
        begin = f"<node id={_quoted(row.pop('id'))} label={_quoted(row['name'])}>"
        yield f"{begin}{_attvalues(row)}</node>\n".encode()
    yield b"</nodes>\n<edges>\n"
    for row in edges(graph):
        ends = " ".join(f"{name}={_quoted(row.pop(name))}" for name in ("id", "source", "target"))
        yield f"<edge {ends}>{_attvalues(row)}</edge>\n".encode()
    yield b"</edges>\n</graph>\n</gexf>\n"


def nodes(graph: Graph) -> Iterator[Row]:
    """The entities: id, kind, name."""
    for page in pages(graph.nodes):
        yield from _rows(page)


def edges(graph: Graph) -> Iterator[Row]:
    """The relationships: id, source, target and the graph's columns."""
    for page in edge_pages(graph):
        yield from _rows(page)


def pages(table: pa.Table) -> Iterator[pa.Table]:
    return (table.slice(start, PAGE) for start in range(0, table.num_rows, PAGE))


def edge_pages(graph: Graph) -> Iterator[pa.Table]:
    """The edges with both ends' ids after their own, a page at a time."""
    for start in range(0, graph.edge_count, PAGE):
        page = graph.edges.slice(start, PAGE)
        yield with_ends(graph, page, start)


def with_ends(graph: Graph, page: pa.Table, start: int) -> pa.Table:
    """The page of edges that begins at row `start`, with `source` and `target`."""
    for place, name in ((1, "source"), (2, "target")):
        rows = getattr(graph, name)[start : start + page.num_rows]
        page = page.add_column(place, name, graph.nodes["id"].take(pa.array(rows)))
    return page


def _rows(page: pa.Table) -> Iterator[Row]:
    columns = [values(column) for column in page.columns]
    return (dict(zip(page.column_names, row, strict=True)) for row in zip(*columns, strict=True))


def _listed(rows: Iterator[Row]) -> Iterator[bytes]:
    comma = ""
    for row in rows:
        yield f"{comma}{json.dumps(row, default=str, ensure_ascii=False)}".encode()
        comma = ",\n"


def _attributes(table: pa.Table) -> list[str]:
    return [name for name in table.column_names if name != "id"]


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
    told = "".join(
        f'<attvalue for="{name}" value={_quoted(value)}/>'
        for name, value in row.items()
        if value is not None
    )
    return f"<attvalues>{told}</attvalues>"


def _quoted(value: Any) -> str:
    return quoteattr(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return UNSPEAKABLE.sub("\ufffd", SEPARATOR.join(map(str, value)))
    return UNSPEAKABLE.sub("\ufffd", str(value))
