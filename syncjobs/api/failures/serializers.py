"""What the API takes and gives of dead letters."""

from rest_framework import serializers

from graph.api.fields import Moment, Place
from graph.api.serializers import Answer, StrictQuery
from syncjobs.api.serializers import AttemptAnswer, StrictBody, past
from syncjobs.failures.replaying import FASTEST
from syncjobs.failures.settling import LONGEST
from syncjobs.models.choices import FailureStatus, Provider, RunStatus, Trigger

CURRENT, ANY = "current", "any"
MOST = 1_000


class Filters(StrictQuery):
    """Which failures."""

    status = serializers.ChoiceField(
        [CURRENT, ANY, *FailureStatus.values],
        default=CURRENT,
        help_text="current: open or being replayed; any: of whichever status.",
    )
    provider = serializers.ChoiceField(Provider.choices, required=False)
    function = serializers.CharField(required=False, max_length=200)
    fingerprint = serializers.CharField(required=False, max_length=64, help_text="A group's")
    since = Moment(required=False, validators=[past], help_text="Not failed before this.")
    search = serializers.CharField(
        required=False, max_length=200, help_text="An id that it carries, or a text in it."
    )


class FailuresQuery(Filters):
    cursor = Place(required=False, help_text="The `next` of the page before.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)


class GroupsQuery(Filters):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=100_000)


class ReplayBody(StrictBody):
    payload = serializers.DictField(
        required=False, help_text="Instead of the failure's own, which is kept beside it."
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
    dry_run = serializers.BooleanField(default=False, help_text="Start none; say which would be.")


class NoteBody(StrictBody):
    note = serializers.CharField(default="", allow_blank=True, max_length=LONGEST)


class ReasonBody(StrictBody):
    reason = serializers.CharField(max_length=LONGEST)


class FailureAnswer(Answer):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(FailureStatus.choices)
    function = serializers.CharField()
    provider = serializers.CharField()
    error = serializers.CharField(help_text="What went wrong, in a sentence")
    error_class = serializers.CharField()
    location = serializers.CharField(help_text="The top frame of ours")
    fingerprint = serializers.CharField(help_text="Groups like failures")
    tries = serializers.IntegerField()
    first_failed_at = serializers.DateTimeField()
    last_failed_at = serializers.DateTimeField()
    note = serializers.CharField(help_text="Why it was put aside")
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
    payload = serializers.DictField(help_text="What a replay asks for")
    payload_history = serializers.ListField(child=serializers.DictField())
    traceback = serializers.CharField()
    advice = serializers.CharField(help_text="What a person should do now")
    runs = FailureRunAnswer(many=True, help_text="The run that failed, and its replays")


class GroupAnswer(Answer):
    fingerprint = serializers.CharField()
    count = serializers.IntegerField()
    open = serializers.IntegerField()
    newest = serializers.DateTimeField()
    oldest = serializers.DateTimeField()
    providers = serializers.ListField(child=serializers.CharField())
    sample_id = serializers.UUIDField(help_text="The newest one's id")
    error = serializers.CharField()
    error_class = serializers.CharField()
    function = serializers.CharField()
    location = serializers.CharField()


class GroupsAnswer(Answer):
    results = GroupAnswer(source="groups", many=True)
    total = serializers.IntegerField(help_text="Groups on all pages")


class StartedAnswer(Answer):
    failure = serializers.UUIDField()
    run = serializers.UUIDField(allow_null=True, help_text="null in a dry run")


class SkippedAnswer(Answer):
    failure = serializers.UUIDField()
    reason = serializers.CharField()


class ReplaysAnswer(Answer):
    dry_run = serializers.BooleanField()
    eligible = serializers.IntegerField(help_text="How many are started, or would be")
    started = StartedAnswer(many=True)
    skipped = SkippedAnswer(many=True)
