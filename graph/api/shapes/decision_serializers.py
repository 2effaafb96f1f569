"""Request and response shapes of people's decisions about parties and predictions."""

from typing import Any

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, StrictQuery
from graph.api.shapes.graph_serializers import EntityAnswer
from graph.api.shapes.list_serializers import money, total
from graph.api.shapes.request_bodies import StrictBody
from graph.models.choices import PredictionStatus, ResolutionDecision
from graph.questions.decisions import predictions
from graph.questions.decisions.resolutions import NO_PAIR

WORDS = ("merge", "apart", "undo")


class PageQuery(StrictQuery):
    limit = serializers.IntegerField(default=25, min_value=1, max_value=200)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=10**6)


class ResolutionsQuery(PageQuery):
    decided = serializers.ChoiceField(
        ResolutionDecision.choices, default=ResolutionDecision.OPEN.value
    )


class PairEnd(EntityAnswer):
    """One entity of a pair, under the name that it had before any merge."""

    payments = serializers.IntegerField(required=False, help_text="Counts its rows with an amount")
    sums = serializers.CharField(
        required=False, allow_null=True, help_text="Of these rows, by currency"
    )
    first = serializers.DateField(required=False, allow_null=True)
    last = serializers.DateField(required=False, allow_null=True)
    names = serializers.CharField(required=False, allow_null=True, help_text="As rows spell it")
    keys = serializers.CharField(required=False, allow_null=True)
    descriptions = serializers.CharField(required=False, allow_null=True)


class PairAnswer(Answer):
    id = serializers.UUIDField()
    decided = serializers.ChoiceField(ResolutionDecision.choices)
    confidence = serializers.FloatField()
    reason = serializers.CharField()
    decided_by = serializers.CharField(help_text="Empty if no person decided")
    decided_at = serializers.DateTimeField(allow_null=True)
    kept = PairEnd()
    merged = PairEnd()


class ResolutionsAnswer(Answer):
    count = serializers.IntegerField(help_text="Counts the pairs that are decided so")
    results = PairAnswer(many=True, help_text="The likeliest first")
    next = serializers.IntegerField(allow_null=True, help_text="The next page's `offset`")


class PairDecisionBody(StrictBody):
    decision = serializers.ChoiceField(
        WORDS,
        help_text="undo: delete a person's decision; an automatic merge is kept apart from then on",
    )
    seen = serializers.ChoiceField(
        ResolutionDecision.choices,
        required=False,
        help_text="How it was decided when you looked: 409 if it is another way now",
    )


SEEN = (*ResolutionDecision.choices, (NO_PAIR, "No pair"))


class PartiesDecisionBody(StrictBody):
    decision = serializers.ChoiceField(WORDS)
    one = serializers.UUIDField(help_text="An entity's id")
    other = serializers.UUIDField(help_text="An entity's id")
    seen = serializers.ChoiceField(
        SEEN,
        required=False,
        help_text="`decided` of the preview when you looked: 409 if it is another now",
    )


class PreviewQuery(StrictQuery):
    one = serializers.UUIDField(help_text="An entity's id")
    other = serializers.UUIDField(help_text="An entity's id")


class PartyTotal(Answer):
    currency = serializers.CharField()
    money_in = total("the payments that the party receives, each once")
    money_out = total("the payments that the party makes, each once")
    payments_in = serializers.IntegerField()
    payments_out = serializers.IntegerField()


class MergedAnswer(Answer):
    spellings = serializers.ListField(child=serializers.CharField())
    rows = serializers.IntegerField(help_text="Counts the rows with an amount")
    totals = PartyTotal(many=True, help_text="What it received and paid, each payment once")


class MergeSide(EntityAnswer, MergedAnswer):
    """A party as it is now, with all that is merged into it."""

    keys = serializers.DictField()


class BetweenAnswer(Answer):
    direction = serializers.ChoiceField(["in", "out"], help_text="in: `other` pays `one`")
    currency = serializers.CharField(allow_null=True)
    relationships = serializers.IntegerField()
    amount = money()


class MergePreviewAnswer(Answer):
    one = MergeSide()
    other = MergeSide()
    together = MergedAnswer(
        help_text="The most: a payment that both have counts once after the merge"
    )
    between = BetweenAnswer(many=True, help_text="What the two pay each other")
    differing = serializers.ListField(
        child=serializers.CharField(), help_text="Kinds of keys whose values differ"
    )
    decided = serializers.ChoiceField(SEEN, help_text="The decision on this pair, if any")


class DecidedPair(PairAnswer):
    decided = serializers.ChoiceField(
        SEEN,
        help_text="none: the decision was taken back, and they are a pair no more",
    )


class PairDecisionAnswer(Answer):
    pair = DecidedPair()


class PredictionsQuery(PageQuery):
    pass


class PredictionAnswer(Answer):
    id = serializers.UUIDField(help_text="The prediction: `insight.id` of insights/prediction/")
    relationship = serializers.UUIDField(help_text="The last payment of its series")
    source: Any = EntityAnswer(allow_null=True)
    target = EntityAnswer(allow_null=True)
    prediction_confidence = serializers.FloatField(allow_null=True)
    prediction_reason = serializers.CharField()
    expected_from = serializers.DateField(allow_null=True)
    expected_to = serializers.DateField(allow_null=True)
    amount_low = money()
    amount_high = money()
    currency = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(PredictionStatus.choices)
    by = serializers.CharField(help_text="Who dismissed it; empty if nobody did")
    elsewhere = serializers.BooleanField(
        help_text="Dismissed because it was settled where the books do not show it"
    )


class PredictionsAnswer(Answer):
    count = serializers.IntegerField(help_text="Counts the predictions that were dismissed")
    results = PredictionAnswer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="The next page's `offset`")


class PredictionDecisionBody(StrictBody):
    action = serializers.ChoiceField(
        predictions.ACTIONS,
        help_text="dismiss: it will not come; elsewhere: it was settled where the books do not "
        "show it; expect: it may come after all",
    )
