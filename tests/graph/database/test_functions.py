"""The database's functions: replaced where they can be, and reported where they are missing."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from graph.database import functions, grants, role
from graph.system_checks import the_functions_are_there
from graph.view import refresh
from tests.graph.api.conftest import keep_books
from tests.graph.api.shapes import V1

OIDS = "SELECT oid, oid::regprocedure::text FROM pg_proc WHERE proname = ANY (%s) ORDER BY 2"
SIGNATURE = "relationships_json(uuid, uuid[], date)"


@pytest.fixture
def owner(committed):
    with connections["owner"].cursor() as cursor:
        yield cursor
    grants.put_in_place(using="owner")


def oids(cursor):
    """The id of each function, by signature."""
    names = [signature.partition("(")[0] for signature in functions.statements()]
    cursor.execute(OIDS, [names])
    return {signature: oid for oid, signature in cursor.fetchall()}


def test_a_function_is_dropped_only_if_it_cannot_be_replaced(owner):
    before = oids(owner)
    assert len(before) == len(functions.statements())
    grants.put_in_place(using="owner")
    assert oids(owner) == before
    owner.execute(
        "CREATE FUNCTION relationships_json(uuid) RETURNS text LANGUAGE sql RETURN NULL; "
        "CREATE FUNCTION relationships_json(text, text, text) RETURNS text LANGUAGE sql RETURN '';"
        "DROP FUNCTION books_of(uuid, date); "
        "CREATE FUNCTION books_of(uuid, date) RETURNS TABLE (month text) "
        "LANGUAGE sql RETURN NULL"
    )
    grants.put_in_place(using="owner")
    after = oids(owner)
    owner.execute("DROP FUNCTION relationships_json(uuid)")
    assert after.keys() - before.keys() == {"relationships_json(uuid)"}, "of the release that runs"
    again = {signature for signature in before if before[signature] != after[signature]}
    assert again == {"books_of(uuid,date)"}
    if role.application_role() != role.current_role("owner"):
        owner.execute(
            "SELECT has_function_privilege(%s, oid, 'EXECUTE') FROM pg_proc WHERE oid = ANY (%s)",
            [role.application_role(), [after[signature] for signature in before]],
        )
        assert {may for (may,) in owner.fetchall()} == {True}


def test_a_missing_function_is_reported(owner, api, tenant):
    books = keep_books(tenant.id)
    refresh.refresh()
    assert the_functions_are_there(databases=["owner"]) == []
    owner.execute(f"DROP FUNCTION {SIGNATURE}")
    answer = api.get(f"{V1}relationships/{books.plain}/")
    assert answer.status_code == 503
    assert "manage.py migrate" in json.loads(answer.content)["detail"]
    readiness = Client().get("/readyz")
    assert readiness.status_code == 503
    assert readiness.json()["database"] == "lacks 1 functions: run manage.py migrate"
    (report,) = the_functions_are_there(databases=["owner"])
    assert (report.id, SIGNATURE in report.msg) == ("graph.W004", True)
    grants.put_in_place(using="owner")
    assert api.get(f"{V1}relationships/{books.plain}/").status_code == 200
    assert Client().get("/readyz").status_code == 200


def test_several_at_once_wait_for_each_other(owner):
    def put_in_place(_: int) -> None:
        try:
            grants.put_in_place(using="owner")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(put_in_place, range(8)))
    assert functions.missing(owner) == []
