"""Request and response shapes of cases of possible double payments, and of decisions about them."""

from typing import Any

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, AsOfQuery
from graph.api.shapes.list_serializers import money, total
from graph.api.shapes.request_bodies import StrictBody
from graph.api.shapes.sum_serializers import currency_field
from graph.models.choices import CaseAction, CaseRole, CaseState, Records
from graph.questions import cases
from graph.questions.decisions import case_decisions


class CasesQuery(AsOfQuery):
    state = serializers.ChoiceField(CaseState.choices, required=False)
    owner = serializers.CharField(required=False, max_length=200, allow_blank=True)
    party = serializers.CharField(required=False, max_length=200, help_text="A part of its name")
    currency = currency_field()
    min_amount = serializers.DecimalField(
        max_digits=20, decimal_places=4, required=False, min_value=0, help_text="At risk"
    )
    min_confidence = serializers.FloatField(required=False, min_value=0, max_value=1)
    order = serializers.ChoiceField(list(cases.ORDERS), default="amount")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=500)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=10**6)


class CaseTotal(Answer):
    currency = serializers.CharField()
    state = serializers.ChoiceField(CaseState.choices)
    cases = serializers.IntegerField(help_text="Counts the cases in this state")
    amount_at_risk = total(
        "the extra rows of open and confirmed cases, each case once; 0 for those that are closed"
    )
    amount_recovered = total("what came back of these cases")


class CaseReason(Answer):
    kind = serializers.CharField()
    why = serializers.CharField()
    confidence = serializers.FloatField()
    repeats = serializers.ListField(
        child=serializers.CharField(), help_text="The later row's key and the original's"
    )


class CaseEvidence(Answer):
    def get_fields(self) -> Any:
        return {
            "for": CaseReason(many=True, help_text="The strongest first"),
            "against": serializers.ListField(child=serializers.CharField()),
        }


class CaseAnswer(Answer):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(CaseState.choices)
    kind = serializers.CharField(help_text="Of the strongest reason")
    reason = serializers.CharField(help_text="The strongest, in words")
    confidence = serializers.FloatField(help_text="Of the strongest reason")
    party = serializers.CharField()
    amount_at_risk = total("the extra rows of the case, once for all sources that have them")
    currency = serializers.CharField()
    extra_payments = serializers.IntegerField(help_text="Counts the extra rows")
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    evidence = CaseEvidence()
    owner = serializers.CharField()
    note = serializers.CharField()
    amount_recovered = total("what came back, as people have written it down")
    found = serializers.BooleanField(
        help_text="false: the books do not show it any more; what people decided is kept"
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.CharField(
        help_text="Of what is decided: rows, state and amount at risk; send it with a decision"
    )


class CasesAnswer(Answer):
    count = serializers.IntegerField(help_text="Counts the cases that the filters leave")
    totals = CaseTotal(many=True)
    results = CaseAnswer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="The next page's `offset`")


class CaseRowAnswer(Answer):
    id = serializers.UUIDField(help_text="The relationship")
    role = serializers.ChoiceField(CaseRole.choices)
    source: Any = serializers.CharField()
    source_name = serializers.CharField(help_text="What people call it: its file, or its account")
    key = serializers.CharField(help_text="The row's own key in its source")
    kind = serializers.ChoiceField(Records.choices)
    day = serializers.DateField()
    amount = money(help_text="Of this row")
    currency = serializers.CharField(allow_null=True)
    document_ref = serializers.CharField(allow_null=True)
    party = serializers.CharField(help_text="As the row spells it")
    description = serializers.CharField()
    counts = serializers.BooleanField(
        help_text="Whether this sighting of the payment counts in sums"
    )


class CaseEntryAnswer(Answer):
    action = serializers.ChoiceField(CaseAction.choices)
    by = serializers.CharField()
    state = serializers.ChoiceField(CaseState.choices)
    owner = serializers.CharField()
    note = serializers.CharField()
    amount_recovered = money(help_text="What came back in all, after this entry")
    created_at = serializers.DateTimeField()


class CaseDetailAnswer(CaseAnswer):
    row_keys = serializers.ListField(child=serializers.CharField())
    rows = CaseRowAnswer(many=True)
    history = CaseEntryAnswer(many=True)


class DecisionBody(StrictBody):
    action = serializers.ChoiceField(list(case_decisions.DECISIONS))
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)
    owner = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Who sees to it: any text, so that it can be an outsider; empty for nobody",
    )
    amount = serializers.DecimalField(
        max_digits=20, decimal_places=4, required=False, help_text="With recover: what came back"
    )
    seen = serializers.ChoiceField(
        CaseState.choices,
        required=False,
        help_text="The state when you looked: 409 if the case has another one now",
    )
    version = serializers.CharField(
        required=False,
        max_length=64,
        help_text="The version when you looked: 409 if the case has another one now",
    )
