"""Exports, each read back by another program: networkx, igraph, pyarrow, pandas, DuckDB."""

import io
import json
import warnings
from decimal import Decimal

import duckdb
import networkx as nx
import pyarrow as pa
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from graph.database import arrow
from graph.engine.networkx.to_networkx import to_networkx
from graph.export import arrow_pages as export_pages
from graph.export.formats import FORMATS
from graph.models import CrossPlatformRelationship
from graph.reading.load_graph import ALL, load
from graph.view import refresh, version
from tests.graph import rows
from tests.graph.export import readers

UGLY = "=cmd <&\"'>\x01 Ünï\n;,"


@pytest.fixture
def books(tenant):
    """A graph with parallel edges, a self-loop, NULLs, lists, and texts that need escaping."""
    user = tenant.pk
    payer, payee = rows.entity(user, UGLY.replace("\n", " ")), rows.entity(user, "Acme")
    first = rows.payment(user, payer, payee, amount=3, reason=UGLY)
    for ends in ((payer, payee), (payee, payer), (payer, payer)):
        rows.payment(user, *ends)
    rows.add(
        CrossPlatformRelationship,
        user_id=user,
        relationship_id=first,
        platform_sources=["card", "ledger"],
    )
    refresh.refresh()
    return user


def written(user, name, *columns):
    """The export, of pages of two rows, and the graph that it is of."""
    graph, _ = load(user, columns or ALL)
    with export_pages.graph(user, columns or ALL, page_rows=2) as contents:
        return b"".join(FORMATS[name].write(contents)), to_networkx(graph)


def keyed(graph):
    return sorted((u, v, k) for u, v, k in graph.edges(keys=True))


def test_json_is_networkx_s_node_link(books):
    text, truth = written(books, "json")
    document = nx.node_link_graph(json.loads(text))
    assert keyed(document) == keyed(truth)
    values = {**truth.graph, "nodes": 2, "edges": 4, "as_of_version": version.version(books)}
    assert document.graph == values
    assert dict(document.nodes(data=True)) == dict(truth.nodes(data=True))
    for ends in truth.edges(keys=True):
        attributes, values = document.edges[ends], truth.edges[ends]
        assert attributes["reason"] == values["reason"]
        assert attributes["platform_sources"] == values["platform_sources"]
        assert attributes["amount"] == values["amount"]
        assert attributes["occurred_at"] == values["occurred_at"].isoformat()
        assert set(attributes) == set(values)


@pytest.mark.parametrize("name", ["graphml", "gexf"])
def test_xml_is_read_by_networkx(books, name):
    text, truth = written(books, name)
    result = getattr(nx, f"read_{name}")(io.BytesIO(text))
    assert set(result) == set(truth)
    ids = {
        data.get("id", key): (u, v, data) for u, v, key, data in result.edges(keys=True, data=True)
    }
    assert sorted((u, v, key) for key, (u, v, _) in ids.items()) == keyed(truth)
    for u, v, key, report in truth.edges(keys=True, data=True):
        attributes = ids[key][2]
        assert attributes["confidence_score"] == report["confidence_score"]
        assert attributes["is_duplicate"] is report["is_duplicate"]
        assert (
            attributes["reason"].rstrip() == report["reason"].replace("\x01", "\ufffd").rstrip()
        ), (
            u,
            v,
        )
        assert ("platform_sources" in attributes) == (report["platform_sources"] is not None)
        assert "causal_score" not in attributes
    names = {node: data["name"].replace("\x01", "\ufffd") for node, data in truth.nodes(data=True)}
    assert {node: data["name"] for node, data in result.nodes(data=True)} == names


def test_graphml_is_read_by_igraph(books, tmp_path):
    text, truth = written(books, "graphml", "amount", "confidence_score")
    (tmp_path / "g.graphml").write_bytes(text)
    result = readers.graphml_by_igraph(str(tmp_path / "g.graphml"))
    assert (result.vcount(), result.ecount(), result.is_directed()) == (2, 4, True)
    ends = sorted((result.vs[e.source]["id"], result.vs[e.target]["id"]) for e in result.es)
    assert ends == [(u, v) for u, v, _ in keyed(truth)]
    assert sorted(result.es["amount"]) == sorted(d for *_, d in truth.edges(data="amount"))


def test_csv_is_read_by_pandas_and_runs_nothing(books):
    text, truth = written(books, "csv")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        result = readers.csv_by_pandas(io.BytesIO(text))
    assert sorted(zip(result["source"], result["target"], result["id"], strict=True)) == keyed(
        truth
    )
    assert "'" + UGLY in set(result["reason"])
    assert set(result["platform_sources"]) == {"card;ledger", ""}


@pytest.mark.parametrize("columns", [(), ("amount",)])
def test_parquet_is_read_by_duckdb(books, tmp_path, columns):
    data, truth = written(books, "parquet", *columns)
    file = tmp_path / "g.parquet"
    file.write_bytes(data)
    read = duckdb.read_parquet(str(file))
    result = read.project("source, target, id, amount").order("source, target, id").fetchall()
    assert [row[:3] for row in result] == keyed(truth)
    amounts = {key: amount for *_, key, amount in truth.edges(keys=True, data="amount")}
    assert {row[2]: Decimal(row[3]) for row in result} == {
        key: Decimal(amount) for key, amount in amounts.items()
    }


def test_arrow_is_read_by_pyarrow(books):
    data, truth = written(books, "arrow")
    result = pa.ipc.open_stream(data).read_all()
    ends = zip(*(result[name].to_pylist() for name in ("source", "target", "id")), strict=True)
    assert sorted(ends) == keyed(truth)
    reasons = dict(zip(result["id"].to_pylist(), result["reason"].to_pylist(), strict=True))
    assert reasons == {key: reason for *_, key, reason in truth.edges(keys=True, data="reason")}


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_exported_as_nothing(committed, name):
    data, truth = written(rows.tenant_id(), name)
    assert truth.number_of_nodes() == 0
    read = {
        "json": lambda: nx.node_link_graph(json.loads(data)).size(),
        "graphml": lambda: nx.read_graphml(io.BytesIO(data)).size(),
        "gexf": lambda: nx.read_gexf(io.BytesIO(data)).size(),
        "csv": lambda: data.count(b"\n") - 1,
        "parquet": lambda: pa.parquet.read_table(io.BytesIO(data)).num_rows,
        "arrow": lambda: pa.ipc.open_stream(data).read_all().num_rows,
    }
    assert read[name]() == 0


@pytest.mark.parametrize("name", FORMATS)
def test_it_comes_in_pieces_as_it_is_asked_for(name, books, monkeypatch):
    """A reader who goes away after the first page has had no more than the next one read."""
    items = []
    table = arrow.TenantReader.table
    monkeypatch.setattr(
        arrow.TenantReader, "table", lambda *given: items.append(given) or table(*given)
    )
    with export_pages.graph(books, page_rows=1) as contents:
        before = len(items)
        pieces = FORMATS[name].write(contents)
        while contents.facts["edges"] < 2:
            assert next(pieces) is not None
        pieces.close()
    assert len(items) == before + 1, "the first page is there already"


def test_links_stay_away_and_what_is_no_edge_is_counted(books):
    payer = rows.entity(books, "Payer")
    rows.payment(books, payer, payer, edge_class="link", relationship_type="follows")
    rows.payment(books, payer)
    refresh.refresh()
    for edge_class, edges in ((None, 5), ("flow", 4)):
        with export_pages.graph(books, ("amount",), edge_class=edge_class, page_rows=1) as contents:
            pages = list(contents.pages)
        assert sum(page.num_rows for page in pages) == edges
        assert {*pages[0].column_names} == {"id", "source", "target", "amount"}
        assert (contents.facts["edges"], contents.facts["unresolved"]) == (edges, 1)


def test_what_was_written_since_the_refresh_is_exported(books):
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE relationship_instances SET reason = 'later'")
    text, truth = written(books, "json")
    document = nx.node_link_graph(json.loads(text))
    assert {report for *_, report in document.edges(data="reason")} == {"later"}
    assert keyed(document) == keyed(truth)


def test_the_command_writes_a_whole_file_or_none(books, tmp_path):
    file = tmp_path / "g.json"
    call_command("export_graph", user=str(books), format="json", output=file)
    assert len(json.loads(file.read_text())["edges"]) == 4
    with pytest.raises(CommandError, match="The view has no column nonsense"):
        call_command(
            "export_graph", user=str(books), format="csv", output=tmp_path / "x", columns="nonsense"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["g.json"]
