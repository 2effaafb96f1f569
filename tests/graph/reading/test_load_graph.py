"""The view → a graph: two queries, one snapshot, only what was asked, only one's own."""

import re
from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections
from psycopg.sql import SQL, Literal

from graph.database import arrow
from graph.engine.networkx.to_networkx import to_networkx
from graph.errors import ViewMissing, ViewUnpopulated
from graph.models import CausalRelationship, CrossPlatformRelationship, SeasonalPattern
from graph.reading.load_graph import FACTS, LAYER_COLUMNS, load
from graph.view import refresh
from tests.graph import rows
from tests.oracle import ten_fetches
from tests.oracle.compared import same_graph
from tests.wire import Wire

pytestmark = pytest.mark.usefixtures("committed")

FIRST, SECOND = "normalized_entities", "tenant_relationships"
EDGES = SQL("SELECT id, reason FROM tenant_relationships WHERE user_id = {} ORDER BY id")


@pytest.fixture
def wire(committed, monkeypatch) -> Iterator[Wire]:
    """The application's Arrow connections, by way of a listener."""
    usual = arrow.pool()
    with Wire(usual.conninfo) as listener:
        listened = arrow.Pool(listener.through, size=2, timeout_seconds=5)
        monkeypatch.setitem(arrow._pools, usual.conninfo, listened)
        yield listener
        listened.close()


def executed_on_tables(wire: Wire) -> list[str]:
    """The statements that ran and name any of our tables or the view."""
    names = "|".join(model._meta.db_table for model in apps.get_models())
    return [text for text in wire.executed if re.search(rf"\b({names})\b", text)]


def execute(statement, *parameters):
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)


def small_books():
    """A tenant with two payments between a department and a vendor; everything is refreshed."""
    user = rows.tenant_id()
    payer, payee = rows.entity(user, "Works", kind="department"), rows.entity(user, "Acme")
    ids = [rows.payment(user, payer, payee, amount=n, reason="marked") for n in (1, 2)]
    refresh.refresh()
    return user, payer, payee, ids


# queries, counted at the connection


@pytest.mark.parametrize("builds_before", [0, 1])
def test_a_build_takes_two_queries(wire, builds_before):
    user, *_ = small_books()
    for _ in range(builds_before):
        load(user)
    wire.forget()
    graph, report = load(user)
    assert graph.edge_count == 2
    first, second = executed_on_tables(wire)
    assert FIRST in first
    assert f"FROM {SECOND}" not in first, "its state is asked for, not its rows"
    assert SECOND in second
    assert FIRST not in second
    assert report == 2


def test_builds_share_one_kept_connection(wire):
    user, *_ = small_books()
    load(user)
    connections_before = wire.made  # the driver looks the types up on a connection of its own, once
    load(user)
    load(user)
    assert wire.made == connections_before <= 2
    assert wire.held == 1


def test_a_kept_connection_runs_nothing_else_but_the_transaction(wire):
    user, *_ = small_books()
    load(user)
    wire.forget()
    load(user)
    queries = executed_on_tables(wire)
    others = [text for text in wire.executed if text not in queries]
    control = re.compile(r"(BEGIN|COMMIT|ROLLBACK|START|SET)\b")
    assert [text for text in others if not control.match(text)] == []
    assert len(others) <= 8


def test_the_listener_does_count(wire):
    """Two loads are four queries: the count would show a third query of one load."""
    user, *_ = small_books()
    load(user)
    load(user, ())
    assert len(executed_on_tables(wire)) == 4


# one snapshot


def test_what_is_committed_between_the_two_queries_is_not_seen(wire):
    user, payer, payee, (changed, _) = small_books()
    before, _ = load(user)
    happened = []

    def between(text: str) -> None:
        if SECOND in text and not happened:
            happened.append(text)
            change_and_delete(changed, payee)

    wire.before = between
    during, _ = load(user)
    after, _ = load(user)
    assert happened, "nothing was changed in between"
    assert (during.node_count, during.edge_count, during.dangling) == (2, 2, 0)
    assert same_graph(to_networkx(during), to_networkx(before))
    assert (after.node_count, after.unresolved) == (1, 2)
    assert after.node_ids() == [str(payer.id)]


def change_and_delete(relationship, entity) -> None:
    """Committed and refreshed, from the listener's thread."""
    try:
        execute("UPDATE relationship_instances SET reason = 'new' WHERE id = %s", relationship)
        execute("DELETE FROM normalized_entities WHERE id = %s", entity.id)
        refresh.refresh()
    finally:
        connections.close_all()


def test_a_reader_sees_the_same_edges_twice():
    user, *_, (changed, _) = small_books()
    with arrow.tenant_snapshot(user) as reader:
        first = reader.table(EDGES.format(Literal(user)))
        execute("UPDATE relationship_instances SET reason = 'new' WHERE id = %s", changed)
        refresh.refresh()
        assert reader.table(EDGES.format(Literal(user))).equals(first)
        assert reader.queries == 2
    with arrow.tenant_snapshot(user) as reader:
        assert "new" in reader.table(EDGES.format(Literal(user)))["reason"].to_pylist()


# what crosses the wire


def test_only_asked_columns_cross_the_wire(wire):
    user, *_ = small_books()
    graph, _ = load(user, ["amount"])
    assert graph.edges.column_names == ["id", "amount"]
    assert b"marked" not in wire.answers
    assert "reason" not in " ".join(wire.executed)
    load(user, ["reason"])
    assert b"marked" in wire.answers


def test_a_column_asked_twice_or_none_at_all():
    user, *_ = small_books()
    graph, _ = load(user, ["amount", "amount"])
    assert graph.edges.column_names == ["id", "amount"]
    bare, queries = load(user, ())
    assert (bare.edges.column_names, bare.edge_count, queries) == (["id"], 2, 2)


def test_an_unknown_column_is_refused_before_any_query(wire):
    with pytest.raises(ValueError, match=r"The view has no column a; DROP, nonsense\."):
        load(rows.tenant_id(), ["amount", "nonsense", "a; DROP"])
    assert wire.executed == []


def test_flow_leaves_the_links_out():
    user, payer, payee, _ = small_books()
    link = rows.payment(user, payer, payee, edge_class="link", relationship_type="reversal")
    refresh.refresh()
    both, _ = load(user, ["edge_class"])
    flow, _ = load(user, ["edge_class"], edge_class="flow")
    links, _ = load(user, ["edge_class"], edge_class="link")
    assert (both.edge_count, flow.edge_count, links.edge_count) == (3, 2, 1)
    assert [str(item) for item in links.edges["id"].to_pylist()] == [str(link)]


# what it makes of the rows


def test_the_graph_is_the_one_of_the_ten_fetches():
    user, payer, payee, (first, second) = small_books()
    rows.payment(user, payer, None)
    season = rows.add(
        SeasonalPattern, user_id=user, key="k", seasonal_strength=1, seasonal_months=[1, 12]
    )
    execute(
        "UPDATE relationship_instances SET seasonal_pattern_id = %s WHERE id = %s", season.id, first
    )
    rows.add(
        CrossPlatformRelationship,
        user_id=user,
        relationship_id=second,
        platform_sources=["card", "ledger"],
    )
    refresh.refresh()
    graph, _ = load(user)
    ours, truth = to_networkx(graph), ten_fetches.build(user, using="owner")
    assert same_graph(ours, truth)
    assert ours.number_of_edges() == 2
    assert ours.graph == {"unresolved": 1, "dangling": 0}
    edge = ours.edges[str(payer.id), str(payee.id), str(second)]
    assert edge["platform_sources"] == ["card", "ledger"]
    assert edge["amount"] == str(Decimal("2.0000"))


def test_layers_that_say_nothing_are_null():
    user, payer, payee, (first, second) = small_books()
    rows.add(
        CausalRelationship,
        user_id=user,
        relationship_id=first,
        causal_score=None,
        causal_direction="forward",
    )
    refresh.refresh()
    edges = to_networkx(load(user)[0])[str(payer.id)][str(payee.id)]
    silent = set(LAYER_COLUMNS) - {"is_duplicate"}
    assert {edges[str(second)][name] for name in silent} == {None}
    assert edges[str(second)]["is_duplicate"] is False
    distinct = {name for name in silent if edges[str(first)][name] is not None}
    assert distinct == {"causal_relationship_id", "causal_direction"}
    graph, _ = load(user, ["causal_score"])
    assert graph.numbers("causal_score").tolist() == pytest.approx([float("nan")] * 2, nan_ok=True)


def test_unresolved_and_dangling_relationships_are_counted():
    user, payer, payee, _ = small_books()
    missing = rows.entity(user, "Gone")
    rows.payment(user, payer, missing)
    rows.payment(user, missing, missing)
    rows.payment(user, payer, None)
    rows.payment(user, None, None)
    refresh.refresh()
    assert counted(user) == (4, 2, 0)
    merged = "UPDATE normalized_entities SET merged_into_id = %s WHERE id = %s"
    execute(merged, payee.id, missing.id)  # and its events do not follow
    assert counted(user) == (2, 2, 2)
    execute("DELETE FROM normalized_entities WHERE id = %s", missing.id)
    assert counted(user) == (2, 4, 0)
    graph, _ = load(user, ())
    assert graph.node_ids() == sorted([str(payer.id), str(payee.id)])


def counted(user) -> tuple[int, int, int]:
    graph, _ = load(user)
    return graph.edge_count, graph.unresolved, graph.dangling


def test_a_tenant_without_data_has_an_empty_graph(wire):
    small_books()
    graph, queries = load(rows.tenant_id())
    assert (graph.node_count, graph.edge_count, graph.unresolved, graph.dangling) == (0, 0, 0, 0)
    assert set(graph.edges.column_names) == {"id", *FACTS, *LAYER_COLUMNS}
    assert (queries, len(executed_on_tables(wire))) == (2, 2)
    assert to_networkx(graph).number_of_nodes() == 0


def test_entities_without_relationships_are_nodes():
    user = rows.tenant_id()
    rows.entity(user, "Alone")
    refresh.refresh()
    graph, _ = load(user)
    assert graph.nodes.select(["kind", "name"]).to_pylist() == [{"kind": "vendor", "name": "Alone"}]
    assert isinstance(graph.edges, pa.Table)


def test_the_tenants_are_apart(wire):
    one, *_ = small_books()
    other, payer, payee, ids = small_books()
    wire.forget()
    graph, _ = load(other)
    assert sorted(graph.node_ids()) == sorted([str(payer.id), str(payee.id)])
    assert {str(item) for item in graph.edges["id"].to_pylist()} == {str(item) for item in ids}
    assert not any(one.hex in text.replace("-", "") for text in wire.executed)
    assert any("SET LOCAL" in text and str(other) in text for text in wire.executed)
    assert all(other.hex in text for text in executed_on_tables(wire))


# what is wrong, and the command that mends it


def test_a_view_never_filled_names_its_mending():
    execute("REFRESH MATERIALIZED VIEW view_enriched_relationships WITH NO DATA")
    with pytest.raises(ViewUnpopulated, match="refresh_enriched_view --no-concurrently"):
        load(rows.tenant_id())
    call_command("refresh_enriched_view", "--no-concurrently", verbosity=0)
    assert load(rows.tenant_id())[1] == 2


def test_a_missing_view_names_its_mending():
    execute("DROP MATERIALIZED VIEW view_enriched_relationships CASCADE")
    try:
        with pytest.raises(ViewMissing, match=r"manage\.py migrate"):
            load(rows.tenant_id())
    finally:
        call_command("migrate", verbosity=0)
    assert load(rows.tenant_id())[1] == 2
