"""Request and response shapes of uploaded files."""

from typing import Any

from rest_framework import serializers

from graph.api.bodies import StrictBody
from graph.api.common_serializers import Answer
from graph.ingest.mappings.mapping import RECORDS
from graph.ingest.rows import TEXT_LIMIT
from syncjobs.models.choices import UploadState
from syncjobs.models.uploads import MOST_BYTES, PIECE_BYTES
from syncjobs.uploads.choices import DIRECTIONS
from syncjobs.uploads.rejected_rows import MOST_ROWS

MOST_LINES = 10**9


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
    account = title("The account whose rows these are")
    same_account = choice("yes", meaning="The account is that of earlier files with these columns")


class ConfirmBody(StrictBody):
    save_mapping = serializers.BooleanField(
        default=False, help_text="Read files with these columns so from now on"
    )


class MendedRowBody(StrictBody):
    line = serializers.IntegerField(min_value=1, max_value=MOST_LINES)
    text = serializers.CharField(
        max_length=TEXT_LIMIT - 1,
        trim_whitespace=False,
        help_text="The row as it is to be read, with the file's own delimiter",
    )


class RejectedRowsBody(StrictBody):
    rows = MendedRowBody(many=True, required=False, default=list)
    drop = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MOST_LINES),
        required=False,
        default=list,
        max_length=MOST_ROWS,
        help_text="Lines to forget",
    )

    def validate_rows(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(rows) > MOST_ROWS:
            raise serializers.ValidationError(f"At most {MOST_ROWS} rows at once.")
        if len({row["line"] for row in rows}) < len(rows):
            raise serializers.ValidationError("Each line at most once.")
        return rows


class RejectedRowAnswer(Answer):
    line = serializers.IntegerField(help_text="In the file")
    field = serializers.CharField(help_text="Which column, or empty")
    reason = serializers.CharField()
    text = serializers.CharField(help_text="The row")


class RejectedRowsAnswer(Answer):
    results = RejectedRowAnswer(many=True)


class MendedRowsAnswer(Answer):
    rows_stored = serializers.IntegerField(source="counts.rows_stored")
    rows_updated = serializers.IntegerField(source="counts.rows_updated")
    rows_unchanged = serializers.IntegerField(source="counts.rows_unchanged")
    rows_rejected = serializers.IntegerField(source="counts.rows_rejected")
    results = RejectedRowAnswer(many=True, source="rows", help_text="What is still rejected")
