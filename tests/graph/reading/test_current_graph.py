"""Fresh reads: whatever is committed is seen at once, however it came, with no refresh between.

The benchmark `python -m benchmarks.freshness` runs thousands of the same histories.
"""

import random

import pyarrow as pa
import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph import models
from graph.engine import columns
from graph.reading import current_graph
from graph.reading.load_graph import load
from graph.view import refresh
from tests.graph import rows
from tests.oracle import histories

pytestmark = pytest.mark.usefixtures("committed")


def execute(statement, *parameters):
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)


@pytest.fixture(autouse=True)
def usual_thresholds(monkeypatch):
    monkeypatch.setattr(current_graph, "PATCHED_ANYWAY", current_graph.PATCHED_ANYWAY)
    monkeypatch.setattr(refresh, "LOCK_TIMEOUT", refresh.LOCK_TIMEOUT)


@pytest.mark.parametrize("seed", range(4))
def test_readers_see_what_the_tables_hold(seed):
    """Also in the middle of a refresh, and after one that died."""
    choices = random.Random(seed)
    with histories.sessions() as writers:
        history = histories.History(seed, choices.randrange, writers)
        history.run(60)
    assert history.comparisons > 15


@pytest.mark.parametrize("seed", range(10, 12))
def test_readers_of_a_large_tenant_see_it_too(seed, monkeypatch):
    """Whose patterns are read once each, from their own tables."""
    monkeypatch.setattr("graph.reading.load_graph.LARGE", 0)
    test_readers_see_what_the_tables_hold(seed)


def test_what_many_share_is_read_once(monkeypatch):
    user, payer, payee, *_ = small_books()
    rows.payment(user, payer, payee)
    refresh.refresh()
    usual, _ = load(user)
    monkeypatch.setattr("graph.reading.load_graph.LARGE", 0)
    large, queries = load(user)
    # three patterns' tables, what few relationships have, and what the keys stand for
    assert queries == 2 + 3 + 1 + 1
    assert plain(large).equals(usual.edges)


def test_what_is_read_apart_is_patched_too(monkeypatch):
    """With few changes: the view's rows as codes, beside those that were read anew."""
    user, payer, payee, payment, _ = small_books()
    rows.payment(user, payer, payee)
    refresh.refresh()
    execute("UPDATE relationship_instances SET reason = 'changed' WHERE id = %s", payment)
    usual, _ = load(user)
    monkeypatch.setattr("graph.reading.load_graph.LARGE", 0)
    large, _ = load(user)
    assert large.edges["seasonal_months"].num_chunks == 2
    assert plain(large).sort_by("reason").equals(usual.edges.sort_by("reason"))


def plain(graph):
    return pa.table({name: columns.plain(graph.edges[name]) for name in graph.edges.column_names})


def small_books():
    user = rows.tenant_id()
    payer, payee = rows.entity(user, "Works"), rows.entity(user, "Acme")
    payment = rows.payment(user, payer, payee)
    season = rows.add(
        models.SeasonalPattern, user_id=user, key="k", seasonal_strength=1, seasonal_months=[1]
    )
    execute("UPDATE relationship_instances SET seasonal_pattern_id = %s", season.id)
    refresh.refresh()
    return user, payer, payee, payment, season


def column(user, name: str) -> list:
    return load(user, [name])[0].edges[name].to_pylist()


def test_a_changed_pattern_is_seen_in_every_row_that_shares_it():
    user, payer, payee, _, season = small_books()
    shared = rows.payment(user, payer, payee, seasonal_pattern_id=season.id)
    alone = rows.payment(user, payer, payee)
    refresh.refresh()
    execute("UPDATE seasonal_patterns SET seasonal_months = '{2,3}' WHERE id = %s", season.id)
    assert sorted(map(str, column(user, "seasonal_months"))) == ["None", "[2, 3]", "[2, 3]"]
    execute("UPDATE relationship_instances SET seasonal_pattern_id = NULL WHERE id = %s", shared)
    execute(
        "UPDATE relationship_instances SET seasonal_pattern_id = %s WHERE id = %s", season.id, alone
    )
    graph, queries = load(user, ["seasonal_months"])
    assert queries == 5, "nodes, the view, the pattern, the stale, and those anew"
    months = dict(
        zip(
            map(str, graph.edges["id"].to_pylist()),
            graph.edges["seasonal_months"].to_pylist(),
            strict=True,
        )
    )
    assert (months[str(shared)], months[str(alone)]) == (None, [2, 3])


def test_marks_of_columns_that_are_not_read_cost_nothing():
    user, _, _, payment, _ = small_books()
    execute("UPDATE seasonal_patterns SET seasonal_strength = 0.5")
    rows.add(
        models.CausalRelationship, user_id=user, relationship_id=payment, causal_direction="both"
    )
    assert load(user, ["amount", "seasonal_pattern_id"])[1] == 2
    assert load(user, ["causal_direction"])[1] == 4
    assert column(user, "seasonal_strength") == [0.5]


def test_a_match_and_the_relationship_of_its_event_committed_by_two_while_a_refresh_runs():
    """The one that inserts the match cannot see the relationship, nor the other the match."""
    user, payer, payee, _, _ = small_books()
    source, target = rows.event(user, payer), rows.event(user)
    match = (
        "INSERT INTO entity_matches (user_id, event_id, entity_id, confidence) "
        "VALUES (%s, %s, %s, 1)"
    )
    with histories.sessions(1) as [slow]:
        slow.begin()
        assert slow.write(match, [user, target.id, payee.id])
        late = rows.relationship(user, source, target)
        refresh.refresh()
        slow.end("COMMIT")
    graph, _ = load(user, ())
    assert str(late.id) in map(str, graph.edges["id"].to_pylist())
    assert graph.unresolved == 0


def test_marking_the_same_row_twice_makes_nobody_wait_and_loses_nothing():
    user, *_, payment, _ = small_books()
    with histories.sessions(1) as [slow]:
        slow.begin()
        season = "UPDATE seasonal_patterns SET seasonal_strength = 0.25 WHERE user_id = %s"
        assert slow.write(season, [user])
        execute("UPDATE relationship_instances SET reason = 'new' WHERE id = %s", payment)
        rows.add(
            models.CausalRelationship,
            user_id=user,
            relationship_id=payment,
            causal_direction="both",
        )
        refresh.refresh()
        slow.end("COMMIT")
    assert column(user, "seasonal_strength") == [0.25]
    assert column(user, "reason") == ["new"]


def test_a_reader_in_the_middle_of_a_refresh_sees_one_snapshot():
    user, *_, payment, _ = small_books()
    execute("UPDATE relationship_instances SET reason = 'before' WHERE id = %s", payment)
    with refresh.only_refresher(wait=False) as connection, refresh.refreshing(connection, True):
        assert column(user, "reason") == ["before"]
        execute("UPDATE relationship_instances SET reason = 'during' WHERE id = %s", payment)
        assert column(user, "reason") == ["during"]
    assert column(user, "reason") == ["during"]


def test_where_most_has_changed_all_is_read_live(monkeypatch):
    monkeypatch.setattr(current_graph, "PATCHED_ANYWAY", 0)
    user, *_, payment, _ = small_books()
    execute("UPDATE relationship_instances SET reason = 'new' WHERE id = %s", payment)
    read = []
    monkeypatch.setattr(current_graph, "_of_view", lambda *given: read.append(given))
    assert column(user, "reason") == ["new"]
    assert read == []


@settings(
    max_examples=max(1, settings.default.max_examples // 37),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_histories_that_shrink(data):
    histories.emptied()
    with histories.sessions() as writers:
        history = histories.History(0, lambda n: data.draw(st.integers(0, n - 1)), writers)
        history.run(15)
