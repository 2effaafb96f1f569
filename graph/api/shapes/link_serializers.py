"""Request and response shapes of people's decisions about links between rows."""

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer
from graph.api.shapes.request_bodies import StrictBody
from graph.questions.rows.link_decisions import WORDS


class LinkDecisionBody(StrictBody):
    decision = serializers.ChoiceField(
        WORDS, help_text="apart: the two rows are not the same, or do not belong together; undo"
    )


class LinkAnswer(Answer):
    id = serializers.UUIDField(help_text="The link, or the row that was taken for a repeated one")
    type = serializers.CharField(help_text="same_transaction, settles, reversal, …")
    apart = serializers.BooleanField()
    by = serializers.CharField(help_text="Who took it apart; empty if nobody did, or unknown")
    at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(help_text="Why finley drew it")


class ApartLink(LinkAnswer):
    other = serializers.UUIDField(allow_null=True, help_text="The payment at the other end")


class ApartAnswer(Answer):
    results = ApartLink(many=True, help_text="The newest first")
