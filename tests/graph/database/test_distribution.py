"""The tables can be distributed by tenant: each exception has a reason, and the SQL runs.

Without Citus, functions with the names of its own refuse what Citus refuses. PostgreSQL runs the
statements in a transaction that is rolled back.
"""

from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.db.utils import DatabaseError

from graph.database import distribution, tenant_keys
from graph.models.view_sql import VIEW, materialized_sql
from tests.graph import rows

pytestmark = pytest.mark.usefixtures("committed")
RULES = Path(__file__).with_name("rules_of_citus.sql")


@contextmanager
def rolled_back():
    """A cursor of the owner, whose changes are rolled back."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        yield cursor
        transaction.set_rollback(True, using="owner")


def run(cursor, statements):
    for statement in statements:
        cursor.execute(statement)


def test_every_key_without_the_tenant_has_a_reason():
    with connections["owner"].cursor() as cursor:
        assert list(tenant_keys.problems(cursor)) == []


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (
            "CREATE TABLE notes (id uuid PRIMARY KEY, user_id uuid NOT NULL)",
            "The primary key notes_pkey of notes has no reason in EXCEPTIONS.",
        ),
        (
            "CREATE UNIQUE INDEX hashes ON raw_events (content_hash)",
            "The unique key hashes of raw_events has no reason in EXCEPTIONS.",
        ),
        (
            "ALTER TABLE saved_mappings ADD COLUMN of uuid CONSTRAINT of_event "
            "REFERENCES raw_events (id)",
            "The foreign key of_event of saved_mappings has no reason in EXCEPTIONS.",
        ),
        (
            "ALTER TABLE saved_mappings ADD COLUMN of uuid, ADD CONSTRAINT of_upload "
            "FOREIGN KEY (user_id, of) REFERENCES uploads (user_id, id)",
            "The distributed table saved_mappings refers to uploads, which is not distributed.",
        ),
        ("CREATE TABLE notes (id int)", "The table notes has no user_id and no reason in STAYS."),
        (
            "ALTER TABLE enrichments DROP CONSTRAINT enrichments_pkey",
            "The key enrichments_pkey is listed but is no exception.",
        ),
        ("DROP TABLE saved_filters", "The table saved_filters is listed but does not exist."),
    ],
)
def test_a_key_or_table_without_a_reason_is_a_problem(harm, problem):
    with rolled_back() as cursor:
        cursor.execute(harm)
        assert list(tenant_keys.problems(cursor)) == [problem]
        with pytest.raises(CommandError, match=problem):
            call_command("distribute", stdout=StringIO())


@pytest.fixture
def books():
    """Payments of two tenants, some between parties that are not known."""
    for _ in range(2):
        user = rows.tenant_id()
        payer, payee = rows.entity(user, "Works"), rows.entity(user, "Acme")
        for amount in range(1, 4):
            rows.payment(user, payer, payee, amount)
        rows.payment(user, payer, None, 5)


def test_the_statements_run_and_the_shards_view_has_the_rows_of_the_view(books):
    with rolled_back() as cursor:
        extension, *statements = distribution.statements(cursor)
        tables = tenant_keys.distributed(cursor)
        run(cursor, [RULES.read_text(), *statements])
        assert extension == distribution.EXTENSION
        cursor.execute("SELECT name FROM distributed WHERE NOT is_reference")
        assert {name for (name,) in cursor.fetchall()} == {*tables, VIEW}
        cursor.execute(
            f"SELECT count(*), (SELECT count(*) FROM ({difference()}) AS wrong) FROM {VIEW}"  # noqa: S608
        )
        assert cursor.fetchone() == (8, 0)


def difference():
    """SQL of the rows that only one of the distributed view and its SELECT has."""
    view, query = f"SELECT * FROM {VIEW}", materialized_sql()  # noqa: S608
    return f"({view} EXCEPT {query}) UNION ALL (({query}) EXCEPT {view})"


@pytest.mark.parametrize(
    ("without", "refused"),
    [
        ("PRIMARY KEY (user_id, id)", "primary key|_pkey|null"),
        ("enable_unsafe_triggers", "has triggers"),
        ("('raw_events', 'user_id')", "raw_events is not distributed yet"),
        ("'normalized_entities'", "cannot be kept by a shard"),
        ('DROP CONSTRAINT "relationship_instances_pattern_id_tenant_fkey"', "cannot be kept"),
    ],
)
def test_a_statement_that_is_left_out_is_missed(without, refused):
    with rolled_back() as cursor:
        _, *statements = distribution.statements(cursor)
        left = [statement for statement in statements if without not in statement]
        assert len(left) < len(statements)
        if without.startswith("PRIMARY"):
            left = [statement for statement in left if "_pkey" not in statement]
        with pytest.raises(DatabaseError, match=refused), transaction.atomic(using="owner"):
            run(cursor, [RULES.read_text(), *left])


def test_each_table_comes_after_those_to_which_it_refers():
    with connections["owner"].cursor() as cursor:
        order = tenant_keys.distributed(cursor)
        references = dict(tenant_keys._tables(cursor))
        printed = distribution.statements(cursor)
    assert len(order) == len(set(order)) >= 25
    calls = [line.split("'")[1] for line in printed if "create_distributed_table(" in line]
    assert calls[0] == distribution.FIRST
    assert calls[-1] == VIEW
    for table in order:
        for other in set(references[table]) & set(order):
            assert calls.index(other) < calls.index(table)


def test_the_command_prints_the_script_and_the_reasons():
    script, listed = StringIO(), StringIO()
    call_command("distribute", print_sql=True, stdout=script)
    call_command("distribute", stdout=listed)
    assert script.getvalue().startswith("-- Distributes finley's tables")
    with connections["owner"].cursor() as cursor:
        for statement in distribution.statements(cursor):
            assert f"{statement.strip()};" in script.getvalue()
    for name, reason in {**tenant_keys.EXCEPTIONS, **tenant_keys.STAYS}.items():
        assert name in listed.getvalue()
        assert reason in listed.getvalue()


def test_citus_itself_runs_the_statements(books):
    with rolled_back() as cursor:
        cursor.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'citus'")
        if cursor.fetchone() == (0,):
            pytest.skip("Citus is not installed in this PostgreSQL")
        run(cursor, distribution.statements(cursor))
        cursor.execute(f"SELECT count(*) FROM {VIEW}")  # noqa: S608
        assert cursor.fetchone() == (8,)
