"""Methods of loading a graph from the view: finley's, and those with which it is compared."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import networkx as nx
import pandas as pd
from django.db import connections
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed, Identifier, Literal

from graph.database.tenancy import tenant_transaction
from graph.engine.importance import importance
from graph.engine.networkx.columnar import ColumnarGraph
from graph.engine.weights import columns_for
from graph.models.view_sql import TENANT_VIEW
from graph.reading import graph_cache
from graph.reading.load_graph import ALL, ENDS, load
from graph.view import version
from tests.oracle import ten_fetches

Way = Callable[[UUID], Any]
NODES = SQL("SELECT id, kind, name FROM normalized_entities WHERE user_id = {}")


def raw_copy(user: UUID) -> int:
    """Read all columns by COPY … (FORMAT BINARY) and discard them. Return the number of bytes: the
    least that any method must read."""
    statement = SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(_all(user))
    with (
        tenant_transaction(user) as connection,
        connection.cursor() as wrapped,
        wrapped.cursor.copy(statement) as copy,
    ):
        return sum(len(piece) for piece in copy)


def cold_full(user: UUID) -> ColumnarGraph:
    """Load all columns and the nodes' positions, ready for algorithms."""
    graph = ColumnarGraph(load(user)[0])
    assert graph.topology.n == graph.number_of_nodes()
    return graph


def cold_importance(user: UUID) -> Any:
    graph, _ = load(user, columns_for("causal_score"), edge_class="flow")
    return importance(graph, "pagerank")


def warm(user: UUID) -> ColumnarGraph:
    graph, queries = graph_cache.load(user)
    assert queries == 1, "it was not in the cache"
    return ColumnarGraph(graph)


def get_bytes(user: UUID) -> int:
    """Read the entry of Redis that `warm` loads, and discard it. Return its size in bytes."""
    key = graph_cache.Key(user, version.version(user), tuple(sorted(ALL)), None)
    return len(graph_cache.redis().get(key.name))


def dicts(user: UUID) -> "nx.MultiDiGraph[Any]":
    """Read the rows as dicts by psycopg and add them to a networkx graph."""
    result: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    with tenant_transaction(user) as connection, connection.cursor() as wrapped:
        cursor = wrapped.cursor.connection.cursor(row_factory=dict_row)
        for row in cursor.execute(NODES.format(Literal(user))):
            result.add_node(row.pop("id"), **row)
        for row in cursor.execute(_all(user)):
            result.add_edge(
                row.pop("source_entity_id"), row.pop("target_entity_id"), row.pop("id"), **row
            )
    return result


def pandas(user: UUID) -> "nx.MultiDiGraph[Any]":
    """Read the rows as a pandas data frame and make a networkx graph of it."""
    with tenant_transaction(user) as connection, connection.cursor() as wrapped:
        wrapped.execute(_all(user))
        names = [column.name for column in wrapped.description]
        frame = pd.DataFrame(wrapped.fetchall(), columns=names)
    return nx.from_pandas_edgelist(
        frame,
        "source_entity_id",
        "target_entity_id",
        edge_attr=True,
        edge_key="id",
        create_using=nx.MultiDiGraph,
    )


def ten(user: UUID) -> "nx.MultiDiGraph[Any]":
    """Run one query per table, join the rows in Python, and make a networkx graph of them."""
    with tenant_transaction(user) as connection:
        return ten_fetches.build(user, using=connection.alias)


WAYS: dict[str, Way] = {
    "raw_copy": raw_copy,
    "cold_full": cold_full,
    "cold_importance": cold_importance,
    "warm": warm,
    "get_bytes": get_bytes,
    "naive": dicts,
    "pandas": pandas,
    "ten_fetches": ten,
}


def arrow_bytes(user: UUID) -> int:
    return load(user)[0].nbytes


def disconnect() -> None:
    for alias in connections:
        connections[alias].close()


def _all(user: UUID) -> Composed:
    names = SQL(", ").join(map(Identifier, (*ENDS, *ALL)))
    return SQL("SELECT {} FROM {} WHERE user_id = {}").format(
        names, Identifier(TENANT_VIEW), Literal(user)
    )
