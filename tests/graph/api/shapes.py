"""Checks an answer against the OpenAPI schema that the service publishes."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, FormatChecker

V1 = "/api/v1/graph/"


@cache
def published() -> dict[str, Any]:
    return SchemaGenerator().get_schema(public=True)


@cache
def validator(path: str, status: int, media_type: str = "") -> Draft202012Validator:
    """A validator for the answer of GET `path`. A property that the schema does not name is an
    error.

    `media_type` chooses one of several representations.
    """
    answer = published()["paths"][path]["get"]["responses"][str(status)]
    schemas = {
        name: {**schema, "additionalProperties": False}
        if "properties" in schema
        else schema
        for name, schema in published()["components"]["schemas"].items()
    }  # fmt: skip
    contents = answer["content"]
    (content,) = [contents[media_type]] if media_type else contents.values()
    schema = content["schema"]
    return Draft202012Validator(
        {**schema, "components": {"schemas": schemas}}, format_checker=FormatChecker()
    )


def as_published(question: str, body: Any, status: int = 200) -> Any:
    """Return the body if it matches the schema of the question's answer; otherwise fail."""
    path = V1 + ("relationships/{relationship_id}/" if "relationships/" in question else question)
    validator(path, status).validate(body)
    return body
