"""The schema's examples are real answers: taken here, and compared here with what is answered now.

`EXAMPLES=write pytest tests/graph/api/test_examples.py` takes them anew.
"""

import json
import os
from typing import Any

import pytest

from graph.api import changes
from graph.api.schema import EXAMPLES
from graph.http.problems import MEDIA_TYPE
from tests.graph.api.example_answers import (
    FILE,
    answers,
    case_of,
    checked,
    decisions,
    one_case,
    operations,
    problems,
    questions_to_workers,
)
from tests.graph.api.shapes import V1, published, validator

BINARY = ("application/vnd.apache.parquet", "application/vnd.apache.arrow.stream")


@pytest.fixture(autouse=True)
def short_streams(own_queue, monkeypatch) -> None:
    monkeypatch.setattr(changes, "LOOKED_EVERY", 0.01)
    monkeypatch.setattr(changes, "LONGEST", 0.02)


@pytest.fixture
def taken(api, tenant, books, settings) -> dict[str, Any]:
    """An example of each answer, as the service gives it now."""
    case = case_of(tenant, books)
    return {
        **answers(api, books),
        **one_case(api, case, tenant.id),
        "graph_check": checked(api),
        **decisions(api, tenant.id, books),
        **questions_to_workers(api),
        "problems": problems(api, tenant, settings),
    }


def shape(value: Any) -> Any:
    """What the value is like: its members, and of what kind they are."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner_) for inner_ in value]
    if isinstance(value, bool) or value is None:
        return str(value is None)
    return "number" if isinstance(value, int | float) else "text"


def test_the_examples_are_what_is_answered(taken):
    if os.environ.get("EXAMPLES") == "write":
        FILE.write_text(json.dumps(taken, indent=1, ensure_ascii=False) + "\n")
        return
    assert shape(EXAMPLES) == shape(taken)


def test_every_answer_of_every_question_has_one():
    for path, operation in operations():
        for code, answer in operation["responses"].items():
            for kind, content in answer.get("content", {}).items():
                label = (operation["operationId"], code, kind)
                assert ("example" in content) == (kind not in BINARY), label
                if kind in {"application/json", MEDIA_TYPE}:
                    _valid(path, operation, code, kind, content["example"])


def _valid(path: str, operation: dict[str, Any], code: str, kind: str, example: Any) -> None:
    if operation is published()["paths"][V1 + path].get("get"):
        validator(V1 + path, int(code), kind).validate(example)
    if kind == MEDIA_TYPE:
        assert example["status"] == int(code)


def test_no_example_holds_a_secret_or_a_place_of_this_machine():
    text = FILE.read_text()
    for secret in ("finley_", "Bearer", str(FILE.parents[2]), "/tmp/"):
        assert secret not in text
