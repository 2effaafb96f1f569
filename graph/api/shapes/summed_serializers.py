"""Request and response shapes of the payments behind a sum."""

from typing import Any

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, PastQuery
from graph.api.shapes.graph_serializers import RelationshipAnswer
from graph.api.shapes.request_fields import Timestamp
from graph.api.shapes.sum_serializers import party_field, today_field
from graph.questions import periods, spend

WAYS = ("in", "out", "off_statement")


def _currency() -> Any:
    return serializers.RegexField(r"\A[A-Z]{3}\Z", help_text="The sum's currency")


class SummedQuery(PastQuery):
    currency = _currency()
    limit = serializers.IntegerField(default=50, min_value=1, max_value=500)
    offset = serializers.IntegerField(default=0, min_value=0)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        since, until = attrs.get("since"), attrs.get("until")
        if since and until and since > until:
            raise serializers.ValidationError({"since": ["Must not be later than `until`."]})
        return attrs


class CashFlowPaymentsQuery(SummedQuery):
    way = serializers.ChoiceField(
        WAYS,
        default="out",
        help_text="in: those of money_in; out: of money_out; off_statement: those that no "
        "account's statement shows",
    )
    party = party_field("seen from it; without one, from all departments and accounts")
    since = Timestamp(required=False, help_text="At or after this time.")
    until = Timestamp(required=False, end=True, help_text="At or before this time.")


class SpendPaymentsQuery(SummedQuery):
    by = serializers.ChoiceField(spend.BY, default="party")
    party: Any = serializers.UUIDField(required=False, help_text="The group's `party_id`")
    name = serializers.CharField(
        required=False,
        max_length=500,
        help_text="The group's `name` if it has no `party_id`; neither: what has no name",
    )
    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)
    direction = serializers.ChoiceField(["out", "in"], default="out")
    kind = serializers.ChoiceField(["payment", "obligation"], default="payment")
    compared = serializers.ChoiceField(
        list(periods.PERIODS),
        required=False,
        help_text="Instead those of the period before that are compared with the newest one: the "
        "sum is `before_amount`",
    )
    today = today_field()


class SummedAnswer(Answer):
    count = serializers.IntegerField(help_text="Counts the payments of the sum, each once")
    results = RelationshipAnswer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="The next page's `offset`")
