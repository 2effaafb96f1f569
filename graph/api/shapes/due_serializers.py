"""Request and response shapes of what is due."""

from typing import Any

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, PastQuery
from graph.api.shapes.graph_serializers import EntityAnswer
from graph.api.shapes.list_serializers import money, total
from graph.api.shapes.sum_serializers import party_field, today_field
from graph.questions.expected.due import STATUSES

STATUS = (
    "pending: the next one of its series; overdue: it did not come; projected: one after the next, "
    "which comes if its series goes on as before"
)
COUNTED = (
    "expected payments up to `until`, each occurrence once, if `is_cash`; none overdue or stale"
)


class DueQuery(PastQuery):
    until = serializers.DateField(
        required=False,
        help_text="The last day; by default the last of 14 days, of which today is the first. A "
        "series is projected for a year, for three months if it recurs more often than every four "
        "weeks",
    )
    status = serializers.ChoiceField(STATUSES, required=False)
    party = party_field("only payments from or to this party")
    today = today_field()
    limit = serializers.IntegerField(default=50, min_value=1, max_value=500)
    offset = serializers.IntegerField(default=0, min_value=0)


class DueTotal(Answer):
    currency = serializers.CharField(allow_null=True)
    comes_in = serializers.BooleanField()
    low = total(f"the least amounts of {COUNTED}")
    high = total(f"the greatest amounts of {COUNTED}")
    payments = serializers.IntegerField(help_text=f"Counts {COUNTED}")
    projected = serializers.IntegerField(help_text="Counts those of `payments` that are projected")


class DuePayment(Answer):
    id = serializers.UUIDField(help_text="The last relationship of the series")
    prediction_id = serializers.UUIDField(help_text="predictions/<id>/decide/ takes it")
    source: Any = EntityAnswer(allow_null=True)
    target = EntityAnswer(allow_null=True)
    comes_in = serializers.BooleanField(help_text="Whether an own account or department gets it")
    is_cash = serializers.BooleanField(
        help_text="Whether `totals` and cash flow count it: no invoice, and nothing that a card "
        "bought if an account's payment of the card counts"
    )
    status = serializers.ChoiceField(STATUSES, help_text=STATUS)
    day = serializers.DateField(
        help_text="The most likely day; today if that has passed and it may still come"
    )
    expected_from = serializers.DateField()
    expected_to = serializers.DateField()
    amount_low = money()
    amount_high = money()
    currency = serializers.CharField(allow_null=True)
    prediction_confidence = serializers.FloatField(
        allow_null=True, help_text="None of a projected one"
    )
    prediction_reason = serializers.CharField()


class DueAnswer(Answer):
    today = serializers.DateField(help_text="The day that counted as today")
    until = serializers.DateField()
    count = serializers.IntegerField(help_text="Counts all that match")
    stale = serializers.IntegerField(
        help_text="Counts predictions of books that ended too long ago; none is in `results`"
    )
    totals = DueTotal(many=True)
    results = DuePayment(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="The next page's `offset`")
