"""Request and response shapes of one recurring series."""

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, StrictQuery
from graph.api.shapes.decision_serializers import PredictionAnswer
from graph.api.shapes.list_serializers import money
from graph.api.shapes.sum_serializers import today_field


class SeriesQuery(StrictQuery):
    today = today_field()


class SeriesPayment(Answer):
    id = serializers.UUIDField(help_text="The relationship")
    day = serializers.DateField()
    amount = money()


class SeriesPrice(Answer):
    from_day = serializers.DateField(help_text="The first day of the new price")
    old = money()
    new = money()
    change_share = serializers.FloatField(help_text="new / old - 1")


class SeriesAnswer(Answer):
    today = serializers.DateField(help_text="The day that counted as today")
    payments = SeriesPayment(many=True, help_text="Oldest first; empty if it is of no series")
    prices = SeriesPrice(many=True, help_text="Lasting changes of the price, oldest first")
    expected = PredictionAnswer(
        allow_null=True, help_text="What is expected next, or was dismissed; null: nothing"
    )
