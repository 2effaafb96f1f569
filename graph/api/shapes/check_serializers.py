"""Request and response shapes of the check of payments."""

from typing import Any

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer, StrictQuery
from graph.api.shapes.list_serializers import money, total
from graph.enrich.check.candidate_payment import KEYS, Candidate
from graph.enrich.check.objection import VERDICTS
from graph.ingest.ledger_rows import Party
from graph.models.choices import Records
from graph.questions import check

PARTIES = ("vendor", "employee", "customer")
TEXT, LONG = 200, 2_000  # characters


class CandidateBody(StrictQuery):
    """One payment of a pay run, as a request's body states it."""

    one_of_them = "field"
    id = serializers.CharField(
        required=False, max_length=TEXT, help_text="The line's own key; by default its number"
    )
    date = serializers.DateField(help_text="The day on which it will be paid")
    amount = serializers.DecimalField(
        max_digits=16, decimal_places=4, min_value=0, help_text="What the party will receive"
    )
    currency = serializers.RegexField(r"\A[A-Z]{3}\Z")
    party = serializers.CharField(max_length=TEXT, help_text="Who will be paid")
    party_kind = serializers.ChoiceField(PARTIES, default="vendor")
    number = serializers.CharField(
        required=False, allow_blank=True, max_length=TEXT, help_text="The invoice's number"
    )
    description = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    due_on = serializers.DateField(required=False, allow_null=True)
    payer = serializers.CharField(
        required=False, allow_blank=True, max_length=TEXT,
        help_text="Which department or account of yours pays; who usually pays the party otherwise",
    )  # fmt: skip
    supplier_id = serializers.CharField(required=False, allow_blank=True, max_length=TEXT)
    company_number = serializers.CharField(required=False, allow_blank=True, max_length=TEXT)
    charity_number = serializers.CharField(required=False, allow_blank=True, max_length=TEXT)
    vat_number = serializers.CharField(required=False, allow_blank=True, max_length=TEXT)
    iban = serializers.CharField(required=False, allow_blank=True, max_length=TEXT)
    bank_account = serializers.CharField(required=False, allow_blank=True, max_length=TEXT)


class CheckBody(StrictQuery):
    one_of_them = "field"
    payments = CandidateBody(many=True, allow_empty=False)
    source: Any = serializers.CharField(
        required=False,
        max_length=TEXT,
        help_text="The source of your books that the payments would come to; the one with the most "
        "of your payments where none is named",
    )

    def validate_payments(self, value: list[Any]) -> list[Any]:
        if len(value) > check.MOST:
            raise serializers.ValidationError(f"At most {check.MOST} payments in one request.")
        return value


def candidate(checked: dict[str, Any], number: int) -> Candidate:
    """Return the candidate that a validated body describes. `number` is its position in the pay
    run, from 1."""
    keys = tuple((kind, checked[kind].strip()) for kind in KEYS if checked.get(kind, "").strip())
    return Candidate(
        id=checked.get("id") or f"payment {number}",
        day=checked["date"],
        amount=checked["amount"],
        currency=checked["currency"],
        party=Party(checked["party_kind"], " ".join(checked["party"].split()), keys),
        number=checked.get("number", "").strip(),
        description=checked.get("description", "").strip(),
        due_on=checked.get("due_on"),
        payer=checked.get("payer", "").strip(),
    )


class CheckedRow(Answer):
    candidate = serializers.CharField(
        allow_null=True, help_text="The payment's id, where the row is one of this request"
    )
    relationship_id = serializers.UUIDField(
        allow_null=True, help_text="The row in your books; null for a payment of this request"
    )
    source: Any = serializers.CharField()
    key = serializers.CharField(help_text="The row's own key in its source")
    day = serializers.DateField()
    party = serializers.CharField()
    amount = money(help_text="Of this row")
    currency = serializers.CharField()
    document_ref = serializers.CharField(allow_null=True)
    records = serializers.ChoiceField(Records.choices, allow_null=True)


class PaidInvoice(CheckedRow):
    settles = total("what of the invoice this payment would settle")


class CheckFinding(Answer):
    verdict = serializers.ChoiceField(VERDICTS[:-1])
    confidence = serializers.FloatField(help_text="0..1")
    why = serializers.CharField()
    rows = CheckedRow(many=True, help_text="The evidence")


class CheckedPayment(Answer):
    id = serializers.CharField()
    verdict = serializers.ChoiceField(VERDICTS, help_text="The gravest of `findings`")
    confidence = serializers.FloatField(allow_null=True, help_text="Of the verdict; null: fine")
    in_words = serializers.CharField()
    party = serializers.CharField(help_text="As your books call it")
    party_id = serializers.UUIDField(allow_null=True, help_text="null: your books do not have it")
    amount = money(help_text="Of this payment")
    currency = serializers.CharField()
    findings = CheckFinding(many=True, help_text="The gravest first")
    pays = PaidInvoice(many=True, help_text="The invoices in your books that it would settle")


class CheckCounts(Answer):
    def get_fields(self) -> Any:
        return {
            name: serializers.IntegerField(help_text=f"Counts the payments whose verdict is {name}")
            for name in VERDICTS
        }


class CheckAnswer(Answer):
    source: Any = serializers.CharField(
        help_text="The source that the payments were taken to come to"
    )
    books_until = serializers.DateField(allow_null=True, help_text="The last day of your books")
    payments_compared = serializers.IntegerField(
        help_text="Counts the rows of your books that were looked at"
    )
    counts = CheckCounts()
    results = CheckedPayment(many=True, help_text="In the order of the request")
