"""Request and response shapes of relationships, layers, key figures, importance, communities and
workers' questions. The layers' shapes follow from `graph.layers`."""

import json
from functools import cache
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, Fields, Money, PastQuery, StrictQuery
from graph.api.shapes.request_fields import Names, TimeCursor, Timestamp, Words
from graph.engine.communities import SEED
from graph.engine.edge_filters import Only
from graph.engine.importance import ALGORITHMS
from graph.layers import BY_NAME, LAYERS, ColumnType
from graph.models.choices import EntityKind, QuestionStatus, Records
from graph.models.layer_models import statuses_of
from graph.questions import counted_rows
from graph.questions.whole_graph import layer_fields

FIELDS: dict[ColumnType, Any] = {
    "score": lambda: serializers.FloatField(allow_null=True),
    "text": lambda: serializers.CharField(allow_null=True),
    "texts": lambda: serializers.ListField(child=serializers.CharField(), allow_null=True),
    "months": lambda: serializers.ListField(child=serializers.IntegerField(), allow_null=True),
    "date": lambda: serializers.DateField(allow_null=True),
    "uuid": lambda: serializers.UUIDField(allow_null=True),
    "money": lambda: Money(allow_null=True),
    "flag": serializers.BooleanField,
}


def edges_field() -> Any:
    return serializers.ChoiceField(
        ["flow", "all"], default="flow", help_text="flow: money flows; all: links, too."
    )


def direction_field() -> Any:
    return serializers.ChoiceField(
        ["any", "out"], default="any", help_text="any: edges count both ways; out: forward only."
    )


def kind_field() -> Any:
    return serializers.ChoiceField(
        EntityKind.choices, required=False, help_text="Only entities of this kind."
    )


class EdgesQuery(StrictQuery):
    """Parameters of a question that can be limited to some of the graph's edges."""

    types = Words(
        required=False, help_text="Only relationships of these types, separated by commas."
    )
    min_confidence = serializers.FloatField(
        required=False, min_value=0, max_value=1, help_text="Minimum confidence of edges."
    )
    since = serializers.DateField(required=False, help_text="Only from this day on (UTC).")
    until = serializers.DateField(required=False, help_text="Only up to this day (UTC).")
    has = Names(
        list(BY_NAME),
        required=False,
        help_text="Only edges that have all these layers.",
    )
    edges = edges_field()
    records = serializers.ChoiceField(
        list(counted_rows.KINDS),
        required=False,
        help_text="Only flows that record this. payment: money that moved, fees too (the default, "
        "but for edges=all); all: every kind",
    )
    once = serializers.BooleanField(
        default=True, help_text="Of the rows of one payment in several sources one counts."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        since, until = attrs.get("since"), attrs.get("until")
        if since and until and since > until:
            raise serializers.ValidationError({"since": ["Must not be later than `until`."]})
        return attrs


def constrained(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters as the questions' functions take them: those that filter edges are
    replaced by `only`, one filter for all."""
    arguments = dict(parameters)
    usual = counted_rows.DEFAULT if arguments.get("edges") == "flow" else counted_rows.ALL
    only = Only(
        kinds=tuple(counted_rows.kinds_selected_by(arguments.pop("records", usual)) or ()),
        once=arguments.pop("once", True),
        types=arguments.pop("types", ()),
        min_confidence=arguments.pop("min_confidence", 0.0),
        since=arguments.pop("since", None),
        until=arguments.pop("until", None),
        layers=arguments.pop("has", ()),
    )
    return {**arguments, "only": only}


class ImportanceQuery(EdgesQuery):
    algorithm = serializers.ChoiceField(list(ALGORITHMS), default="pagerank")
    top = serializers.IntegerField(default=10, min_value=1, max_value=1000)
    kind = kind_field()
    direction = direction_field()


class CommunitiesQuery(EdgesQuery):
    top = serializers.IntegerField(default=10, min_value=1, max_value=1000)
    members = serializers.IntegerField(
        default=10, min_value=1, max_value=1000, help_text="Members shown per community."
    )
    seed = serializers.IntegerField(default=SEED, min_value=0, max_value=2**31 - 1)


def _statuses() -> str:
    """Return one text for the schema that lists, for each layer, the statuses that its rows may
    have."""
    statuses = {layer.name: statuses_of(layer) for layer in LAYERS}
    return "; ".join(f"{name}: {', '.join(values)}" for name, values in statuses.items() if values)


class InsightsQuery(PastQuery):
    min_score = serializers.FloatField(
        required=False, min_value=0, max_value=1, help_text="Minimum of the layer's first score."
    )
    party = serializers.CharField(
        required=False, max_length=200, help_text="An entity's id, or a part of a name."
    )
    since = Timestamp(required=False, help_text="At or after this time.")
    until = Timestamp(required=False, end=True, help_text="At or before this time.")
    status = serializers.CharField(
        required=False,
        max_length=20,
        help_text=f"{_statuses()}; as of today, also stale, and expected (not fulfilled)",
    )
    kind = serializers.ChoiceField(
        list(counted_rows.KINDS), required=False, help_text="Only rows that record this."
    )
    today = serializers.DateField(
        required=False, help_text="The day that counts as today; by default the calendar's"
    )
    once = serializers.BooleanField(
        default=False, help_text="Only one relationship per payment that several sources have."
    )
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)
    cursor = TimeCursor(required=False, help_text="The `next` of the previous page.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        since, until = attrs.get("since"), attrs.get("until")
        if since and until and since > until:
            raise serializers.ValidationError({"since": ["Must not be later than `until`."]})
        return attrs


WEIGHED = "Counts the edges that weigh by each score; one a payment, unless once=false"


class StatsAnswer(Answer):
    nodes = serializers.IntegerField(help_text="Counts the entities")
    edges = serializers.IntegerField(help_text="Counts the relationships, every view of a payment")
    payments = serializers.IntegerField(
        help_text="Counts money that moved: payments and fees, each once"
    )
    average_degree = serializers.FloatField(help_text="2m/n")
    density = serializers.FloatField(help_text="m / n(n-1); parallel edges can lift it above 1")
    components = serializers.IntegerField(help_text="Counts the weakly connected components")
    unresolved = serializers.IntegerField(
        help_text="Counts the relationships whose event has no entity"
    )
    dangling = serializers.IntegerField(
        help_text="Counts the relationships whose entity does not exist"
    )
    layers = serializers.DictField(
        child=serializers.IntegerField(), help_text="Counts the edges that have each layer"
    )
    build_seconds = serializers.FloatField()


class EntityAnswer(Answer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(EntityKind.choices)
    name = serializers.CharField()


class RankedEntity(EntityAnswer):
    rank = serializers.IntegerField()
    score = serializers.FloatField(
        help_text="Counts the edges that the filters leave; of one payment's views one"
    )


class ImportanceAnswer(Answer):
    algorithm = serializers.CharField()
    weights_used = serializers.DictField(child=serializers.IntegerField(), help_text=WEIGHED)
    results = RankedEntity(many=True)


class CommunityAnswer(Answer):
    rank = serializers.IntegerField()
    size = serializers.IntegerField(help_text="Counts its entities")
    members = EntityAnswer(many=True)


class CommunitiesAnswer(Answer):
    count = serializers.IntegerField(help_text="Counts the communities")
    modularity = serializers.FloatField(allow_null=True)
    seed = serializers.IntegerField()
    weights_used = serializers.DictField(child=serializers.IntegerField(), help_text=WEIGHED)
    results = CommunityAnswer(many=True)


@cache
def layer_answer(name: str) -> type[Answer]:
    """Return the serializer class of one layer's columns, made from the layer's declaration."""
    fields: Fields = {column: FIELDS[kind]() for column, kind in layer_fields(name).items()}
    return type(f"{name.title().replace('_', '')}Layer", (Answer,), dict(fields))


LayersAnswer = type(
    "LayersAnswer",
    (Answer,),
    {layer.name: layer_answer(layer.name)(allow_null=True) for layer in LAYERS},
)


class RelationshipAnswer(Answer):
    id = serializers.UUIDField()
    relationship_type = serializers.CharField()
    edge_class = serializers.ChoiceField(["flow", "link"])
    confidence_score = serializers.FloatField()
    detection_method = serializers.CharField()
    reason = serializers.CharField()
    source_event_id = serializers.UUIDField()
    target_event_id = serializers.UUIDField()
    source: Any = EntityAnswer(allow_null=True)
    target = EntityAnswer(allow_null=True)
    occurred_at = serializers.DateTimeField()
    amount = Money(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    document_ref = serializers.CharField(allow_null=True)
    transaction_ref = serializers.CharField()
    kind = serializers.ChoiceField(
        Records.choices, allow_null=True, help_text="What the row records; null for a link"
    )
    payment_group_id = serializers.UUIDField(
        allow_null=True,
        help_text="The sighting that counts in sums; its own id if it counts itself",
    )
    layers = LayersAnswer()


class InsightAnswer(Answer):
    layer = serializers.ChoiceField(list(BY_NAME))
    id = serializers.UUIDField(help_text="The relationship")
    relationship_type = serializers.CharField()
    edge_class = serializers.ChoiceField(["flow", "link"])
    confidence_score = serializers.FloatField()
    reason = serializers.CharField()
    source: Any = EntityAnswer(allow_null=True)
    target = EntityAnswer(allow_null=True)
    occurred_at = serializers.DateTimeField()
    amount = Money(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    document_ref = serializers.CharField(allow_null=True)
    evidence = serializers.DictField(help_text="What it was computed from")


INSIGHTS = {
    layer.name: type(
        f"{layer.name.title().replace('_', '')}Insight",
        (InsightAnswer,),
        {"insight": layer_answer(layer.name)()},
    )
    for layer in LAYERS
}


@extend_schema_field(
    PolymorphicProxySerializer(
        component_name="Insight",
        serializers=list(INSIGHTS.values()),
        resource_type_field_name=None,
        many=True,
    )
)
class Insights(serializers.Field[Any, Any, Any, Any]):
    """A serializer field for a list of layers' rows. Each row has the columns of its own layer."""

    def to_representation(self, value: Any) -> Any:
        return [INSIGHTS[row["layer"]](row).data for row in value]


class BooksAnswer(Answer):
    source: Any = serializers.CharField(help_text="The source of the books")
    name = serializers.CharField(help_text="What people call it: its file, or its account")
    until = serializers.DateField(help_text="The last day of its books that is not after today")


class InsightsAnswer(Answer):
    today = serializers.DateField(help_text="The day that counted as today")
    books = BooksAnswer(many=True)
    results = Insights()
    next = serializers.CharField(allow_null=True, help_text="The next page's `cursor`")


class QuestionsQuery(StrictQuery):
    status = serializers.ChoiceField(QuestionStatus.choices, required=False)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)
    cursor = TimeCursor(required=False, help_text="The `next` of the previous page.")


class QuestionAnswer(Answer):
    """The state of a question that a worker answers or has answered."""

    id = serializers.UUIDField()
    question = serializers.CharField()
    parameters = serializers.DictField(child=serializers.CharField())
    status = serializers.ChoiceField(QuestionStatus.choices)
    version = serializers.CharField(help_text="The graph's version when the question was asked")
    error = serializers.CharField(help_text="Why there is no answer, in one sentence")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True, help_text="The end of its retention")
    cancel_requested_at = serializers.DateTimeField(allow_null=True)


class QuestionsAnswer(Answer):
    results = QuestionAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The next page's `cursor`")


class StoredJson(serializers.Field[Any, Any, Any, Any]):
    """A serializer field for JSON that is stored as text. The response has it as JSON."""

    def to_representation(self, value: str) -> Any:
        return json.loads(value)


class QuestionDetailAnswer(QuestionAnswer):
    answer = extend_schema_field({"type": ["object", "null"]})(StoredJson)(
        help_text="The answer to the question; null until it is done"
    )
