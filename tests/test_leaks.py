"""Two tenants, every operation of the published schema, every place where a foreign id fits.

In paths, filters, cursors, entity tags, cache keys, idempotency keys, exports of every format, and
questions for workers. Then all of it again with the application's own tenant filter taken out of every
statement: the database still gives nothing of another's.
"""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
import pytest
from asgiref.sync import async_to_sync
from django.db import connections
from django.http import HttpResponse
from psycopg.sql import SQL, Composable, Identifier
from pyarrow import parquet as pq
from rest_framework.test import APIClient

from finley.models import User
from graph import arrow, cache, changes, policies, view
from graph.api import computations, following
from graph.api.asking import Computed
from graph.cache import Key
from graph.capture import EVERYBODY
from graph.load import ALL
from graph.models import AskedQuestion
from graph.streams import FORMATS
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
def both(tenant: User, other_tenant: User, own_queue: str) -> tuple[User, User]:
    for user in (tenant, other_tenant):
        everything_of(user.id)
    user = other_tenant.id
    payer = rows.entity(user, f"{MARK} Sales", kind="department")
    payee = rows.entity(user, f"{MARK} Vendor")
    source = rows.event(user, payer, amount=-1, document_ref=MARK)
    target = rows.event(user, payee, document_ref=MARK)
    rows.relationship(user, source, target, reason=MARK, relationship_type=MARK)
    view.refresh()
    return tenant, other_tenant


@pytest.fixture(params=[False, True], ids=["", "without our filter"])
def forgotten(request: pytest.FixtureRequest, both: Any, monkeypatch: Any) -> Iterator[list[str]]:
    """What is asked is asked of an application that filters, and of one that does not."""
    if not request.param:
        yield []
        return
    with without_our_filter(monkeypatch) as statements:
        yield statements
    assert statements, "it was asked without a filter"


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
WORDS = {
    "search": MARK,
    "layer": "fraud",
    "type": MARK,
    "types": MARK,
    "document_ref": MARK,
    "function": MARK,
    "columns": "reason",
}
ECHO = re.compile(r'"parameters":\{[^}]*\}')  # what was asked, told again
ASYNC = {"Prefer": "respond-async"}


@dataclass(frozen=True)
class Sent:
    """A request; `template` is the schema's path of it."""

    template: str
    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    headers: dict[str, str]


def requests_of(given: Callable[[str], str]) -> Iterator[Sent]:
    """Ids and words wherever they fit."""
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
                keyed = {"Idempotency-Key": given("Idempotency-Key")}
                more = {"Prefer": ASYNC, "Idempotency-Key": keyed}
                for headers in ({}, *(more[name] for name in more if name in parameters)):
                    yield Sent(template, method, path, {**needed, **some}, body, headers)


def send(client: APIClient, sent: Sent) -> HttpResponse:
    if sent.method == "get":
        answer = client.get(sent.path, sent.query, headers=sent.headers)
        if answer.streaming:
            answer = HttpResponse(async_to_sync(_whole)(answer), headers=answer.headers)
        return answer
    trimmed = {k: v for k, v in sent.body.items() if _takes(sent.path, k)}
    return getattr(client, sent.method)(sent.path, trimmed, format="json", headers=sent.headers)


async def _whole(answer: Any) -> bytes:
    return b"".join([chunk async for chunk in answer])


def foreign(user: User) -> list[str]:
    """What must not come through: the other's ids and words."""
    return [*(one for some in ids_of(user.id).values() for one in some), str(user.id), MARK]


def leaks(told: str, forbidden: list[str]) -> list[str]:
    return [each for each in forbidden if each in told]


def _takes(path: str, name: str) -> bool:
    return {
        "connection": path.endswith("/syncs/"),
        "ids": path.endswith("/job-failures/replay/"),
        "note": path.endswith(("/resolve/", "/ignore/")),
        "reason": path.endswith("/discard/"),
    }[name]


def asked_for_foreign_rows(mine: User, theirs: User) -> Asked:
    """Every operation with the other's ids; each answer is also compared with an unknown id's."""
    known, client, asked = ids_of(theirs.id), client_of(mine), Asked()
    forbidden, stranger = foreign(theirs), str(uuid4())

    def of_theirs(name: str) -> str:
        if name == "Idempotency-Key":
            return str(uuid4())
        return WORDS.get(name) or known[OF_PARAMETER[name]][0]

    def of_nobody(name: str) -> str:
        if name == "Idempotency-Key":
            return str(uuid4())
        return WORDS.get(name) or stranger

    pairs = zip(requests_of(of_theirs), requests_of(of_nobody), strict=True)
    for one, other in pairs:
        answer, unknown = send(client, one), send(client, other)
        asked.requests += 2
        asked.operations.add((one.template, one.method))
        named = f"{one.method} {one.template}"
        said = ECHO.sub("", answer.content.decode()) + str(answer.headers)
        asked.leaks += [f"{named}: {each}" for each in leaks(said, forbidden)]
        if _outline(answer) != _outline(unknown):
            asked.unlike.append(f"{named} {one.query}")
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
    before = ids_of(both[1].id)
    asked = asked_for_foreign_rows(*both)
    assert ids_of(both[1].id) == before, "nothing of theirs was deleted or added"
    print(f"{len(asked.operations)} operations, {asked.requests} requests, {len(asked.leaks)} leaks")  # fmt: skip  # noqa: E501, T201
    assert asked.operations == {
        (path, method) for path, operations in published()["paths"].items() for method in operations
    }
    assert asked.leaks == []
    assert asked.unlike == []


def test_nor_does_the_database_if_the_application_forgets_to_filter(both, monkeypatch):
    before = ids_of(both[1].id)
    with without_our_filter(monkeypatch) as forgotten:
        asked = asked_for_foreign_rows(*both)
    assert ids_of(both[1].id) == before
    print(f"{len(asked.operations)} operations, {asked.requests} requests, {len(forgotten)} statements without a filter, {len(asked.leaks)} leaks")  # fmt: skip  # noqa: E501, T201
    tables = set(re.findall(r"\bFROM \"?(\w+)", " ".join(forgotten)))
    assert {
        "tenant_relationships",
        "normalized_entities",
        "sync_runs",
        "asked_questions",
        "repeated_requests",
    } <= tables
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


# places where something of another's may be kept, and asked for without its id


def gets(*, that: str = "200") -> Iterator[tuple[str, dict[str, Any]]]:
    """The paths that need no more than a tenant, and may answer so, with their parameters."""
    for path, operations in published()["paths"].items():
        operation = operations.get("get", {"responses": {}})
        parameters = {each["name"]: each for each in operation.get("parameters", [])}
        needs = [name for name, each in parameters.items() if each.get("required")]
        if that in operation["responses"] and not needs:
            yield path, parameters


def told(answer: Any) -> str:
    body = b"".join(answer) if not answer.streaming else async_to_sync(_whole)(answer)
    return body.decode() + str(answer.headers)


def test_another_s_cursor_leads_to_nothing_of_theirs(both, forgotten):
    mine, theirs = both
    client, stranger, tried = client_of(mine), client_of(theirs), 0
    forbidden = foreign(theirs)
    for path, parameters in gets():
        if "cursor" not in parameters or "job-failures" in path:
            continue
        cursor = stranger.get(path, {"limit": 1}).json()["next"]
        if cursor is None:
            continue
        tried += 1
        found = client.get(path, {"cursor": cursor, "limit": 50})
        assert found.status_code == 200, path
        assert leaks(told(found), forbidden) == [], path
    assert tried >= 2


def test_another_s_entity_tag_holds_for_nobody_else(both, forgotten):
    mine, theirs = both
    client, stranger, tried = client_of(mine), client_of(theirs), 0
    for path, _ in gets(that="304"):
        tag = stranger.get(path).headers["ETag"]
        answer = client.get(path, headers={"If-None-Match": f"{tag}, W/{tag}"})
        assert answer.status_code == 200, path
        assert leaks(told(answer), foreign(theirs)) == [], path
        assert stranger.get(path, headers={"If-None-Match": tag}).status_code == 304
        tried += 1
    assert tried >= 6


def test_what_is_kept_for_another_under_my_key_is_not_mine(both, forgotten):
    """Somebody who can write to Redis puts their graphs where mine are looked for."""
    mine, theirs = both
    for edge_class in (None, "flow"):
        cache.load(theirs.id, ALL, edge_class=edge_class)
    kept = [key for key in cache.redis().scan_iter(f"{cache.PREFIX}*") if b"building" not in key]
    entries = [cache.redis().get(key) for key in kept if cache.redis().type(key) == b"string"]
    assert entries
    for entry in entries:
        for edge_class in (None, "flow"):
            key = Key(mine.id, changes.version(mine.id), tuple(sorted(ALL)), edge_class)
            cache.redis().set(key.name, entry)
            graph, _ = cache.load(mine.id, ALL, edge_class=edge_class)
            names = graph.nodes["name"].to_pylist()
            assert not [name for name in names if MARK in name]
            assert set(graph.node_ids()) <= set(ids_of(mine.id)["normalized_entities"])


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_holds_nothing_of_another_s(both, forgotten, name):
    mine, theirs = both
    answer = client_of(mine).get("/api/v1/graph/export/", {"format": name})
    body = async_to_sync(_whole)(answer)
    answer.close()
    readers = {
        "parquet": lambda: str(pq.read_table(io.BytesIO(body)).to_pydict()),
        "arrow": lambda: str(pa.ipc.open_stream(body).read_all().to_pydict()),
    }
    text = readers.get(name, body.decode)()
    assert any(each in text for each in ids_of(mine.id)["relationship_instances"])
    assert leaks(text, foreign(theirs)) == []


def test_a_worker_s_answer_is_its_tenant_s_alone(both, forgotten):
    """The other has asked the very same, and has an answer; of the same version, too."""
    mine, theirs = both
    client, stranger = client_of(mine), client_of(theirs)
    for view_class in Computed.__subclasses__():
        asks = view_class.asks
        if asks.entities:
            continue
        path = f"/api/v1/graph/{asks.name}/"
        accepted = [each.get(path, headers=ASYNC) for each in (stranger, client)]
        assert [answer.status_code for answer in accepted] == [202, 202]
        ids = {answer.json()["id"] for answer in accepted}
        assert len(ids) == 2
        _answered(accepted[0].json()["id"], f'{{"secret": "{MARK}"}}')
        for answer in (client.get(path, headers=ASYNC), client.get(accepted[1]["Location"])):
            assert leaks(told(answer), foreign(theirs)) == []
        found = computations.answer(asks.name, mine.id, accepted[1].json()["parameters"], 60)
        assert leaks(found, foreign(theirs)) == []
        with connections["owner"].cursor() as cursor:
            cursor.execute("DELETE FROM asked_questions")
    assert client.get("/api/v1/graph/questions/").json()["results"] == []


def _answered(question_id: str, answer: str) -> None:
    """Theirs is answered, and of the version that mine is asked of."""
    mine = AskedQuestion.objects.using("owner").exclude(pk=question_id).latest("created_at")
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE asked_questions SET status = 'done', answer = %s, finished_at = now(), "
            "expires_at = now() + interval '1 hour', version = %s WHERE id = %s",
            [answer, mine.version, question_id],
        )


def test_another_s_idempotency_key_has_no_answer_for_me(both, forgotten):
    mine, theirs = both
    rows.repeated(theirs.id, key="theirs", answer=f'{{"secret": "{MARK}"}}')
    connection = ids_of(theirs.id)["sync_connections"][0]
    for body in ({"connection": connection}, {}):
        answer = client_of(mine).post(
            "/api/v1/syncs/", body, format="json", headers={"Idempotency-Key": "theirs"}
        )
        assert answer.status_code in {400, 404}
        said = told(answer).replace(connection, "")
        assert leaks(said, foreign(theirs)) == []
        assert "Idempotent-Replayed" not in answer.headers
