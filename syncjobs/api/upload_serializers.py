"""Request and response shapes of uploaded files."""

from rest_framework import serializers

from graph.api.bodies import StrictBody
from graph.api.common_serializers import Answer
from graph.ingest.mappings.mapping import RECORDS
from syncjobs.models.choices import UploadState
from syncjobs.models.uploads import MOST_BYTES, PIECE_BYTES

DIRECTIONS = ("in", "out")  # of money, where an amount is positive


class UploadBody(StrictBody):
    name = serializers.CharField(max_length=1000, help_text="The file's name")
    size = serializers.IntegerField(min_value=1, max_value=MOST_BYTES, help_text="bytes")


class UploadAnswer(Answer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes")
    state = serializers.ChoiceField(UploadState.choices)
    pieces = serializers.IntegerField(help_text="Number of pieces")
    piece_bytes = serializers.SerializerMethodField(help_text="Of each piece but the last")
    error = serializers.CharField(help_text="Why it cannot be read; empty where it can")
    uploaded_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_piece_bytes(self, _: object) -> int:
        return PIECE_BYTES


class UploadsAnswer(Answer):
    results = UploadAnswer(many=True)


class UploadDetailAnswer(UploadAnswer):
    choices = serializers.DictField(
        child=serializers.CharField(), help_text="What was corrected by hand"
    )
    preview = serializers.DictField(
        allow_null=True,
        help_text="`columns`: the titles. `parts`: of each table its first rows as they would be "
        "read, and `doubts`: what could be read in two ways; the blocking ones must be decided",
    )
    outcome = serializers.DictField(allow_null=True, help_text="How many rows became what")


class MissingAnswer(Answer):
    missing = serializers.ListField(child=serializers.IntegerField())


def choice(*values: str, meaning: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(
        values, required=False, default="", allow_blank=True, help_text=meaning
    )


def title(meaning: str) -> serializers.CharField:
    return serializers.CharField(
        required=False, default="", allow_blank=True, max_length=200, help_text=meaning
    )


class MappingBody(StrictBody):
    """What is left out or empty is guessed."""

    direction = choice(*DIRECTIONS, meaning="What a positive amount is")
    date_order = choice("day", "month", meaning="Which comes first")
    decimal = choice(".", ",", meaning="The decimal mark")
    records = choice(*RECORDS, meaning="What a row records")
    currency = serializers.RegexField(
        r"\A([A-Z]{3})?\Z",
        required=False,
        default="",
        allow_blank=True,
        help_text="Of rows that state none",
    )
    payee = title("The column of the other side")
    amount = title("The column of the amount")
    date = title("The column of the date")
