"""A stream keeps no connection of the pool, and what is no version is refused before it begins."""

import httpx
import pytest
from django.conf import settings

from tests.graph.api.shapes import V1


@pytest.fixture
def shown(api) -> dict[str, str]:
    return {"Authorization": api._credentials["HTTP_AUTHORIZATION"]}


def test_what_is_no_version_is_refused_before_the_stream_begins(server, shown, books):
    path = f"{server}{V1}changes/stream/"
    for options in ({"params": {"since": "x"}}, {"headers": {"Last-Event-ID": "é".encode()}}):
        headers = {**shown, **options.pop("headers", {})}
        answer = httpx.get(path, headers=headers, timeout=20, trust_env=False, **options)
        assert answer.status_code == 400


def test_more_streams_than_connections_stop_nobody(server, shown, books):
    most = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
    with httpx.Client(base_url=server + V1, headers=shown, timeout=8, trust_env=False) as client:
        version = client.get("stats/").json()["as_of_version"]
        followed = [
            client.stream("GET", "changes/stream/", params={"since": version})
            for _ in range(most + 2)
        ]
        try:
            assert {stream.__enter__().status_code for stream in followed} == {200}
            assert client.get("entities/").status_code == 200
        finally:
            for stream in followed:
                stream.__exit__(None, None, None)


def test_head_ends_at_once(server, shown, books):
    answer = httpx.head(f"{server}{V1}changes/stream/", headers=shown, timeout=5, trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream"
