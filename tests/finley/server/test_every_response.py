"""What every answer has: an id, problems instead of pages, limits, and signs of life."""

import json
import logging
import re
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client
from redis import Redis

from finley.auth import rate_limit
from finley.observability.logs import Json, OfRequest
from graph.http import problems
from graph.http.problems import pointer
from graph.view import refresh
from tests.problems import problem, wrong

STATS = "/api/v1/graph/entities/"


def test_an_address_that_is_none_is_a_problem(api):
    for path in ("/api/v1/nowhere/", "/api/", "/api/v1/graph/stats/x/"):
        answer = api.get(path)
        assert answer.status_code == 404
        assert problem(answer)["type"] == "urn:finley:problem:not-found"
    assert Client().get("/nowhere/").headers["Content-Type"].startswith("text/html")


def test_a_method_that_is_none_is_a_problem(api):
    answer = api.delete(STATS)
    assert answer.status_code == 405
    assert answer.headers["Allow"]
    assert problem(answer)["title"] == "Method Not Allowed"


def test_what_is_not_json_is_not_given(api):
    answer = api.get(STATS, headers={"Accept": "text/csv"})
    assert answer.status_code == 406
    assert problem(answer)


def test_a_host_that_is_not_ours_is_a_problem(api):
    answer = api.get(STATS, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert problem(answer)


def test_our_own_fault_says_nothing_of_it(api, monkeypatch):
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the secret at /srv/finley")

    monkeypatch.setattr("graph.questions.search.entities", fails)
    api.raise_request_exception = False
    answer = api.get(STATS)
    assert answer.status_code == 500
    assert problem(answer)["type"] == "urn:finley:problem:our-fault"
    assert b"secret" not in answer.content


def test_a_request_keeps_the_id_it_brings_if_it_is_one(api):
    text = f"req-{uuid4()}"
    assert api.get(STATS, headers={"X-Request-ID": text}).headers["X-Request-ID"] == text
    for odd in ("short", "x" * 65, "with space in", "new\tline-and-more", "é" * 10):
        answer = api.get(STATS, headers={"X-Request-ID": odd})
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_a_pointer_escapes_as_rfc_6901_says():
    assert pointer("a/b", "c~d", 0) == "#/a~1b/c~0d/0"
    assert pointer() == "#"


def test_a_nested_value_is_pointed_at(api):
    answer = api.get(STATS, {"limit": "x", "user/id": "1"})
    assert set(wrong(answer)) == {"limit", "user~1id"}


def test_too_many_requests_of_one_token_wait(api, tenant, other_tenant, settings):
    settings.REQUESTS_PER_MINUTE = 3
    answers = [api.get(STATS) for _ in range(8)]  # in two windows at most
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 60
    assert problem(refused[0])["type"] == "urn:finley:problem:too-many-requests"


def test_of_a_token_a_process_knows_its_own_requests_and_nearly_all_of_the_others():
    one, other = rate_limit._Counts(), rate_limit._Counts()
    key, part = f"test:throttle:{uuid4()}", 5
    assert [one.one_more(key, part) for _ in range(23)] == list(range(1, 24))
    assert 24 - part < other.one_more(key, part) <= 24
    assert [other.one_more(key, 1) for _ in range(3)] == [23, 24, 25], "told of each"
    rate_limit._redis().delete(key)


def test_without_redis_nobody_is_refused(api, settings, monkeypatch):
    settings.REQUESTS_PER_MINUTE = 1
    unreachable = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.1)
    monkeypatch.setattr(rate_limit, "_redis", lambda: unreachable)
    monkeypatch.setattr(rate_limit.PerToken, "away_until", 0.0)
    assert [api.get(STATS).status_code for _ in range(4)] == [200] * 4
    monkeypatch.setattr(rate_limit.PerToken, "away_until", 0.0)


def test_it_lives_and_is_ready_once_the_view_is(committed):
    client = Client()
    assert client.get("/healthz").json() == {"status": "alive"}
    with connections["owner"].cursor() as cursor:
        cursor.execute("TRUNCATE view_refreshes")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "refresh_enriched_view" in answer.json()["view"]
    refresh.refresh()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "database": "ok", "view": "ok", "redis": "ok"},
    )


def test_without_redis_it_is_ready_and_says_so(committed, settings):
    refresh.refresh()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["redis"].startswith("away")


def test_metrics_are_for_whom_they_are_meant(committed, settings):
    client = Client()
    client.get("/api/v1/graph/relationships/7/")
    response = client.get("/metrics").content.decode()
    assert 'route="api/v1/graph/relationships/<str:relationship_id>/",status="401"' in response
    assert "finley_failures_open 0.0" in response
    assert "finley_pool_size" in response
    settings.METRICS_TOKEN = "open"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer open"}).status_code == 200
    settings.METRICS_TOKEN, settings.PRODUCTION = "", True
    assert client.get("/metrics").status_code == 404


def test_methods_that_clients_make_up_are_counted_as_one(committed):
    client = Client()
    for method in ("BREW", "WHEN"):
        client.generic(method, "/healthz")
    response = client.get("/metrics").content.decode()
    assert (
        'finley_request_seconds_count{method="other",route="healthz",status="405"} 2.0' in response
    )
    assert "BREW" not in response


def test_a_line_of_the_log_is_an_object_with_the_request_s_id():
    record = logging.LogRecord("finley", logging.INFO, "x", 1, "%s\nwas here", ("é",), None)
    token = problems.request_id.set("abc")
    try:
        assert OfRequest().filter(record)
    finally:
        problems.request_id.reset(token)
    document = json.loads(Json().format(record))
    assert (document["message"], document["request_id"], document["level"]) == (
        "é\nwas here",
        "abc",
        "INFO",
    )


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_signs_of_life_are_only_read(committed, path):
    assert Client().post(path).status_code == 405
