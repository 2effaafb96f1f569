"""An answer is given again, as it was sent, while its version is the tenant's; to nobody else."""

import pytest
from django.db import connections
from prometheus_client import REGISTRY

from finley.server.middleware import HEADER
from graph.api.conditional import BESIDE
from tests.conftest import client_of

V1 = "/api/v1/graph/"
pytestmark = pytest.mark.usefixtures("kept_answers")
CHANGE = "UPDATE raw_events SET amount = amount * 2 WHERE amount > 0"


def write(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def given() -> dict[str, float]:
    return {
        how: REGISTRY.get_sample_value("finley_answers_total", {"given": how}) or 0.0
        for how in ("computed", "kept", "unchanged")
    }


def how(ask) -> list[str]:
    """How the answers came about that it asks for."""
    before = given()
    ask()
    return [name for name, n in given().items() for _ in range(int(n - before[name]))]


def headers(answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != HEADER}


def test_it_is_the_same_to_the_byte_and_not_computed(api, books, monkeypatch):
    first = api.get(V1 + "stats/")
    monkeypatch.setattr("graph.questions.whole_graph.load", None)
    again = api.get(V1 + "stats/")
    assert (again.status_code, again.content) == (200, first.content)
    assert headers(again) == headers(first)
    assert again.json()["as_of_version"] in again.headers["ETag"]


def test_a_change_is_seen_at_once(api, books):
    before = api.get(V1 + "cash-flow/").json()
    write(CHANGE)
    assert api.get(V1 + "cash-flow/").json() != before


def test_another_tenant_is_answered_of_its_own(api, books, other_tenant):
    entities = [
        client.get(V1 + "entities/?search=acme").json()["results"][0]
        for client in (api, client_of(other_tenant))
    ]
    assert entities[0]["name"] == entities[1]["name"]
    assert entities[0]["id"] != entities[1]["id"]


@pytest.mark.parametrize("other", ["importance/?top=4", "importance/", "importance/?edges=all"])
def test_another_question_is_answered_for_itself(api, books, other):
    assert how(lambda: api.get(V1 + "importance/?top=5")) == ["computed"]
    assert how(lambda: api.get(V1 + other)) == ["computed"]
    assert how(lambda: api.get(V1 + other)) == ["kept"]


def test_who_has_it_is_told_so(api, books):
    tag = api.get(V1 + "stats/").headers["ETag"]
    assert how(lambda: api.get(V1 + "stats/", headers={"If-None-Match": tag})) == ["unchanged"]


def test_problems_are_not_kept(api, books):
    for _ in range(2):
        assert how(lambda: api.get(V1 + "paths/?source=x")) == ["computed"]


def test_a_worker_is_still_asked_by_who_prefers_one(api, books):
    api.get(V1 + "stats/")
    assert api.get(V1 + "stats/", headers={"Prefer": "respond-async"}).status_code == 202


def test_a_head_is_answered_as_its_get(api, books):
    first = api.get(V1 + "stats/")
    again = api.head(V1 + "stats/")
    assert (again.status_code, again.content) == (200, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_who_may_not_ask_gets_nothing(api, books, tenant):
    api.get(V1 + "stats/")
    assert client_of(tenant, "sync").get(V1 + "stats/").status_code == 403
    api.credentials()
    assert api.get(V1 + "stats/").status_code == 401


def test_what_was_asked_takes_room_too(api, books, settings):
    short = V1 + "importance/"
    settings.ANSWERS_MEMORY = len(api.get(short).content) + BESIDE + 500
    long = f"{short}?{'&' * 900}"
    assert [how(lambda: api.get(long)) for _ in range(2)] == [["computed"]] * 2
    assert [how(lambda: api.get(short)) for _ in range(2)] == [["kept"]] * 2


def test_none_are_kept_where_none_may_be(api, books, settings):
    settings.ANSWERS_MEMORY = 0
    for _ in range(2):
        assert how(lambda: api.get(V1 + "stats/")) == ["computed"]
