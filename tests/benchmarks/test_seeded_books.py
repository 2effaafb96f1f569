"""The benchmarks' books keep the database's rules, and are the same each time."""

import numpy as np
import pytest
from django.db import connections

from benchmarks.many_tenants.seeded_books import Books, send
from graph.engine.networkx.to_networkx import to_networkx
from graph.reading.load_graph import load
from graph.view import refresh
from tests.oracle import ten_fetches
from tests.oracle.compared import same_graph

SIZES = np.array([400, 1, 60])


@pytest.mark.usefixtures("committed")
def test_every_key_and_check_holds_and_all_layers_speak():
    books = Books(SIZES, 7)
    with connections["owner"].cursor() as wrapped:
        for table, columns in (*books.shared(), *books.related()):
            send(wrapped.cursor, table, columns)
    refresh.refresh(concurrently=False)
    graphs = [load(user)[0] for user in books.tenants()]
    assert [graph.edge_count for graph in graphs] == SIZES.tolist()
    assert all(
        same_graph(to_networkx(g), ten_fetches.build(u, using="owner"))
        for u, g in zip(books.tenants(), graphs, strict=True)
    )
    silent = [
        name
        for name in graphs[0].edges.column_names
        if graphs[0].edges[name].null_count == graphs[0].edge_count
    ]
    assert silent == []


def test_the_same_seed_gives_the_same_rows_and_another_seed_others():
    one, same, other = (list(Books(SIZES, seed).related()) for seed in (7, 7, 8))
    assert one == same
    assert one[0][1]["id"] != other[0][1]["id"]
    ids = [
        value
        for table, columns in one
        if table == "raw_events"
        for value in columns["id"].to_pylist()
    ]
    assert len(set(ids)) == 2 * SIZES.sum()
