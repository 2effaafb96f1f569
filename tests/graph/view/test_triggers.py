"""Whoever writes, and however: a mark names the rows; what shows nothing new leaves none."""

import pytest
from django.core.management import call_command
from django.db import connections, transaction

from graph import models
from graph.layers import LAYERS
from graph.view import triggers
from graph.view.captured_tables import captured_tables
from tests.graph import rows

pytestmark = pytest.mark.usefixtures("committed")

FACTS = {
    "causal": (models.CausalRelationship, {"causal_direction": "both"}, "causal_score = 1"),
    "cross_platform": (
        models.CrossPlatformRelationship,
        {"platform_sources": ["card"]},
        "platform_sources = '{x}'",
    ),
    "prediction": (
        models.PredictedRelationship,
        {"prediction_confidence": 1, "prediction_reason": "x"},
        "status = 'cancelled'",
    ),
    "root_cause": (
        models.RootCauseAnalysis,
        {"root_cause_analysis": "x", "confidence": 1},
        "evidence = '{\"n\": 1}'",
    ),
    "change": (
        models.EventDeltaLog,
        {"event_key": "x", "change_type": "created"},
        "change_type = 'deleted'",
    ),
}


def execute(statement, *parameters):
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else None


def taken(user=None) -> list[tuple]:
    """The marks since the last call: (kind, became, ids)."""
    result = execute(
        "WITH gone AS (DELETE FROM change_marks RETURNING *) "
        "SELECT kind, became, ids, size FROM gone WHERE %s::uuid IS NULL OR user_id = %s "
        "ORDER BY xid, created_at",
        user,
        user,
    )
    assert all(size == len(ids) for _, _, ids, size in result)
    return [(kind, became, set(ids)) for kind, became, ids, _ in result]


@pytest.fixture
def books(committed):
    """A tenant with one payment, and no marks."""
    user = rows.tenant_id()
    payer, payee = rows.entity(user, "Works"), rows.entity(user, "Acme")
    payment = rows.payment(user, payer, payee)
    taken()
    return user, payer, payee, payment


# in place


def test_all_is_in_place_after_migrate_and_after_a_rebuild_of_the_view():
    taken()  # migrating the test database has left one
    assert triggers.missing() == []
    execute("DROP MATERIALIZED VIEW view_enriched_relationships CASCADE")
    call_command("migrate", verbosity=0)
    assert triggers.missing() == []
    assert taken() == [], "nothing was amiss, so nothing can have gone unseen"


@pytest.mark.parametrize(
    "harm",
    [
        "DROP TRIGGER captured_raw_events_update ON raw_events",
        "ALTER TABLE raw_events DISABLE TRIGGER captured_raw_events_update",
        "CREATE OR REPLACE FUNCTION captured_raw_events_update() RETURNS trigger "
        "LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NULL; END'",
    ],
)
def test_what_is_amiss_is_mended_and_anything_may_have_changed(harm):
    execute(harm)
    assert triggers.missing() == ["captured_raw_events_update"]
    call_command("migrate", verbosity=0)
    assert triggers.missing() == []
    assert taken(triggers.EVERYBODY) == [("everything", 0, set())]


def test_every_table_that_the_view_reads_is_watched():
    read = execute(
        "SELECT DISTINCT source.relname FROM pg_rewrite AS rule "
        "JOIN pg_depend AS need ON need.objid = rule.oid AND need.classid = 'pg_rewrite'::regclass "
        "JOIN pg_class AS source ON source.oid = need.refobjid AND source.relkind = 'r' "
        "WHERE rule.ev_class = 'view_enriched_relationships'::regclass"
    )
    assert {table for (table,) in read} | {"normalized_entities"} == {
        w.table for w in captured_tables()
    }


def test_every_column_that_the_view_reads_is_watched():
    read = execute(
        "SELECT source.relname, column_.attname FROM pg_rewrite AS rule "
        "JOIN pg_depend AS need ON need.objid = rule.oid AND need.classid = 'pg_rewrite'::regclass "
        "JOIN pg_class AS source ON source.oid = need.refobjid AND source.relkind = 'r' "
        "JOIN pg_attribute AS column_ ON column_.attrelid = source.oid "
        "AND column_.attnum = need.refobjsubid "
        "WHERE rule.ev_class = 'view_enriched_relationships'::regclass AND need.refobjsubid > 0"
    )
    watched = {
        (w.table, column) for w in captured_tables() for column in (*w.columns, "id", "user_id")
    }
    assert len(read) > 50
    assert set(read) - watched == set()


# the books


def test_a_payment_that_comes_names_its_matches_and_itself():
    user = rows.tenant_id()
    payer = rows.entity(user, "Works")
    source, target = rows.event(user, payer), rows.event(user)
    payment = rows.relationship(user, source, target)
    assert taken(user) == [
        ("entity", 1, {payer.id}),
        ("match", 0, {source.id}),
        ("relationship", 1, {payment.id}),
    ]


def test_soft_deletion_and_its_undoing(books):
    user, *_, payment = books
    deleted = "UPDATE relationship_instances SET deleted_at = now() WHERE id = %s"
    execute(deleted, payment)
    assert taken() == [("relationship", -1, {payment})]
    execute(deleted, payment)
    execute("UPDATE relationship_instances SET reason = 'unseen' WHERE id = %s", payment)
    assert taken() == [], "it was not in the graph, and is not"
    execute("UPDATE relationship_instances SET deleted_at = NULL WHERE id = %s", payment)
    assert taken(user) == [("relationship", 1, {payment})]


def test_an_event_counts_by_what_is_shown_of_it(books):
    *_, payment = books
    event = models.RelationshipInstance.objects.using("owner").get(id=payment).target_event_id
    execute("UPDATE raw_events SET description = 'x', updated_at = now()")
    execute("UPDATE raw_events SET amount = amount")
    assert taken() == []
    execute("UPDATE raw_events SET amount = 7 WHERE id = %s", event)
    assert taken() == [("event", 0, {event})]


def test_entities_come_change_merge_and_go(books):
    user, payer, payee, _ = books
    execute("UPDATE normalized_entities SET name = 'New' WHERE id = %s", payee.id)
    merge = "UPDATE normalized_entities SET merged_into_id = %s WHERE id = %s"
    execute(merge, payer.id, payee.id)
    execute(merge, None, payee.id)
    execute("UPDATE normalized_entities SET updated_at = now()")
    assert taken(user) == [
        ("entity", 0, {payee.id}),
        ("entity", -1, {payee.id}),
        ("entity", 1, {payee.id}),
    ]


def test_a_match_names_its_event_before_and_after(books):
    user, payer, *_ = books
    one, other = rows.event(user, payer), rows.event(user)
    taken()
    execute("UPDATE entity_matches SET event_id = %s WHERE event_id = %s", other.id, one.id)
    assert taken() == [("match", 0, {one.id, other.id})]
    execute("UPDATE entity_matches SET reason = 'x' WHERE event_id = %s", other.id)
    assert taken() == []
    execute("DELETE FROM entity_matches WHERE event_id = %s", other.id)
    assert taken() == [("match", 0, {other.id})]


def test_what_the_database_deletes_along_is_marked(books):
    user, *_, payment = books
    rows.add(
        models.CausalRelationship,
        user_id=user,
        relationship_id=payment,
        causal_direction="both",
    )
    taken()
    execute("DELETE FROM raw_events WHERE user_id = %s", user)
    assert {(kind, became) for kind, became, _ in taken()} == {
        ("event", 0),
        ("match", 0),
        ("relationship", -1),
        ("causal", 0),
    }


# the layers


@pytest.mark.parametrize("layer", FACTS)
def test_facts_name_their_relationship(books, layer):
    user, *_, payment = books
    model, values, change = FACTS[layer]
    fact = rows.add(model, user_id=user, relationship_id=payment, **values)
    expected = [(layer, 0, {payment})]
    assert taken(user) == expected
    for marks in (expected, []):  # the same again is no change
        execute(f"UPDATE {fact._meta.db_table} SET {change}")  # noqa: S608
        assert taken() == marks
    execute(f"DELETE FROM {fact._meta.db_table}")  # noqa: S608
    assert taken() == expected


def test_a_duplicate_names_the_repeating_relationship(books):
    user, payer, payee, payment = books
    other = rows.payment(user, payer, payee)
    taken()
    rows.add(
        models.DuplicateTransaction,
        user_id=user,
        relationship_id=other,
        original_relationship_id=payment,
        duplicate_confidence=1,
    )
    assert taken() == [("fraud", 0, {other})]
    execute("UPDATE duplicate_transactions SET status = 'dismissed'")
    assert taken() == [("fraud", 0, {other})]


def test_a_shared_pattern_is_one_mark_however_many_share_it(books):
    user, payer, payee, payment = books
    season = rows.add(
        models.SeasonalPattern, user_id=user, key="k", seasonal_strength=1, seasonal_months=[1]
    )
    ids = {payment, *(rows.payment(user, payer, payee) for _ in range(3))}
    execute("UPDATE relationship_instances SET seasonal_pattern_id = %s", season.id)
    assert taken(user)[-1] == ("relationship", 0, ids)
    execute("UPDATE seasonal_patterns SET seasonal_strength = 0.5")
    assert taken() == [("seasonal", 0, {season.id})]
    execute("DELETE FROM seasonal_patterns")
    assert sorted(taken()) == [("relationship", 0, ids), ("seasonal", 0, {season.id})]


def test_all_layers_are_declared_once():
    assert {layer.name for layer in LAYERS} < {table.kind for table in captured_tables()}


# ways of writing


def test_a_row_that_changes_its_tenant_leaves_one_and_comes_to_the_other():
    one, other = rows.tenant_id(), rows.tenant_id()
    entity = rows.entity(one, "Moves")
    taken()
    execute("UPDATE normalized_entities SET user_id = %s", other)
    marks = execute("SELECT user_id, became, ids FROM change_marks")
    assert sorted(marks, key=str) == sorted(
        [(one, -1, [entity.id]), (other, 1, [entity.id])], key=str
    )


def test_copy_is_seen(committed):
    user = rows.tenant_id()
    with connections["owner"].cursor() as cursor:
        columns = "COPY normalized_entities (user_id, kind, name, identity) FROM STDIN"
        with cursor.copy(columns) as copy:
            for n in range(1000):
                copy.write_row((user, "vendor", f"v{n}", f"v{n}"))
    [(kind, became, ids)] = taken()
    assert (kind, became, len(ids)) == ("entity", 1, 1000)


def test_upserts_are_seen_as_what_they_did(books):
    user, payer, *_ = books
    upsert = (
        "INSERT INTO normalized_entities (user_id, kind, name, identity) VALUES "
        "(%s, 'vendor', 'New', 'works'), (%s, 'vendor', 'Other', 'other') "
        "ON CONFLICT (user_id, kind, identity) DO UPDATE SET name = excluded.name"
    )
    execute(upsert, user, user)
    result = taken()
    assert ("entity", 0, {payer.id}) in result
    assert sorted(became for _, became, _ in result) == [0, 1]
    execute(upsert, user, user)
    assert taken() == []


@pytest.mark.parametrize("table", [item.table for item in captured_tables()])
def test_a_truncated_table_concerns_everybody(table):
    execute(f"TRUNCATE {table} CASCADE")
    assert ("everything", 0, set()) in taken(triggers.EVERYBODY)


def test_what_is_rolled_back_leaves_no_mark(books):
    user, *_ = books
    with transaction.atomic(using="owner"):
        execute("SAVEPOINT before")
        rows.entity(user, "Never")
        execute("ROLLBACK TO before")
        entity = rows.entity(user, "Kept")
    assert taken() == [("entity", 1, {entity.id})]


def test_one_statement_is_one_mark_a_tenant():
    one, other = rows.tenant_id(), rows.tenant_id()
    execute(
        "INSERT INTO normalized_entities (user_id, kind, name, identity) "
        "SELECT user_id, 'vendor', n::text, n::text "
        "FROM unnest(%s::uuid[]) AS user_id, generate_series(1, 50) AS n",
        [one, other],
    )
    assert [size for (size,) in execute("SELECT size FROM change_marks")] == [50, 50]


def test_a_write_takes_no_lock_that_another_writer_of_the_tenant_waits_for(books):
    *_, payee, payment = books
    with transaction.atomic(using="owner"):
        execute("UPDATE relationship_instances SET reason = 'slow' WHERE id = %s", payment)
        other = connections.create_connection("owner")
        with other.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1ms'")
            cursor.execute("UPDATE normalized_entities SET name = 'x' WHERE id = %s", [payee.id])
            cursor.execute("RESET lock_timeout")
        other.close()
    assert {kind for kind, _, _ in taken()} == {"entity", "relationship"}
