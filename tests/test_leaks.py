"""Two tenants, every operation of the published schema, every place where a foreign id fits.

Then all of it again with the application's own tenant filter taken out of every statement: the
database still gives nothing of another's.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from django.db import connections
from django.http import HttpResponse
from psycopg.sql import SQL, Composable, Identifier
from rest_framework.test import APIClient

from finley.models import User
from graph import arrow, policies, view
from graph.api import following
from graph.capture import EVERYBODY
from tests.conftest import client_of
from tests.graph import rows
from tests.graph.api.shapes import published
from tests.graph.test_policies import everything_of

MARK = "Zweitmandant"  # in the other tenant's names only
FILTER = re.compile(
    r"""(\b(?:WHERE|AND|ON)\s+\(*\s*)((?:"?\w+"?\.)?"?user_id"?)\s*=\s*"""
    r"""(%s|%\(user_id\)s|'[0-9a-f-]{32,36}'(?:::uuid)?)""",
    re.IGNORECASE,
)


@dataclass
class Asked:
    """How much was asked, and what came through."""

    requests: int = 0
    operations: set[tuple[str, str]] = field(default_factory=set)
    leaks: list[str] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)


@pytest.fixture(autouse=True)
def short_streams(monkeypatch):
    monkeypatch.setattr(following, "LOOKED_EVERY", 0.01)
    monkeypatch.setattr(following, "LONGEST", 0.02)


@pytest.fixture
def both(tenant: User, other_tenant: User) -> tuple[User, User]:
    for user in (tenant, other_tenant):
        everything_of(user.id)
    rows.payment(
        other_tenant.id,
        rows.entity(other_tenant.id, f"{MARK} Sales", kind="department"),
        rows.entity(other_tenant.id, f"{MARK} Vendor"),
        reason=MARK,
    )
    view.refresh()
    return tenant, other_tenant


def ids_of(user: UUID) -> dict[str, list[str]]:
    """The tenant's ids, by table; as the owner sees them."""
    found = {}
    with connections["owner"].cursor() as cursor:
        for table, _ in policies.tenant_tables(cursor):
            if table.startswith(("change_", "knox_")):
                continue
            query = SQL("SELECT id::text FROM {} WHERE user_id = %s AND user_id <> %s")
            cursor.execute(query.format(Identifier(table)), [user, EVERYBODY])
            found[table] = [row[0] for row in cursor.fetchall()]
    return found


OF_PARAMETER = {
    "entity_id": "normalized_entities",
    "source": "normalized_entities",
    "target": "normalized_entities",
    "party": "normalized_entities",
    "relationship_id": "relationship_instances",
    "run_id": "sync_runs",
    "connection_id": "sync_connections",
    "connection": "sync_connections",
    "failure_id": "job_failures",
    "question_id": "asked_questions",
}
WORDS = {"search": MARK, "layer": "fraud", "type": MARK, "function": MARK}


def requests_of(given: Callable[[str], str]) -> Iterator[tuple[str, str, str, dict, dict]]:
    """(path of the schema, method, path, query, body): ids and words wherever they fit."""
    for template, operations in published()["paths"].items():
        for method, operation in operations.items():
            parameters = {p["name"]: p for p in operation.get("parameters", [])}
            path = re.sub(r"\{(\w+)\}", lambda found: given(found[1]), template)
            query = {
                name: given(name)
                for name, each in parameters.items()
                if each["in"] == "query" and (name in OF_PARAMETER or name in WORDS)
            }
            body = {}
            if operation.get("requestBody"):
                body = {"connection": given("connection"), "ids": [given("failure_id")]}
                body |= {"note": "x", "reason": "x"}
            for some in ({}, query, *({n: v} for n, v in query.items() if len(query) > 1)):
                needed = {n: query[n] for n, p in parameters.items() if p.get("required") and n in query}  # fmt: skip  # noqa: E501
                yield template, method, path, {**needed, **some}, body


def send(client: APIClient, method: str, path: str, query: dict, body: dict) -> Any:
    if method == "get":
        answer = client.get(path, query)
        if answer.streaming:
            answer = HttpResponse(async_to_sync(_whole)(answer), headers=answer.headers)
        return answer
    trimmed = {k: v for k, v in body.items() if _takes(path, k)}
    return getattr(client, method)(path, trimmed, format="json")


async def _whole(answer: Any) -> str:
    return "".join([chunk.decode() async for chunk in answer])


def _takes(path: str, name: str) -> bool:
    return {
        "connection": path.endswith("/syncs/"),
        "ids": path.endswith("/job-failures/replay/"),
        "note": path.endswith(("/resolve/", "/ignore/")),
        "reason": path.endswith("/discard/"),
    }[name]


def asked_for_foreign_rows(mine: User, theirs: User) -> Asked:
    """Every operation with the other's ids; each answer is also compared with an unknown id's."""
    foreign, client, asked = ids_of(theirs.id), client_of(mine), Asked()
    forbidden = [*(one for some in foreign.values() for one in some), MARK]
    stranger = str(uuid4())

    def of_theirs(name: str) -> str:
        return WORDS.get(name) or foreign[OF_PARAMETER[name]][0]

    def of_nobody(name: str) -> str:
        return WORDS.get(name) or stranger

    pairs = zip(requests_of(of_theirs), requests_of(of_nobody), strict=True)
    for (template, method, *one), (_, _, *other) in pairs:
        answer, unknown = send(client, method, *one), send(client, method, *other)
        asked.requests += 2
        asked.operations.add((template, method))
        told = answer.content.decode() + str(answer.headers)
        asked.leaks += [f"{method} {template}: {each}" for each in forbidden if each in told]
        if _outline(answer) != _outline(unknown):
            asked.unlike.append(f"{method} {template} {one[1]}")
    return asked


def _outline(answer: Any) -> tuple[int, str]:
    """What two answers have in common, ids of requests and times of building aside."""
    body = re.sub(r'"(request_id|build_seconds)":[^,}]+', "", answer.content.decode())
    return answer.status_code, body


@contextmanager
def without_our_filter(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The application forgets `user_id = …` in every statement; yields those that it forgot."""
    forgotten: list[str] = []

    def forget(statement: Any) -> str:
        text = statement.as_string() if isinstance(statement, Composable) else statement
        rewritten: str = FILTER.sub(r"\1(\2 = \3 OR true)", text)
        if rewritten != text:
            forgotten.append(rewritten)
        return rewritten

    def execute(run: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        return run(forget(sql), params, many, context)

    original = arrow.TenantReader.table
    monkeypatch.setattr(
        arrow.TenantReader,
        "table",
        lambda self, query, *given, **more: original(self, SQL(forget(query)), *given, **more),
    )
    with connections["default"].execute_wrapper(execute):
        yield forgotten
    monkeypatch.undo()


def test_no_operation_gives_anything_of_another_tenant(both):
    asked = asked_for_foreign_rows(*both)
    print(f"{len(asked.operations)} operations, {asked.requests} requests, {len(asked.leaks)} leaks")  # fmt: skip  # noqa: E501, T201
    assert asked.operations == {
        (path, method) for path, operations in published()["paths"].items() for method in operations
    }
    assert asked.leaks == []
    assert asked.unlike == []


def test_nor_does_the_database_if_the_application_forgets_to_filter(both, monkeypatch):
    with without_our_filter(monkeypatch) as forgotten:
        asked = asked_for_foreign_rows(*both)
    print(f"{len(asked.operations)} operations, {asked.requests} requests, {len(forgotten)} statements without a filter, {len(asked.leaks)} leaks")  # fmt: skip  # noqa: E501, T201
    tables = set(re.findall(r"\bFROM \"?(\w+)", " ".join(forgotten)))
    assert {"tenant_relationships", "normalized_entities", "sync_runs"} <= tables
    assert asked.leaks == []


def test_without_either_it_leaks_so_these_tests_can_fail(both, monkeypatch):
    tables = ("normalized_entities", "sync_connections", "sync_runs")
    owned = connections["owner"].cursor()
    try:
        for table in tables:
            owned.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        with without_our_filter(monkeypatch):
            asked = asked_for_foreign_rows(*both)
    finally:
        for table in tables:
            owned.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        owned.close()
    assert {leak.split(":")[0] for leak in asked.leaks} >= {
        "get /api/v1/connections/",
        "get /api/v1/syncs/",
        "get /api/v1/graph/entities/{entity_id}/",
    }
