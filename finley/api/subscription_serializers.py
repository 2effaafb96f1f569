"""Request and response shapes of subscriptions."""

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, StrictQuery
from graph.api.shapes.request_bodies import StrictBody
from syncjobs.events import subscriptions
from syncjobs.events.event_types import EVENT_TYPES, NAMES
from syncjobs.models.choices import DeliveryState

MEANINGS = "; ".join(f"{event.name}: {event.meaning}" for event in EVENT_TYPES)


class SubscriptionBody(StrictBody):
    name = serializers.CharField(max_length=100, help_text="What it is for")
    address = serializers.CharField(max_length=2000, help_text="The https address of a receiver")
    events = serializers.ListField(
        child=serializers.ChoiceField(NAMES),
        allow_empty=False,
        max_length=len(NAMES),
        help_text=MEANINGS,
    )


class SubscriptionAnswer(Answer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    address = serializers.CharField()
    events = serializers.ListField(
        child=serializers.CharField(), help_text="Empty: all but version.changed"
    )
    is_enabled = serializers.BooleanField()
    note = serializers.CharField(help_text="Why it was disabled")
    created_at = serializers.DateTimeField()


class SubscriptionsAnswer(Answer):
    results = SubscriptionAnswer(many=True)


class NewSubscriptionAnswer(SubscriptionAnswer):
    secret = serializers.CharField(help_text="It signs the messages. It is not shown again")


class SentQuery(StrictQuery):
    state = serializers.ChoiceField(DeliveryState.choices, required=False)
    limit = serializers.IntegerField(default=20, min_value=1, max_value=subscriptions.LOGGED)


class MessageAnswer(Answer):
    id = serializers.UUIDField(help_text="The webhook-id is msg_ and these digits")
    event = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(DeliveryState.choices)
    tries = serializers.IntegerField()
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    next_try_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class SentAnswer(Answer):
    results = MessageAnswer(many=True)
