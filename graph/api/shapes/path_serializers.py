"""Request and response shapes of paths and neighbourhoods."""

from typing import Any

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, Money
from graph.api.shapes.graph_serializers import WEIGHED, EdgesQuery, EntityAnswer, direction_field
from graph.engine.weights import WEIGHTS


class PathsQuery(EdgesQuery):
    source: Any = serializers.UUIDField(help_text="An entity's id.")
    target = serializers.UUIDField(help_text="An entity's id.")
    max_length = serializers.IntegerField(
        default=6, min_value=1, max_value=20, help_text="Maximum number of edges of a path."
    )
    weight = serializers.ChoiceField(
        WEIGHTS,
        required=False,
        help_text="Prefer edges with high scores (cost: -ln score). Default: every edge costs 1.",
    )
    direction = direction_field()


class KShortestQuery(PathsQuery):
    k = serializers.IntegerField(default=3, min_value=1, max_value=20)


class NeighbourhoodQuery(EdgesQuery):
    depth = serializers.IntegerField(
        default=1, min_value=1, max_value=6, help_text="Maximum number of edges from the entity."
    )
    limit = serializers.IntegerField(
        default=100, min_value=1, max_value=1000, help_text="Maximum number of entities."
    )
    edge_limit = serializers.IntegerField(
        default=1000, min_value=0, max_value=10_000, help_text="Maximum number of relationships."
    )
    direction = direction_field()
    order = serializers.ChoiceField(
        ["amount", "date"],
        default="amount",
        help_text="Which entities and edges come first, and stay where there are too many.",
    )


class EdgeAnswer(Answer):
    id = serializers.UUIDField(help_text="The relationship")
    source: Any = EntityAnswer()
    target = EntityAnswer()
    relationship_type = serializers.CharField()
    confidence_score = serializers.FloatField()
    occurred_at = serializers.DateTimeField()
    amount = Money(allow_null=True)
    currency = serializers.CharField(allow_null=True)


class HopAnswer(EdgeAnswer):
    forward = serializers.BooleanField(help_text="False: the path takes this edge backwards")


class WalkAnswer(Answer):
    length = serializers.IntegerField()
    cost = serializers.FloatField()
    hops = HopAnswer(many=True)


def weights_used() -> serializers.DictField:
    return serializers.DictField(child=serializers.IntegerField(), help_text=WEIGHED)


class PathAnswer(Answer):
    found = serializers.BooleanField()
    length = serializers.IntegerField(allow_null=True)
    cost = serializers.FloatField(allow_null=True)
    weights_used = weights_used()
    hops = HopAnswer(many=True)


class KShortestAnswer(Answer):
    weights_used = weights_used()
    paths = WalkAnswer(many=True, help_text="Best first; each has a different list of entities")


class NearbyEntity(EntityAnswer):
    distance = serializers.IntegerField(help_text="Number of edges from the entity of the question")


class NeighbourhoodAnswer(Answer):
    truncated = serializers.BooleanField(help_text="More entities lie within the depth")
    edges_truncated = serializers.BooleanField(
        help_text="There are more edges among these entities"
    )
    entities = NearbyEntity(many=True, help_text="Nearest first, beginning with the entity itself")
    edges = EdgeAnswer(many=True, help_text="Edges among these entities, by `order`")
