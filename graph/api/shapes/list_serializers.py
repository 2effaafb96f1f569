"""Request and response shapes of lists, one party, explanations and cash flow."""

from typing import Any

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, Money, PastQuery, StrictQuery
from graph.api.shapes.graph_serializers import (
    EntityAnswer,
    RelationshipAnswer,
    kind_field,
    layer_answer,
)
from graph.api.shapes.request_fields import EntityCursor, Ids, Names, Timestamp
from graph.layers import BY_NAME, LAYERS
from graph.models.choices import Records
from graph.questions import counted_rows, grouped_sums
from graph.questions.relationships import SCORES
from graph.questions.rows import found_rows
from graph.reading import ordered_pages


def money(**options: Any) -> Any:
    return Money(allow_null=True, **options)


def total(counts: str) -> Any:
    """Return a serializer field for a sum of money.

    Its help text says what the sum counts: "Counts", then the words of `counts`.
    """
    return money(help_text=f"Counts {counts}.")


def records_field(**options: Any) -> Any:
    options = options or {"required": False}
    return serializers.ChoiceField(
        list(counted_rows.KINDS),
        help_text="What the rows record. payment: money that moved, fees too; all: every kind.",
        **options,
    )


class SparseQuery(StrictQuery):
    """Parameters of a list, among them `fields`, which names the fields of a row that the client
    wants.

    Without `fields`, rows have all fields. `row` is the serializer of a row.
    """

    row: type[Answer]

    def get_fields(self) -> Any:
        names = list(self.row().fields)
        return {**super().get_fields(), "fields": Names(names, required=False)}


class FoundEntity(EntityAnswer):
    keys = serializers.DictField(child=serializers.CharField(), help_text="Strong keys, by kind")


class EntitiesQuery(SparseQuery):
    row = FoundEntity
    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        default="",
        help_text="Part of a name; typos are tolerated.",
    )
    ids = Ids(
        required=False, help_text="Those of these ids, and nothing else; at most 100, with commas"
    )
    kind = kind_field()
    limit = serializers.IntegerField(default=20, min_value=1, max_value=100)
    cursor = EntityCursor(required=False, help_text="The `next` of the previous page.")


class EntitiesAnswer(Answer):
    results = FoundEntity(many=True)
    kinds = serializers.DictField(
        child=serializers.IntegerField(), help_text="Number of matches by kind, of all kinds"
    )
    next = serializers.CharField(allow_null=True, help_text="The next page's `cursor`")


class RelationshipsQuery(SparseQuery, PastQuery):
    row = RelationshipAnswer
    type = serializers.CharField(required=False, max_length=100, help_text="relationship_type")
    kind = records_field()
    once = serializers.BooleanField(
        default=False, help_text="Of a payment that several sources saw, only the row that counts."
    )
    payment_group = serializers.UUIDField(
        required=False, help_text="All sightings of one payment: its payment_group_id"
    )
    edges = serializers.ChoiceField(["flow", "all"], default="flow")
    party = serializers.CharField(
        required=False, max_length=200, help_text="An entity's id, or a part of a name: either end"
    )
    text = serializers.CharField(
        required=False,
        max_length=found_rows.TEXT_CHARACTERS,
        help_text="All words of the description, document number or party's name as the source "
        "writes it; or the row's number; or an amount (1,260.16, £1260); or a day or month "
        "(31.01.2025, Jan 2025).",
    )
    text_as = serializers.ChoiceField(
        found_rows.WAYS, required=False, help_text="Read `text` in this way only"
    )
    source: Any = serializers.UUIDField(required=False, help_text="An entity's id")
    target = serializers.UUIDField(required=False, help_text="An entity's id")
    since = Timestamp(required=False, help_text="At or after this time.")
    until = Timestamp(required=False, end=True, help_text="At or before this time.")
    min_amount = serializers.DecimalField(max_digits=20, decimal_places=4, required=False)
    max_amount = serializers.DecimalField(max_digits=20, decimal_places=4, required=False)
    currency = serializers.RegexField(r"\A[A-Z]{3}\Z", required=False)
    document_ref = serializers.CharField(required=False, max_length=500)
    transaction_ref = serializers.CharField(required=False, max_length=500)
    min_confidence = serializers.FloatField(required=False, min_value=0, max_value=1)
    has = Names(list(BY_NAME), required=False, help_text="Layers that the relationship has")
    lacks = Names(list(BY_NAME), required=False, help_text="Layers that the relationship lacks")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)
    order = serializers.ChoiceField(
        ["newest", *ordered_pages.ORDERS], default="newest", help_text="amount: greatest first"
    )
    cursor = serializers.CharField(
        required=False, max_length=200, help_text="The `next` of the previous page."
    )
    group = serializers.ChoiceField(
        grouped_sums.GROUPS,
        required=False,
        help_text="Answer with sums in `groups` and no `results`; pair: payer and payee",
    )

    def get_fields(self) -> Any:
        scores = {
            f"min_{score}": serializers.FloatField(required=False, min_value=0, max_value=1)
            for score in SCORES
        }
        return {**super().get_fields(), **scores}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for least, most in (("since", "until"), ("min_amount", "max_amount")):
            if least in attrs and most in attrs and attrs[least] > attrs[most]:
                raise serializers.ValidationError({least: [f"Must not be greater than `{most}`."]})
        if "text_as" in attrs and "text" not in attrs:
            raise serializers.ValidationError({"text_as": ["Needs `text`."]})
        return attrs


class SumOfGroup(Answer):
    party = EntityAnswer(allow_null=True, help_text="With group=party")
    direction = serializers.ChoiceField(
        ["in", "out"], required=False, help_text="With group=party. in: it is paid"
    )
    source: Any = EntityAnswer(allow_null=True, help_text="With group=pair: who pays")
    target = EntityAnswer(allow_null=True, help_text="With group=pair: who is paid")
    month = serializers.CharField(allow_null=True, help_text="With group=month: YYYY-MM, in UTC")
    category = serializers.CharField(
        required=False, allow_null=True, help_text="With group=category: as in `spend/`; null: none"
    )
    kind = serializers.ChoiceField(
        Records.choices, allow_null=True, help_text="What these rows record; null for links"
    )
    currency = serializers.CharField(allow_null=True)
    amount = total("the amounts of these rows, a payment that several sources saw once")
    count = serializers.IntegerField(
        help_text="Counts these rows, a payment that several sources saw once"
    )
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()


class RelationshipsAnswer(Answer):
    results = RelationshipAnswer(many=True)
    groups = SumOfGroup(many=True, allow_null=True, help_text="null without `group`")
    next = serializers.CharField(allow_null=True, help_text="The next page's `cursor`")


class PartyQuery(PastQuery):
    limit = serializers.IntegerField(default=20, min_value=1, max_value=200)
    edges = serializers.ChoiceField(["flow", "all"], default="flow")
    kind = records_field(default=counted_rows.DEFAULT)


class NeighbourAnswer(EntityAnswer):
    direction = serializers.ChoiceField(["in", "out"], help_text="in: it pays this entity")
    relationships = serializers.IntegerField(
        help_text="Counts rows of the kind, a payment that several sources saw once"
    )
    currency = serializers.CharField(allow_null=True)
    amount = total("the amounts of these rows, in this currency")
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()


class PartyAnswer(FoundEntity):
    merged_into = serializers.UUIDField(
        allow_null=True, help_text="The id of this answer, where the request named an older one"
    )
    merged_ids = serializers.ListField(
        child=serializers.UUIDField(), help_text="Older ids that mean this entity, too"
    )
    spellings = serializers.ListField(child=serializers.CharField())
    neighbours = NeighbourAnswer(many=True)


class SimilarQuery(StrictQuery):
    limit = serializers.IntegerField(default=20, min_value=1, max_value=200)


class SimilarEntity(EntityAnswer):
    shared = serializers.IntegerField(help_text="Number of common counterparties")
    similarity = serializers.FloatField(help_text="Jaccard index of their counterparties")


class SimilarAnswer(Answer):
    results = SimilarEntity(many=True)


RelationshipFacts = type(
    "RelationshipFacts",
    (Answer,),
    {n: f for n, f in RelationshipAnswer._declared_fields.items() if n != "layers"},
)
ExplainedLayers = type(
    "ExplainedLayers",
    (Answer,),
    {
        layer.name: type(
            f"Explained{layer.name.title().replace('_', '')}",
            (Answer,),
            {
                "insight": layer_answer(layer.name)(),
                "evidence": serializers.DictField(help_text="The row that it was computed from"),
            },
        )(allow_null=True)
        for layer in LAYERS
    },
)


class TodayQuery(PastQuery):
    today = serializers.DateField(
        required=False, help_text="The day that counts as today; the calendar's where none is said"
    )


class RelationshipDetailAnswer(RelationshipAnswer):
    today = serializers.DateField(
        help_text="The day that counted as today: a prediction's status is as of it"
    )


class ExplainAnswer(Answer):
    today = serializers.DateField(
        help_text="The day that counted as today: a prediction's status is as of it"
    )
    relationship = RelationshipFacts()
    layers = ExplainedLayers()
    in_words = serializers.CharField()
