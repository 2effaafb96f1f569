"""The published schema and its docs page."""

import re

import httpx
import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from graph.api.urls import urlpatterns
from tests.graph.api.shapes import V1, published

URL = re.compile(r"""(?:https?:)?//[^\s"'<>]+""")


def test_the_schema_is_valid_and_generated_without_a_warning(tmp_path, capsys):
    file = tmp_path / "schema.yaml"
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(file))
    assert "openapi: 3.1" in file.read_text()
    assert capsys.readouterr().err == ""


HEAVY = ("stats/", "/paths/", "k-shortest/", "neighbourhood/", "importance/", "communities/")
OF_ANY = {"400", "401", "403", "406", "429", "503"}


def test_every_question_is_in_it_with_what_can_go_wrong():
    paths = {path: operations for path, operations in published()["paths"].items() if V1 in path}
    assert len(paths) == len(urlpatterns)
    for path, operations in paths.items():
        jobs = "questions/" in path
        decided = path.endswith(("decide/", "check/", "resolutions/"))
        if decided:
            both = path.endswith("resolutions/")
            assert set(operations) == ({"get", "post"} if both else {"post"})
            continue
        unversioned = jobs or "cases/" in path
        assert set(operations) == ({"get", "delete"} if jobs and "}/" in path else {"get"})
        for operation in operations.values():
            assert operation["description"]
            assert operation["security"] == [{"token": []}, {"session": []}]
        operation = operations["get"]
        parts = ("paths/", "cash-flow/", "open-items/", "spend/", "preview/", "}/")
        may_be_missing = any(part in path for part in parts)
        missing = {"404"} if may_be_missing else set()
        others = ("predictions/", "preview/", "apart/")
        has_no_version = "stream/" in path or unversioned or path.endswith(others)
        unchanged = set() if has_no_version else {"304"}
        old = {"410"} if path.endswith("changes/") else set()
        heavy = {"202", "422"} if path.endswith(HEAVY) else set()
        of_any = OF_ANY - ({"503"} if unversioned else set())
        assert set(operation["responses"]) == {*of_any, "200"} | missing | unchanged | old | heavy


def test_a_token_is_shown_as_a_bearer():
    schemes = published()["components"]["securitySchemes"]
    assert {name: (s["type"], s.get("scheme", s.get("in"))) for name, s in schemes.items()} == {
        "token": ("http", "bearer"),
        "session": ("apiKey", "cookie"),
    }


def test_every_operation_has_a_summary_and_a_tag():
    parts = set()
    for path, operations in published()["paths"].items():
        for operation in operations.values():
            assert 0 < len(operation["summary"]) < 80, path
            assert len(operation["tags"]) == 1, path
            parts.update(operation["tags"])
    assert {tag["name"] for tag in published()["tags"]} == parts


def test_parameters_carry_their_bounds():
    operation = published()["paths"][V1 + "paths/"]["get"]["parameters"]
    by_name = {each["name"]: each for each in operation if each["in"] == "query"}
    assert list(by_name) == [
        "direction", "edges", "has", "max_length", "min_confidence", "once", "records", "since",
        "source", "target", "types", "until", "weight",
    ]  # fmt: skip
    assert by_name["source"]["required"]
    assert by_name["source"]["schema"]["format"] == "uuid"
    bounds = by_name["max_length"]["schema"]
    assert (bounds["minimum"], bounds["maximum"], bounds["default"]) == (1, 20, 6)
    assert by_name["weight"]["schema"]["enum"] == ["causal_score", "confidence_score"]


def test_schema_and_docs_need_no_token(committed):
    client = APIClient()
    schema = client.get("/api/schema/")
    assert schema.status_code == 200
    assert b"openapi: 3.1" in schema.content
    assert client.get("/api/docs/").status_code == 200


@pytest.fixture
def page(server) -> str:
    answer = httpx.get(f"{server}/api/docs/", timeout=30)
    assert answer.status_code == 200
    return answer.text


def test_the_docs_page_takes_everything_from_this_server(server, page):
    assert URL.findall(page) == []
    assets = re.findall(r"""(?:src|href)="([^"]+)""", page)
    assert {asset.rsplit(".", 1)[-1] for asset in assets} >= {"css", "js"}
    for asset in assets:
        answer = httpx.get(server + asset, timeout=30)
        assert answer.status_code == 200, asset
        assert answer.content
