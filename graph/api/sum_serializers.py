"""What the questions with sums take and give. Each sum says what it counts."""

from typing import Any

from rest_framework import serializers

from graph.api.fields import Moment
from graph.api.list_serializers import money, total
from graph.api.serializers import Answer, BooksAnswer, StrictQuery
from graph.questions import open_items

PAYMENTS = "payments and fees, each once; no invoices, no transfers between own accounts"


def today_field() -> Any:
    return serializers.DateField(
        required=False, help_text="The day that counts as today; the calendar's where none is said"
    )


def party_field(meaning: str) -> Any:
    return serializers.CharField(
        required=False, max_length=200, help_text=f"An entity's id, or a part of a name: {meaning}"
    )


def currency_field() -> Any:
    return serializers.RegexField(r"\A[A-Z]{3}\Z", required=False)


class DatedAnswer(Answer):
    today = serializers.DateField(help_text="The day that counted as today")
    books = BooksAnswer(many=True)


class CashFlowQuery(StrictQuery):
    party = party_field("seen from it; without one, from all departments and accounts")
    since = Moment(required=False, help_text="Not before this.")
    until = Moment(required=False, end=True, help_text="Not after this.")
    by = serializers.ChoiceField(
        ["month", "party"], default="month", help_text="party: each month by who paid or was paid"
    )
    today = today_field()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        since, until = attrs.get("since"), attrs.get("until")
        if since and until and since > until:
            raise serializers.ValidationError({"since": ["It is later than `until`."]})
        return attrs


class CashMonth(Answer):
    month = serializers.CharField(help_text="YYYY-MM, in UTC")
    currency = serializers.CharField()
    party_id = serializers.UUIDField(
        allow_null=True, help_text="With by=party: who paid or was paid"
    )
    party = serializers.CharField(allow_null=True)
    money_in = total(f"{PAYMENTS}; where statements of accounts reach, what they show")
    money_out = total(f"{PAYMENTS}; where statements of accounts reach, what they show")
    payments_in = serializers.IntegerField(help_text="Counts the payments of money_in")
    payments_out = serializers.IntegerField(help_text="Counts the payments of money_out")
    transferred = total("what left one own account for another; it is neither in nor out")
    off_statement_in = total(
        "payments and fees, each once, that other sources tell and no statement shows; "
        "not in money_in"
    )
    off_statement_out = total(
        "payments and fees, each once, that other sources tell and no statement shows; "
        "not in money_out"
    )
    off_statement_payments = serializers.IntegerField(
        help_text="Counts the payments of off_statement_in and off_statement_out"
    )


class ObligationMonth(Answer):
    direction = serializers.ChoiceField(open_items.DIRECTIONS)
    currency = serializers.CharField()
    due_month = serializers.CharField(help_text="YYYY-MM of the due day, or of its own without one")
    open = total("invoices and claims less what payments settled and credit notes took back")
    overdue = total("of `open` what is due before today")


class ExpectedMonth(Answer):
    month = serializers.CharField(help_text="YYYY-MM")
    currency = serializers.CharField(allow_null=True)
    in_low = total("the least amounts of predicted payments, each once; none that is stale")
    in_high = total("the greatest amounts of predicted payments, each once; none that is stale")
    out_low = total("the least amounts of predicted payments, each once; none that is stale")
    out_high = total("the greatest amounts of predicted payments, each once; none that is stale")
    payments = serializers.IntegerField(help_text="Counts the predicted payments in it")


class CashFlowAnswer(DatedAnswer):
    months = CashMonth(many=True)
    obligations = ObligationMonth(many=True)
    expected = ExpectedMonth(many=True)


class OpenItemsQuery(StrictQuery):
    today = today_field()
    party = party_field("only items of this party")
    direction = serializers.ChoiceField(open_items.DIRECTIONS, required=False)
    item = serializers.ChoiceField(open_items.ITEMS, required=False)
    currency = currency_field()
    limit = serializers.IntegerField(default=200, min_value=1, max_value=2000)


class Ages(Answer):
    def get_fields(self) -> Any:
        return {
            name: total(f"what is open of items in the bucket {name} (days overdue)")
            for name in open_items.BUCKETS
        }


class OpenTotal(Answer):
    direction = serializers.ChoiceField(open_items.DIRECTIONS)
    item = serializers.ChoiceField(open_items.ITEMS)
    currency = serializers.CharField()
    open = total("what is open of these items, each once, in this currency")
    count = serializers.IntegerField(help_text="Counts the items")
    ages = Ages()


class OpenItem(Answer):
    id = serializers.UUIDField(help_text="The relationship")
    item = serializers.ChoiceField(open_items.ITEMS)
    direction = serializers.ChoiceField(
        open_items.DIRECTIONS, help_text="payable: the tenant owes it; receivable: it is owed to it"
    )
    party_id = serializers.UUIDField()
    party = serializers.CharField()
    currency = serializers.CharField()
    day = serializers.DateField()
    due_on = serializers.DateField(allow_null=True)
    document_ref = serializers.CharField(allow_null=True)
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    amount = money()
    settled = total("what payments settled and credit notes took back of this item")
    open = money(help_text="amount less settled")
    days_overdue = serializers.IntegerField(help_text="Negative: not due yet")
    age = serializers.ChoiceField(open_items.BUCKETS)


class OpenItemsAnswer(DatedAnswer):
    totals = OpenTotal(many=True)
    count = serializers.IntegerField(help_text="Counts the items that the filters leave")
    results = OpenItem(many=True)
