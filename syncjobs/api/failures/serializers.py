"""Request and response shapes of dead letters."""

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, StrictQuery
from graph.api.shapes.request_bodies import StrictBody
from graph.api.shapes.request_fields import TimeCursor, Timestamp
from syncjobs.api.serializers import AttemptAnswer, past
from syncjobs.failures import payloads
from syncjobs.failures.replay import FASTEST
from syncjobs.failures.settle import NOTE_CHARACTERS
from syncjobs.models.choices import FailureStatus, Provider, RunStatus, Trigger

CURRENT, ANY = "current", "any"
MOST = 1_000


class Filters(StrictQuery):
    """The parameters by which the list of failures is filtered."""

    status = serializers.ChoiceField(
        [CURRENT, ANY, *FailureStatus.values],
        default=CURRENT,
        help_text="current: open or being replayed; any: every status.",
    )
    provider = serializers.ChoiceField(Provider.choices, required=False)
    function = serializers.CharField(required=False, max_length=200)
    fingerprint = serializers.CharField(
        required=False, max_length=64, help_text="The fingerprint of a group."
    )
    since = Timestamp(required=False, validators=[past], help_text="Failed at or after this time.")
    search = serializers.CharField(
        required=False, max_length=200, help_text="An id of the failure, or a text in it."
    )


class FailuresQuery(Filters):
    cursor = TimeCursor(required=False, help_text="The `next` of the previous page.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)


class GroupsQuery(Filters):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=100_000)


class ReplayBody(StrictBody):
    payload = serializers.DictField(
        required=False,
        help_text=(
            "Replaces the failure's own payload, which is kept in its history. "
            f"{payloads.keys_in_words()} Other keys are refused."
        ),
    )


class ReplaysBody(StrictBody):
    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST)
    per_minute = serializers.IntegerField(
        default=None,
        allow_null=True,
        min_value=1,
        max_value=FASTEST,
        help_text="null: all at once",
    )
    dry_run = serializers.BooleanField(
        default=False, help_text="Start no replays, only report which would be started."
    )


class NoteBody(StrictBody):
    note = serializers.CharField(default="", allow_blank=True, max_length=NOTE_CHARACTERS)


class ReasonBody(StrictBody):
    reason = serializers.CharField(max_length=NOTE_CHARACTERS)


class FailureAnswer(Answer):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(FailureStatus.choices)
    function = serializers.CharField()
    provider = serializers.CharField()
    error = serializers.CharField(help_text="What went wrong, in one sentence")
    error_class = serializers.CharField()
    location = serializers.CharField(help_text="The innermost frame of finley's code")
    fingerprint = serializers.CharField(help_text="Equal for failures of the same kind")
    tries = serializers.IntegerField()
    first_failed_at = serializers.DateTimeField()
    last_failed_at = serializers.DateTimeField()
    note = serializers.CharField(help_text="Why it was settled")
    settled_at = serializers.DateTimeField(allow_null=True)
    user_id = serializers.UUIDField(allow_null=True, help_text="The tenant")
    connection_id = serializers.CharField()
    correlation_id = serializers.CharField()
    run = serializers.UUIDField(source="run_id", allow_null=True)
    job_id = serializers.CharField()


class FailuresAnswer(Answer):
    results = FailureAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The next page's `cursor`")


class StaffAttemptAnswer(AttemptAnswer):
    worker = serializers.CharField()
    error_class = serializers.CharField()
    traceback = serializers.CharField()


class FailureRunAnswer(Answer):
    id = serializers.UUIDField()
    trigger = serializers.ChoiceField(Trigger.choices)
    status = serializers.ChoiceField(RunStatus.choices)
    created_at = serializers.DateTimeField()
    next_try_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField()
    attempts = StaffAttemptAnswer(many=True, source="tried", help_text="The last one first")


class FailureDetailAnswer(FailureAnswer):
    payload = serializers.DictField(help_text="The payload of a replay")
    payload_history = serializers.ListField(child=serializers.DictField())
    traceback = serializers.CharField()
    advice = serializers.CharField(help_text="What a person should do")
    runs = FailureRunAnswer(many=True, help_text="The run that failed, and its replays")


class GroupAnswer(Answer):
    fingerprint = serializers.CharField()
    count = serializers.IntegerField()
    open = serializers.IntegerField()
    newest = serializers.DateTimeField()
    oldest = serializers.DateTimeField()
    providers = serializers.ListField(child=serializers.CharField())
    sample_id = serializers.UUIDField(help_text="The id of the newest failure")
    error = serializers.CharField()
    error_class = serializers.CharField()
    function = serializers.CharField()
    location = serializers.CharField()


class GroupsAnswer(Answer):
    results = GroupAnswer(source="groups", many=True)
    total = serializers.IntegerField(help_text="Number of groups on all pages")


class StartedAnswer(Answer):
    failure = serializers.UUIDField()
    run = serializers.UUIDField(allow_null=True, help_text="null in a dry run")


class SkippedAnswer(Answer):
    failure = serializers.UUIDField()
    reason = serializers.CharField()


class ReplaysAnswer(Answer):
    dry_run = serializers.BooleanField()
    eligible = serializers.IntegerField(help_text="Number of replays started, or to be started")
    started = StartedAnswer(many=True)
    skipped = SkippedAnswer(many=True)
