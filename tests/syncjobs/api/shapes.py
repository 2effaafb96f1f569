"""Checks an answer against the OpenAPI schema that the service publishes."""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tests.graph.api.shapes import published

V1 = "/api/v1/"


@cache
def validator(path: str, method: str, status: int) -> Draft202012Validator:
    """A validator for this operation's answer. A property that the schema does not name is an
    error, except in objects of any shape."""
    answer = published()["paths"][V1 + path][method]["responses"][str(status)]
    schemas = {}
    for name, schema in published()["components"]["schemas"].items():
        closed = {"additionalProperties": False} if "properties" in schema else {}
        schemas[name] = schema | closed
    (content,) = answer["content"].values()
    schema = content["schema"]
    return Draft202012Validator(
        {**schema, "components": {"schemas": schemas}}, format_checker=FormatChecker()
    )


def as_published(answer: Any, path: str, method: str = "get", status: int = 200) -> Any:
    """Return the answer's body. Asserts that status and body match the schema."""
    assert answer.status_code == status, answer.content
    validator(path, method, status).validate(answer.json())
    return answer.json()
