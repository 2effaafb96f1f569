"""Request and response shapes of the questions with sums. Each sum says what it counts."""

from typing import Any

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, PastQuery
from graph.api.shapes.graph_serializers import BooksAnswer
from graph.api.shapes.list_serializers import money, total
from graph.api.shapes.request_fields import Timestamp
from graph.questions import open_items, periods, spend

PAYMENTS = "payments and fees, each once; no invoices, no transfers between own accounts"


def today_field() -> Any:
    return serializers.DateField(
        required=False, help_text="The day that counts as today; by default the calendar's"
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


class CashFlowQuery(PastQuery):
    party = party_field("seen from it; without one, from all departments and accounts")
    since = Timestamp(required=False, help_text="At or after this time.")
    until = Timestamp(required=False, end=True, help_text="At or before this time.")
    by = serializers.ChoiceField(
        ["month", "party"], default="month", help_text="party: each month by who paid or was paid"
    )
    today = today_field()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        since, until = attrs.get("since"), attrs.get("until")
        if since and until and since > until:
            raise serializers.ValidationError({"since": ["Must not be later than `until`."]})
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
        "payments and fees, each once, that other sources have and no statement shows; "
        "not in money_in"
    )
    off_statement_out = total(
        "payments and fees, each once, that other sources have and no statement shows; "
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
    overdue = total("of `open` what states a due day before today")


class ExpectedMonth(Answer):
    month = serializers.CharField(help_text="YYYY-MM")
    currency = serializers.CharField(allow_null=True)
    in_low = total("the least amounts of expected payments, each once; none overdue or stale")
    in_high = total("the greatest amounts of expected payments, each once; none overdue or stale")
    out_low = total("the least amounts of expected payments, each once; none overdue or stale")
    out_high = total("the greatest amounts of expected payments, each once; none overdue or stale")
    payments = serializers.IntegerField(help_text="Counts the expected payments in it")
    projected = serializers.IntegerField(
        help_text="Counts those of `payments` after the next one of their series: they come if it "
        "goes on as before. A year ahead; three months for what recurs more often than four-weekly"
    )


class CashFlowAnswer(DatedAnswer):
    months = CashMonth(many=True)
    obligations = ObligationMonth(many=True)
    expected = ExpectedMonth(many=True)


class OpenItemsQuery(PastQuery):
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
    source: Any = serializers.CharField(allow_null=True)
    amount = money()
    settled = total("what payments settled and credit notes took back of this item")
    open = money(help_text="amount less settled")
    days_overdue = serializers.IntegerField(
        allow_null=True, help_text="Negative: not due yet; null: it states no due day"
    )
    days_open = serializers.IntegerField(help_text="Since its own day")
    age = serializers.ChoiceField(open_items.BUCKETS)


class OpenItemsAnswer(DatedAnswer):
    totals = OpenTotal(many=True)
    count = serializers.IntegerField(help_text="Counts the items that the filters leave")
    results = OpenItem(many=True)


class BreakAnswer(Answer):
    key = serializers.CharField(help_text="The row's own key in its source")
    file = serializers.CharField(allow_null=True)
    line = serializers.IntegerField(allow_null=True)
    day = serializers.DateField()
    amount = money(help_text="What the row changed on the account")
    expected = money(help_text="The balance that the rows before it lead to")
    stated = money(help_text="The balance that it states")
    difference = money(help_text="stated less expected")


class ReconciledMonth(Answer):
    month = serializers.CharField(help_text="YYYY-MM")
    opening = money(help_text="The balance before its first row")
    movements = total("every row of the account's statement in the month")
    closing = money(help_text="The balance after its last row")
    difference = money(help_text="closing less opening less movements")
    rows = serializers.IntegerField(help_text="Counts the rows of the statement in the month")
    ok = serializers.BooleanField(help_text="opening + movements = closing, and no row breaks")
    breaks = serializers.IntegerField(help_text="Counts the rows at which the balance breaks")
    first_break = BreakAnswer(allow_null=True)


class ReconciledAccount(Answer):
    source: Any = serializers.CharField()
    source_name = serializers.CharField(help_text="What people call it: its file, or its account")
    account = serializers.CharField()
    currency = serializers.CharField()
    ok = serializers.BooleanField()
    months = ReconciledMonth(many=True)


class ReconcileAnswer(Answer):
    ok = serializers.BooleanField(help_text="Every month of every account adds up")
    accounts = ReconciledAccount(many=True)


class SpendQuery(PastQuery):
    by = serializers.ChoiceField(spend.BY, default="party")
    period = serializers.ChoiceField(list(periods.PERIODS), default="month")
    direction = serializers.ChoiceField(
        ["out", "in"], default="out", help_text="out: what was paid; in: what was received"
    )
    kind = serializers.ChoiceField(
        ["payment", "obligation"],
        default="payment",
        help_text="payment: money that moved, fees too; obligation: what was invoiced",
    )
    party = party_field("only payments to it (or from it)")
    currency = currency_field()
    periods = serializers.IntegerField(default=13, min_value=1, max_value=120)
    order = serializers.ChoiceField(
        spend.RANKINGS, default="amount", help_text="Of the newest period, the most first"
    )
    limit = serializers.IntegerField(default=50, min_value=1, max_value=500)
    today = today_field()


class SpendPeriod(Answer):
    period = serializers.CharField(help_text="2025-04, 2025-Q2 or 2025")
    since = serializers.DateField(help_text="The period's first day")
    until = serializers.DateField(
        help_text="The last day that counts: in the newest period that of the books, at most today"
    )
    amount = total("payments (or invoices, as `kind` says), each once, in this currency")
    count = serializers.IntegerField(help_text="Counts the payments of `amount`")
    share = serializers.FloatField(
        allow_null=True, help_text="Of all groups' amounts in the period and currency, 0..1"
    )
    before_since = serializers.DateField(help_text="The first day of the period before")
    before_until = serializers.DateField(
        help_text="The last day of the period before that is compared: for the newest period the "
        "same number of days as in it, or of whole months if it ends with a month; for others the "
        "whole period"
    )
    before_amount = total(
        "as `amount`: from before_since to before_until, and as many payments of each "
        "recurring series as in the newest period, if some missed these days by at most 4 days"
    )
    change = total(
        "as `amount`: amount less before_amount; null if that period began before the books did"
    )
    change_share = serializers.FloatField(allow_null=True, help_text="change / before_amount")
    change_on_last_year = total(
        "as `amount`: this period less the same one a year before, for the newest period its same "
        "days; null if the books did not begin by then"
    )
    change_on_last_year_share = serializers.FloatField(allow_null=True)
    price_part = total(
        "of `change` what comes of lasting changes of the price in recurring series, at this "
        "period's number of payments; null if there was none"
    )


class PriceChange(Answer):
    from_day = serializers.DateField(help_text="The first day of the new price")
    old = money()
    new = money()
    change_share = serializers.FloatField(help_text="new / old - 1")
    party = serializers.CharField(help_text="The name of the party of the series")


class HigherSince(Answer):
    month = serializers.CharField(help_text="YYYY-MM")
    old, new = money(help_text="A month before it, on average"), money(help_text="A month since")


class SpendGroup(Answer):
    name = serializers.CharField(allow_null=True, help_text="null: the books do not say")
    party_id = serializers.UUIDField(allow_null=True)
    currency = serializers.CharField()
    periods = SpendPeriod(many=True, help_text="The newest first; it is as long as it is by today")
    first_month: Any = serializers.CharField(help_text="YYYY-MM, of the first payment in the books")
    higher_since = HigherSince(
        allow_null=True, help_text="From that month on, each of two or more is above all before"
    )
    prices = PriceChange(many=True, help_text="The last change of each recurring series' price")


class SpendAnswer(DatedAnswer):
    count = serializers.IntegerField(help_text="Counts the groups")
    results = SpendGroup(many=True)
