"""What is written by hand in one session is answered to the next request, with no refresh."""

import json
from datetime import UTC, datetime

import httpx
import pytest
from django.db import connections

from graph.questions import days
from graph.view import refresh
from tests.conftest import client_of

V1 = "/api/v1/graph/"
CHANGES = (
    "UPDATE raw_events SET amount = amount * 2 WHERE amount > 0",
    "UPDATE temporal_patterns SET recurrence_frequency = 'weekly'",
    "UPDATE relationship_instances SET deleted_at = now() WHERE id = '{0.plain}'",
    "UPDATE normalized_entities SET name = 'New' WHERE id = '{0.borough}'",
    "INSERT INTO root_cause_analyses (user_id, relationship_id, root_cause_analysis, confidence) "
    "SELECT user_id, id, 'new', 1 FROM relationship_instances",
)


def write(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def asked(books) -> dict[str, str]:
    return {
        "the graph": "stats/",
        "a path": f"paths/?source={books.sales}&target={books.borough}",
        "paths": f"paths/k-shortest/?source={books.sales}&target={books.borough}",
        "who is near": f"entities/{books.sales}/neighbourhood/?edges=all",
        "ranks": "importance/?top=5",
        "communities": "communities/",
        "a list": "relationships/?edges=all",
        "a party": f"entities/{books.sales}/",
        "the like": f"entities/{books.acme}/similar/",
        "money": "cash-flow/",
        "one": f"relationships/{books.annotated}/",
        "why": f"relationships/{books.annotated}/explain/",
        "an insight": "insights/root_cause/",
        "another": "insights/temporal/",
    }


def answers(api, books) -> dict:
    bodies = {what: api.get(V1 + path).json() for what, path in asked(books).items()}
    bodies["the graph"].pop("build_seconds")
    return bodies


@pytest.mark.parametrize("change", CHANGES)
def test_every_answer_is_the_one_after_a_refresh(api, books, change, monkeypatch):
    day = datetime.now(UTC).date()
    monkeypatch.setattr(days, "_in_zone", lambda row: day)  # midnight may pass meanwhile
    before = answers(api, books)
    write(change.format(books))
    now = answers(api, books)
    assert now != before
    refresh.refresh()
    assert answers(api, books) == now


# versions


def test_an_answer_says_what_it_was_read_at_and_is_not_given_twice(api, books):
    for what, path in asked(books).items():
        first = api.get(V1 + path)
        day = f"-{first.json()['today']}" if "today" in first.json() else ""
        assert first.headers["ETag"] == f'W/"{first.json()["as_of_version"]}-0.1.0{day}"', what
        again = api.get(V1 + path, headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    write(CHANGES[0])
    later = api.get(V1 + path, headers={"If-None-Match": first.headers["ETag"]})
    assert later.status_code == 200
    assert later.json()["as_of_version"] != first.json()["as_of_version"]


def test_a_refresh_leaves_every_answer_as_it_was(api, books):
    tag = api.get(V1 + "stats/").headers["ETag"]
    refresh.refresh()
    assert api.get(V1 + "stats/", headers={"If-None-Match": tag}).status_code == 304


def test_nothing_is_built_for_who_has_it_already(api, books, monkeypatch):
    tag = api.get(V1 + "stats/").headers["ETag"]
    monkeypatch.setattr("graph.questions.whole_graph.load", None)
    assert api.get(V1 + "stats/", headers={"If-None-Match": tag}).status_code == 304


def test_a_tenant_learns_nothing_from_anothers_tag(api, books, other_tenant):
    tag = api.get(V1 + "stats/").headers["ETag"]
    answer = client_of(other_tenant).get(V1 + "stats/", headers={"If-None-Match": tag})
    assert answer.status_code == 200


def test_a_problem_has_no_tag(api, books):
    answer = api.get(V1 + "paths/?source=x")
    assert (answer.status_code, "ETag" in answer.headers) == (400, False)


# changes


def test_changes_over_http(api, books):
    whole = api.get(V1 + "changes/").json()
    assert len(whole["entities"]["added"]) == 5
    assert whole["since"] is None
    write(CHANGES[2].format(books))
    changes = api.get(V1 + "changes/", {"since": whole["as_of_version"]}).json()
    assert changes["edges"]["removed"] == [str(books.plain)]
    assert not any(changes["edges"][name] for name in ("added", "changed", "changed_fields"))
    write("TRUNCATE causal_relationships")
    refused = api.get(V1 + "changes/", {"since": whole["as_of_version"]})
    assert (refused.status_code, refused.headers["Content-Type"]) == (
        410,
        "application/problem+json",
    )
    assert "full copy" in refused.json()["detail"]
    assert api.get(V1 + "changes/", {"since": "yesterday"}).status_code == 400


def test_changes_are_pushed(server, api, books):
    headers = {"Authorization": api._credentials["HTTP_AUTHORIZATION"]}
    url = server + V1 + "changes/stream/"
    with httpx.Client(timeout=30) as client, client.stream("GET", url, headers=headers) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        write(CHANGES[2].format(books))
        lines = answer.iter_lines()
        event = dict(line.split(": ", 1) for line in [next(lines) for _ in range(3)])
    assert event["event"] == "changes"
    changes = json.loads(event["data"])
    assert changes["edges"]["removed"] == [str(books.plain)]
    assert event["id"] == changes["as_of_version"]
    headers["Last-Event-ID"] = changes["since"]
    with httpx.Client(timeout=30) as client, client.stream("GET", url, headers=headers) as answer:
        assert f"id: {event['id']}" == next(answer.iter_lines())


def test_a_stream_asks_for_a_token(server):
    answer = httpx.get(server + V1 + "changes/stream/", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 401
