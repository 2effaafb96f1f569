"""Request and response shapes of uploads and their rejected rows."""

from typing import Any

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, StrictQuery
from graph.api.shapes.graph_serializers import RelationshipAnswer
from graph.api.shapes.request_bodies import StrictBody
from graph.ingest.ledger_rows import TEXT_LIMIT
from syncjobs.models.choices import UploadState
from syncjobs.models.uploads import MOST_BYTES, PIECE_BYTES
from syncjobs.uploads.rejected_rows import MOST_ROWS
from syncjobs.uploads.upload_options import CHOICE_CHARACTERS, ONE_OF

MOST_LINES = 10**9
MOST_CELLS = 1_000


class UploadBody(StrictBody):
    name = serializers.CharField(
        max_length=1_000, help_text="The file's name; its last part counts"
    )
    size = serializers.IntegerField(
        min_value=1,
        max_value=MOST_BYTES,
        help_text="bytes",
        error_messages={
            "min_value": "The file is empty.",
            "max_value": f"{MOST_BYTES / 1e6:,.0f} MB is the most: split the file, or compress it "
            "with gzip.",
        },
    )


def _one_of(name: str, text: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(ONE_OF[name], required=False, help_text=text)


def _text(text: str, most: int = CHOICE_CHARACTERS) -> serializers.CharField:
    return serializers.CharField(required=False, max_length=most, help_text=text)


class ChoicesBody(StrictBody):
    """A person's decisions. A field that is left out is not decided."""

    direction = _one_of("direction", "What a positive amount is: money in or out")
    date_order = _one_of("date_order", "What a date begins with")
    decimal = _one_of("decimal", "The decimal mark")
    records = _one_of("records", "What a row records")
    same_account = _one_of(
        "same_account", "The rows are of the same account as earlier files with these columns"
    )
    account = _text("The account whose rows these are")
    currency = serializers.RegexField(
        r"\A[A-Z]{3}\Z", required=False, help_text="For rows that state none"
    )
    payee = _text("The column that names the other side")
    amount = _text("The column of the amount")
    date = _text("The column of the date")
    document = _text("The column of the document's number: of an invoice, or a reference")


class ConfirmBody(StrictBody):
    save_mapping = serializers.BooleanField(
        default=False, help_text="Read files with these columns so from now on"
    )


class MendedBody(StrictBody):
    line = serializers.IntegerField(min_value=1, max_value=MOST_LINES)
    text = serializers.CharField(
        required=False,
        max_length=TEXT_LIMIT - 1,
        trim_whitespace=False,
        help_text="The row as it is to be read, with the file's own delimiter",
    )
    cells = serializers.ListField(
        child=serializers.CharField(
            allow_blank=True, trim_whitespace=False, max_length=TEXT_LIMIT - 1
        ),
        required=False,
        max_length=MOST_CELLS,
        help_text="In place of `text`: the row's cells",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("text" in attrs) == ("cells" in attrs):
            raise serializers.ValidationError("Send either `text` or `cells`.")
        return attrs


class RejectedBody(StrictBody):
    rows = MendedBody(many=True, required=False, default=list)
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


class DoubtAnswer(Answer):
    topic = serializers.CharField()
    text = serializers.CharField()
    option = serializers.CharField(help_text="The option of import_ledger that decides, or empty")
    values = serializers.ListField(child=serializers.CharField())
    confidence = serializers.FloatField()
    blocking = serializers.BooleanField(help_text="Nothing is imported until it is decided")


class PartAnswer(Answer):
    """One table or statement of the file, as it would be imported."""

    name = serializers.CharField()
    title = serializers.CharField()
    table = serializers.CharField(source="label", help_text="Its name in the file, or empty")
    evidence = serializers.ListField(child=serializers.CharField())
    doubts = DoubtAnswer(many=True)
    question = serializers.CharField(help_text="The readings side by side, where one is to decide")
    warnings = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(
        child=serializers.DictField(),
        help_text="The first rows as they will be stored: `payer` pays `payee` in `direction`",
    )
    rejected = serializers.IntegerField(help_text="Of the rows that were looked at")
    looked_at = serializers.IntegerField()


class TakenBackAnswer(Answer):
    by = serializers.CharField()
    at = serializers.DateTimeField(required=False, help_text="Missing while a worker is at it")
    rows = serializers.IntegerField(required=False, help_text="Rows that are gone")
    rows_kept = serializers.IntegerField(
        required=False, help_text="Rows that stay, because another import holds them, too"
    )
    still_counted = serializers.IntegerField(required=False)
    cases_decided = serializers.IntegerField(required=False)
    cases_open = serializers.IntegerField(required=False)


class OutcomeAnswer(Answer):
    format = serializers.CharField()
    rows_in = serializers.IntegerField()
    rows_stored = serializers.IntegerField()
    rows_updated = serializers.IntegerField()
    rows_unchanged = serializers.IntegerField()
    rows_rejected = serializers.IntegerField()
    warnings = serializers.ListField(child=serializers.CharField())
    taken_back = TakenBackAnswer(required=False)


class RowsQuery(StrictQuery):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=500)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=10**9)


class RowsAnswer(Answer):
    count = serializers.IntegerField(help_text="Counts the rows of the file that the books have")
    results = RelationshipAnswer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="The next page's `offset`")


class TakenSum(Answer):
    direction = serializers.CharField(help_text="in, out, to receive, to pay, between or unknown")
    currency = serializers.CharField()
    rows = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=20, decimal_places=4)


class TakeBackAnswer(Answer):
    """What taking the import back removes, and what depends on it."""

    rows = serializers.IntegerField(help_text="Rows that go: send it as `rows` to take them back")
    rows_kept = serializers.IntegerField(
        help_text="Rows that stay, because another import holds them, too"
    )
    changed = serializers.IntegerField(
        help_text="How often the file changed a row that was there; what stays keeps the changes"
    )
    still_counted = serializers.IntegerField(
        help_text="Payments of these rows that other rows of the books have, and that count on"
    )
    cases_decided = serializers.IntegerField(
        help_text="Decided cases of possible double payments with such rows; decisions stay"
    )
    cases_open = serializers.IntegerField(help_text="The same, not decided: they go")
    links_decided = serializers.IntegerField(
        help_text="Links with such rows that people took apart; these decisions are lost"
    )
    sums = TakenSum(many=True, help_text="Of the rows that go")


class TakeBackBody(StrictBody):
    rows = serializers.IntegerField(
        min_value=0, help_text="How many rows you saw: 409 if it is another number now"
    )


class UploadAnswer(Answer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes")
    pieces = serializers.IntegerField(help_text="How many the file has")
    piece_bytes = serializers.IntegerField(default=PIECE_BYTES, help_text="Of all but the last")
    state = serializers.ChoiceField(UploadState.choices)
    error = serializers.CharField(help_text="Why it is refused or has failed")
    choices = serializers.DictField(child=serializers.CharField(), help_text="As decided")
    uploaded_by = serializers.CharField()
    outcome = OutcomeAnswer(allow_null=True, help_text="What became of its rows")
    created_at = serializers.DateTimeField()


class UploadDetailAnswer(UploadAnswer):
    missing = serializers.ListField(
        child=serializers.IntegerField(),
        default=list,
        help_text="The pieces to come while it is received",
    )
    parts = PartAnswer(many=True, source="preview.parts", default=list)


class UploadsAnswer(Answer):
    results = UploadAnswer(many=True)


class MissingAnswer(Answer):
    missing = serializers.ListField(
        child=serializers.IntegerField(), help_text="The pieces to come; none: it is being read"
    )


class StillRejectedAnswer(Answer):
    line = serializers.IntegerField(help_text="In the file")
    field = serializers.CharField(help_text="Which column, or empty")
    reason = serializers.CharField()
    text = serializers.CharField(help_text="The row")


class RejectedRowAnswer(StillRejectedAnswer):
    cells = serializers.ListField(
        child=serializers.CharField(), help_text="The row's cells; none where it is cut off"
    )


class RejectedAnswer(Answer):
    header = serializers.ListField(
        child=serializers.CharField(),
        help_text="The titles of the columns; none where rows cannot be mended",
    )
    results = RejectedRowAnswer(many=True)


class MendedAnswer(Answer):
    rows_stored = serializers.IntegerField(source="counts.rows_stored")
    rows_updated = serializers.IntegerField(source="counts.rows_updated")
    rows_unchanged = serializers.IntegerField(source="counts.rows_unchanged")
    rows_rejected = serializers.IntegerField(source="counts.rows_rejected")
    results = StillRejectedAnswer(many=True, source="rows", help_text="What is still rejected")
