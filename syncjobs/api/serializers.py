"""Request and response shapes of syncs and connections."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, StrictQuery
from graph.api.shapes.request_bodies import StrictBody
from graph.api.shapes.request_fields import TimeCursor, Timestamp
from syncjobs.models.choices import ConnectionState, Outcome, Provider, RunStatus, Trigger

MONTH = int(timedelta(days=31).total_seconds())
ID = r"\A[\x21-\x7e]*\Z"


class NoBody(StrictBody):
    pass


def past(timestamp: datetime) -> None:
    """Raises ValidationError if the timestamp is in the future."""
    if timestamp > timezone.now():
        raise serializers.ValidationError("Must not be in the future.")


@extend_schema_field({"type": "integer"})
class Seconds(serializers.Field[timedelta, int, int, Any]):
    """A serializer field: a timedelta in Python, whole seconds in JSON."""

    def to_representation(self, value: timedelta) -> int:
        return int(value.total_seconds())


class PageQuery(StrictQuery):
    """The parameters that all lists take: the cursor and the size of a page, and a period of
    time."""

    cursor = TimeCursor(required=False, help_text="The `next` of the previous page.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)
    since = Timestamp(
        required=False, validators=[past], help_text="Accepted at or after this time."
    )
    until = Timestamp(required=False, end=True, help_text="Accepted at or before this time.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        since, until = attrs.get("since"), attrs.get("until")
        if since and until and since > until:
            raise serializers.ValidationError({"since": ["Must not be later than `until`."]})
        return attrs


class SyncsQuery(PageQuery):
    connection = serializers.UUIDField(required=False)
    provider = serializers.ChoiceField(Provider.choices, required=False)
    status = serializers.ChoiceField(RunStatus.choices, required=False)


class ConnectionsQuery(StrictQuery):
    provider = serializers.ChoiceField(Provider.choices, required=False)
    state = serializers.ChoiceField(
        ConnectionState.choices,
        required=False,
        help_text="Removed connections are only listed with state=removed.",
    )


class SyncBody(StrictBody):
    connection = serializers.UUIDField(help_text="A connection of yours.")
    full = serializers.BooleanField(
        default=False, help_text="List everything again, not only changes."
    )


class ConnectionBody(StrictBody):
    provider = serializers.ChoiceField(Provider.choices)
    nango_connection_id = serializers.RegexField(ID, max_length=255)
    integration = serializers.RegexField(
        ID,
        max_length=255,
        default="",
        allow_blank=True,
        help_text="Nango's integration id, if it is not the provider's name.",
    )
    sync_every_seconds = serializers.IntegerField(
        default=None, allow_null=True, min_value=60, max_value=MONTH, help_text="null: on request"
    )


class ConnectionChange(StrictBody):
    sync_every_seconds = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=60,
        max_value=MONTH,
        help_text="null: on request",
    )
    state = serializers.ChoiceField(
        [ConnectionState.PAUSED.value, ConnectionState.ALIVE.value],
        required=False,
        help_text="paused, or alive to resume",
    )


class ConnectionAnswer(Answer):
    id = serializers.UUIDField()
    provider = serializers.ChoiceField(Provider.choices)
    nango_connection_id = serializers.CharField()
    integration = serializers.CharField()
    state = serializers.ChoiceField(ConnectionState.choices)
    state_reason = serializers.CharField()
    sync_every_seconds = Seconds(source="sync_every", allow_null=True)
    next_sync_at = serializers.DateTimeField(allow_null=True)
    last_synced_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ConnectionsAnswer(Answer):
    results = ConnectionAnswer(many=True)


class SyncAnswer(Answer):
    id = serializers.UUIDField()
    connection = serializers.UUIDField(source="connection_id")
    provider = serializers.ChoiceField(Provider.choices)
    full = serializers.BooleanField(source="payload.full", default=False)
    trigger = serializers.ChoiceField(Trigger.choices)
    status = serializers.ChoiceField(RunStatus.choices)
    progress = serializers.DictField(help_text="The progress so far")
    tries = serializers.IntegerField(help_text="Number of counted attempts")
    next_try_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(help_text="Why it failed, in one sentence")
    correlation_id = serializers.CharField()
    created_at = serializers.DateTimeField(help_text="When it was accepted")
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    cancel_requested_at = serializers.DateTimeField(allow_null=True)


class AttemptAnswer(Answer):
    try_number = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(Outcome.choices)
    retry_after = serializers.FloatField(
        allow_null=True, help_text="Seconds until the next attempt"
    )
    error = serializers.CharField()


class SyncDetailAnswer(SyncAnswer):
    attempts = AttemptAnswer(many=True)


class SyncsAnswer(Answer):
    results = SyncAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The `cursor` of the next page")


class HintAnswer(Answer):
    accepted = serializers.BooleanField()
    reason = serializers.CharField(help_text="Why nothing, or nothing new, was done")
    connection = serializers.UUIDField(allow_null=True)
    run = serializers.UUIDField(allow_null=True)
