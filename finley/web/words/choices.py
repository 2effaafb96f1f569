"""The words of choices in forms: what rows record, and what is known about them."""

from graph.layers import BY_NAME
from graph.models.choices import CaseAction, Records
from graph.questions import counted_rows

KINDS = {
    Records.PAYMENT.value: "payments and fees",
    Records.OBLIGATION.value: "invoices, bills and credit notes",
    Records.ORDER.value: "orders",
    Records.TRANSFER.value: "transfers between own accounts",
    Records.CLAIM.value: "expense claims",
    Records.FEE.value: "fees",
    counted_rows.ALL: "everything",
}
RECORDS = {  # what each row of a file is, before its import
    Records.PAYMENT.value: "a payment: money has moved",
    Records.OBLIGATION.value: "an invoice, a bill or a credit note: money is owed",
    Records.ORDER.value: "an order: nothing is owed yet",
    Records.TRANSFER.value: "a transfer between our own accounts",
    Records.CLAIM.value: "an expense claim of an employee",
    Records.FEE.value: "a fee or a charge that was taken",
}
ROWS = {  # one row of a file that is shown before its import
    Records.PAYMENT.value: "payment",
    Records.ORDER.value: "order",
    Records.TRANSFER.value: "transfer",
    Records.CLAIM.value: "expense claim",
    Records.FEE.value: "fee",
}
OWED = {"to receive": "invoice", "to pay": "bill"}  # by the direction of the row
SUMMED = {**KINDS, Records.PAYMENT.value: "payments"}  # what a sum of one kind has
LAYERS = {  # in a form, after "Finding"
    "causal": "led to another row",
    "temporal": "recurring",
    "seasonal": "seasonal",
    "pattern": "like many others",
    "cross_platform": "in several books",
    "prediction": "another one is expected",
    "root_cause": "unusual",
    "change": "changed later",
    "fraud": "may be paid twice",
}
PARTIES = {
    "vendor": "vendor",
    "customer": "customer",
    "employee": "employee",
    "department": "department",
    "account": "account",
    "project": "project",
    "clearing": "split of one transaction",
}

SCOPES = {"read": "reads", "sync": "decides, imports, syncs", "admin": "administers"}
DECISIONS = {  # entries of a case's history
    CaseAction.FOUND.value: "found",
    CaseAction.CONFIRM.value: "confirmed",
    CaseAction.DISMISS.value: "dismissed",
    CaseAction.RECOVER.value: "recovered",
    CaseAction.REOPEN.value: "opened again",
    CaseAction.ASSIGN.value: "assigned",
    CaseAction.NOTE.value: "noted",
    CaseAction.MERGE.value: "merged with another case",
}

DIRECTIONS = {  # of a row of a file that is shown before its import
    "in": "money in",
    "out": "money out",
    "between": "between own accounts",
    "unknown": "not known",
}
SIGNS = {"in": "+", "to receive": "+", "out": "\N{MINUS SIGN}", "to pay": "\N{MINUS SIGN}"}


def layers() -> list[tuple[str, str]]:
    """All layers as (name, words), in the order of their declaration."""
    return [(name, LAYERS.get(name, name.replace("_", " "))) for name in BY_NAME]
