"""What the keys of the tables refuse, and what a deletion takes along."""

import json
import uuid

import pytest
from django.db import IntegrityError
from psycopg.sql import SQL, Identifier

from tests.graph.models.conftest import Books, execute, refused
from tests.graph.models.test_tables import KEYS, TABLES


def test_no_relationship_is_its_own_canonical_one(books):
    with pytest.raises(IntegrityError, match="relationship_instances_not_its_own_canonical"):
        execute(
            "UPDATE relationship_instances SET canonical_id = id WHERE id = %s", books.relationship
        )


def test_a_view_counts_itself_when_the_one_that_counted_is_taken_out(books):
    """Soft deletion of the canonical row; a link's has no such effect."""
    view = books.made("relationship_instances")
    select = "SELECT canonical_id FROM relationship_instances WHERE id = %s"
    assert execute(select, view) == [(books.relationship,)]
    take_out = "UPDATE relationship_instances SET deleted_at = now() WHERE id = %s"
    execute(take_out, books.relationship)
    assert execute(select, view) == [(None,)]


def test_no_entity_is_merged_into_itself(books):
    with pytest.raises(IntegrityError, match="normalized_entities_not_into_itself"):
        execute("UPDATE normalized_entities SET merged_into_id = id WHERE id = %s", books.entity)


@pytest.mark.parametrize(("table", "column", "to", "on_delete"), KEYS)
def test_no_row_points_at_another_tenants(table, column, to, on_delete, books):
    theirs = Books().row(table)[column]
    rule = f"{table}_{column}_tenant_fkey"
    refused(books.row(table, **{column: theirs}), table, by=rule)
    refused(books.row(table, **{column: uuid.uuid4()}), table, by=rule)


@pytest.mark.parametrize(("table", "column", "to", "on_delete"), KEYS)
def test_what_goes_when_a_row_goes(table, column, to, on_delete, books):
    """CASCADE takes the row along; SET NULL empties its pointer and nothing else of it."""
    row_id, pointer = books.made(table), books.row(table)[column]
    select = SQL("SELECT to_jsonb(it) FROM {} AS it WHERE id = %s").format(Identifier(table))
    before = json.loads(execute(select, row_id)[0][0])
    assert execute(SQL("DELETE FROM {} WHERE id = %s RETURNING 1").format(Identifier(to)), pointer)
    after = [json.loads(row) for (row,) in execute(select, row_id)]
    assert before[column] == str(pointer)
    assert after == ([] if on_delete == "CASCADE" else [before | {column: None}])


def test_an_event_takes_along_all_but_the_log_of_its_changes(books):
    facts = [table for table in TABLES if "relationship_id" in books.row(table)]
    row_ids = {table: books.made(table) for table in ("entity_matches", *facts)}
    execute("DELETE FROM raw_events WHERE id = %s", books.event)
    remaining = {
        table: execute(SQL("SELECT id FROM {} WHERE id = %s").format(Identifier(table)), row_id)
        for table, row_id in row_ids.items()
    }
    assert [table for table, rows in remaining.items() if rows] == ["event_delta_logs"]
    logged = "SELECT user_id, relationship_id, event_key FROM event_delta_logs WHERE id = %s"
    ((user_id, relationship, key),) = execute(logged, row_ids["event_delta_logs"])
    assert (user_id, relationship) == (books.user_id, None)
    assert key
    assert execute("SELECT id FROM relationship_instances WHERE user_id = %s", books.user_id) == []
    text = "SELECT id FROM normalized_entities WHERE user_id = %s"
    assert set(execute(text, books.user_id)) == {(books.standing,), (books.entity,)}


def test_one_tenants_deletion_is_no_others(books):
    other = Books()
    execute("DELETE FROM raw_events WHERE user_id = %s", books.user_id)
    rows = execute("SELECT user_id FROM relationship_instances")
    assert {user_id for (user_id,) in rows} == {other.user_id}
