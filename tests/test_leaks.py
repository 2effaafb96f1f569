"""Two tenants, every operation of the published schema, every place where a foreign id fits.

In paths, filters, cursors, entity tags, cache keys, idempotency keys, exports of every format, and
questions for workers. Then all of it again with the application's own tenant filter taken out of
every statement: the database still gives nothing of another's.
"""

import io
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from asgiref.sync import async_to_sync
from django.db import connections
from pyarrow import parquet as pq

from finley.models import User
from graph.api import changes as api_changes
from graph.api import computations
from graph.api.heavy_views import Computed
from graph.export.formats import FORMATS
from graph.models import AskedQuestion
from graph.reading import graph_cache
from graph.reading.graph_cache import Key
from graph.reading.load_graph import ALL
from graph.view import refresh, version
from tests.conftest import client_of
from tests.graph import rows
from tests.graph.api.shapes import published
from tests.graph.database.test_row_security import everything_of
from tests.leaks import (
    ASYNC,
    MARK,
    asked_for_foreign_rows,
    foreign,
    ids_of,
    leaks,
    told,
    whole,
    without_our_filter,
)


@pytest.fixture(autouse=True)
def short_streams(monkeypatch):
    monkeypatch.setattr(api_changes, "LOOKED_EVERY", 0.01)
    monkeypatch.setattr(api_changes, "LONGEST", 0.02)


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
    rows.case(user, party=f"{MARK} Vendor")
    refresh.refresh()
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


@pytest.mark.usefixtures("kept_answers")
def test_no_operation_gives_anything_of_another_tenant(both):
    before = ids_of(both[1].id)
    report = asked_for_foreign_rows(*both)
    assert ids_of(both[1].id) == before, "nothing of theirs was deleted or added"
    print(f"{len(report.operations)} operations, {report.requests} requests, {len(report.leaks)} leaks")  # fmt: skip  # noqa: E501, T201
    assert report.operations == {
        (path, method) for path, operations in published()["paths"].items() for method in operations
    }
    assert report.leaks == []
    assert report.unlike == []


def test_nor_does_the_database_if_the_application_forgets_to_filter(both, monkeypatch):
    before = ids_of(both[1].id)
    with without_our_filter(monkeypatch) as forgotten:
        report = asked_for_foreign_rows(*both)
    assert ids_of(both[1].id) == before
    print(f"{len(report.operations)} operations, {report.requests} requests, {len(forgotten)} statements without a filter, {len(report.leaks)} leaks")  # fmt: skip  # noqa: E501, T201
    tables = set(re.findall(r"\bFROM \"?(\w+)", " ".join(forgotten)))
    assert {
        "tenant_relationships",
        "normalized_entities",
        "sync_runs",
        "asked_questions",
        "repeated_requests",
    } <= tables
    assert report.leaks == []


def test_without_either_it_leaks_so_these_tests_can_fail(both, monkeypatch):
    tables = ("normalized_entities", "sync_connections", "sync_runs")
    owned = connections["owner"].cursor()
    try:
        for table in tables:
            owned.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        with without_our_filter(monkeypatch):
            report = asked_for_foreign_rows(*both)
    finally:
        for table in tables:
            owned.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        owned.close()
    assert {leak.split(":")[0] for leak in report.leaks} >= {
        "get /api/v1/connections/",
        "get /api/v1/syncs/",
        "get /api/v1/graph/entities/{entity_id}/",
    }


# places where something of another's may be kept, and asked for without its id


def gets(*, that: str = "200") -> Iterator[tuple[str, dict[str, Any]]]:
    """The paths that need no more than a tenant, and may answer so, with their parameters."""
    for path, operations in published()["paths"].items():
        operation = operations.get("get", {"responses": {}})
        parameters = {item["name"]: item for item in operation.get("parameters", [])}
        needs = [name for name, item in parameters.items() if item.get("required")]
        if that in operation["responses"] and not needs:
            yield path, parameters


def test_another_s_cursor_leads_to_nothing_of_theirs(both, forgotten):
    mine, theirs = both
    client, stranger, count = client_of(mine), client_of(theirs), 0
    forbidden = foreign(theirs)
    for path, parameters in gets():
        if "cursor" not in parameters or "job-failures" in path:
            continue
        cursor = stranger.get(path, {"limit": 1}).json()["next"]
        if cursor is None:
            continue
        count += 1
        response = client.get(path, {"cursor": cursor, "limit": 50})
        assert response.status_code == 200, path
        assert leaks(told(response), forbidden) == [], path
    assert count >= 2


def test_another_s_entity_tag_holds_for_nobody_else(both, forgotten):
    mine, theirs = both
    client, stranger, count = client_of(mine), client_of(theirs), 0
    for path, _ in gets(that="304"):
        tag = stranger.get(path).headers["ETag"]
        answer = client.get(path, headers={"If-None-Match": f"{tag}, W/{tag}"})
        assert answer.status_code == 200, path
        assert leaks(told(answer), foreign(theirs)) == [], path
        assert stranger.get(path, headers={"If-None-Match": tag}).status_code == 304
        count += 1
    assert count >= 6


def test_what_is_kept_for_another_under_my_key_is_not_mine(both, forgotten):
    """Somebody who can write to Redis puts their graphs where mine are looked for."""
    mine, theirs = both
    for edge_class in (None, "flow"):
        graph_cache.load(theirs.id, ALL, edge_class=edge_class)
    items = [
        key
        for key in graph_cache.redis().scan_iter(f"{graph_cache.PREFIX}*")
        if b"building" not in key
    ]
    entries = [
        graph_cache.redis().get(key) for key in items if graph_cache.redis().type(key) == b"string"
    ]
    assert entries
    for entry in entries:
        for edge_class in (None, "flow"):
            key = Key(mine.id, version.version(mine.id), tuple(sorted(ALL)), edge_class)
            graph_cache.redis().set(key.name, entry)
            graph, _ = graph_cache.load(mine.id, ALL, edge_class=edge_class)
            names = graph.nodes["name"].to_pylist()
            assert not [name for name in names if MARK in name]
            assert set(graph.node_ids()) <= set(ids_of(mine.id)["normalized_entities"])


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_holds_nothing_of_another_s(both, forgotten, name):
    mine, theirs = both
    answer = client_of(mine).get("/api/v1/graph/export/", {"format": name})
    body = async_to_sync(whole)(answer)
    answer.close()
    readers = {
        "parquet": lambda: str(pq.read_table(io.BytesIO(body)).to_pydict()),
        "arrow": lambda: str(pa.ipc.open_stream(body).read_all().to_pydict()),
    }
    text = readers.get(name, body.decode)()
    assert any(instance in text for instance in ids_of(mine.id)["relationship_instances"])
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
        accepted = [item.get(path, headers=ASYNC) for item in (stranger, client)]
        assert [answer.status_code for answer in accepted] == [202, 202]
        ids = {answer.json()["id"] for answer in accepted}
        assert len(ids) == 2
        _answered(accepted[0].json()["id"], f'{{"secret": "{MARK}"}}')
        for answer in (client.get(path, headers=ASYNC), client.get(accepted[1]["Location"])):
            assert leaks(told(answer), foreign(theirs)) == []
        body = computations.answer(asks.name, mine.id, accepted[1].json()["parameters"], 60)
        assert leaks(body, foreign(theirs)) == []
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
        text = told(answer).replace(connection, "")
        assert leaks(text, foreign(theirs)) == []
        assert "Idempotent-Replayed" not in answer.headers
