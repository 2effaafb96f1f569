"""The base of JSON objects in request bodies."""

from typing import Any

from rest_framework import serializers

from graph.api.shapes.common_serializers import StrictQuery

# JSON types that the fields would convert without an error: 0 to false, 7 to "7", false to an id of
# zeros.
JSON: dict[type[serializers.Field[Any, Any, Any, Any]], tuple[type, str]] = {
    serializers.BooleanField: (bool, "true or false"),
    serializers.CharField: (str, "a string"),
    serializers.IntegerField: (int, "a whole number"),
    serializers.UUIDField: (str, "a string"),
}


def _is(value: Any, kind: type) -> bool:
    """Return whether the value has the JSON type `kind` or is null. A boolean is no number.

    The field itself decides whether null is allowed.
    """
    return value is None or (isinstance(value, kind) and isinstance(value, bool) == (kind is bool))


def _misread(field: serializers.Field[Any, Any, Any, Any], value: Any) -> Any:
    """Return sentences that say that a value has the wrong JSON type; empty if it has the right
    one.

    For a list, returns a dict: position of a wrong item → its sentences.
    """
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        errors = {i: _misread(field.child, item) for i, item in enumerate(value)}
        return {position: sentences for position, sentences in errors.items() if sentences}
    return [
        f"Must be {word}."
        for kind, (types, word) in JSON.items()
        if isinstance(field, kind) and not _is(value, types)
    ]


class StrictBody(StrictQuery):
    """A request's JSON object. Unknown fields are errors."""

    one_of_them = "field"

    def wrong(self, data: Any) -> dict[str, Any]:
        """Return the errors about unknown fields, and about values of the wrong JSON type, by
        name."""
        misread = {
            name: errors
            for name, field in self.fields.items()
            if (errors := _misread(field, data.get(name)))
        }
        return {**super().wrong(data), **misread}

    def checked(self) -> dict[str, Any]:
        """Return the validated fields. Raises ValidationError that names each wrong field."""
        self.is_valid(raise_exception=True)
        return dict(self.validated_data)
