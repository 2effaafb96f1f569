"""What every request and response shape shares: strict parameters, answers, problems."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, cast

from rest_framework import serializers

OF_THE_PAST = ("as_of", "valid")
OF_THE_PRESENT = "This question cannot be asked in this way of the past. Omit it."
Fields = dict[str, serializers.Field[Any, Any, Any, Any]]


class Shape(serializers.Serializer[Any]):
    """A serializer with fields that are created once per class, not per request."""

    @property
    def fields(self) -> Any:
        return _fields_of(type(self))

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Return the instance's values by field name, as JSON types.

        It does what REST framework's method does, but is faster for dicts, because that method
        tries several ways to read each value.
        """
        conversions = _conversions(type(self)) if isinstance(instance, dict) else ()
        if not conversions or not all(source in instance for _, source, _ in conversions):
            return super().to_representation(instance)
        return {
            name: None if (value := instance[source]) is None else write(value)
            for name, source, write in conversions
        }


@cache
def _fields_of(shape: type[Shape]) -> Any:
    return super(Shape, shape()).fields


@cache
def _conversions(shape: type[Shape]) -> list[tuple[str, str, Callable[[Any], Any]]]:
    """Return (field name, key of the value, conversion to JSON) for each field of the shape.

    Returns an empty list if a field reads a nested value, which needs the REST framework's own
    method.
    """
    fields = [(name, field) for name, field in _fields_of(shape).items() if not field.write_only]
    if any(field.source == "*" or "." in field.source for _, field in fields):
        return []
    return [(name, field.source, field.to_representation) for name, field in fields]


class Money(serializers.DecimalField):
    """An amount with four decimals, as text in answers.

    A value that has four decimals already is not quantized, because quantizing takes most of the
    time of a list of sums.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=20, decimal_places=4, **options)

    def to_representation(self, value: Any) -> Any:
        text = str(value) if isinstance(value, Decimal) else ""
        is_written = text[-5:-4] == "." and "E" not in text
        return text if is_written else super().to_representation(value)


class StrictQuery(Shape):
    """The parameters of a question. Unknown parameters are errors."""

    one_of_them = "parameter"

    def wrong(self, data: Any) -> dict[str, Any]:
        """Return the errors about unknown parameters: name → one sentence that lists the known
        ones.

        The fields report all other errors.
        """
        choices = ", ".join(self.fields) or "none"
        unknown = f"Unknown {self.one_of_them}. Known: {choices}."
        return {
            name: [OF_THE_PRESENT if name in OF_THE_PAST else unknown]
            for name in sorted(set(data) - set(self.fields))
        }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            where = "value" if self.parent else "body"
            raise serializers.ValidationError({"detail": f"The {where} must be a JSON object."})
        wrong = self.wrong(data)
        try:
            checked = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError(
                {**cast(dict[str, Any], error.detail), **wrong}
            ) from None
        if wrong:
            raise serializers.ValidationError(wrong)
        return checked


class NoQuery(StrictQuery):
    pass


class AsOfQuery(StrictQuery):
    """Parameters of a question that may be asked of what finley knew in the past."""

    as_of = serializers.CharField(
        required=False,
        max_length=100,
        help_text="What finley knew at the end of a day (2026-03-01), or at a version (the "
        "as_of_version of an earlier answer); `today` is then that day",
    )


class PastQuery(AsOfQuery):
    """As AsOfQuery, and with a limit of the time of events."""

    valid = serializers.DateField(
        required=False,
        help_text="Only what occurred up to the end of this day, in UTC; `today` is then that day",
    )


class Answer(Shape):
    """The shape of a response."""


class WrongValue(Answer):
    pointer = serializers.CharField(help_text="A JSON Pointer (RFC 6901) into that part")
    detail = serializers.CharField()

    def get_fields(self) -> Fields:
        parts = serializers.ChoiceField(["query", "body", "path", "header"])
        return {"in": parts, **super().get_fields()}


class Problem(Answer):
    """The shape of an error answer: RFC 9457, application/problem+json."""

    type = serializers.CharField(help_text="A URN that names the kind of problem")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong with this request, and what to do")
    request_id = serializers.CharField(help_text="The request's id in the log")
    errors: Any = WrongValue(many=True, required=False)
    run = serializers.UUIDField(required=False, help_text="The run that prevents it")
    question = serializers.UUIDField(
        required=False, help_text="The question that a worker could not answer"
    )
