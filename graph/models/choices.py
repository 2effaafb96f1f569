"""The values that choice columns allow."""

from django.db import models


class EventKind(models.TextChoices):
    POSTING = "posting"
    MESSAGE = "message"
    FILE = "file"


class Records(models.TextChoices):
    """The kinds of records that a source's row may be: a payment, an obligation, an order and so
    on."""

    PAYMENT = "payment", "payment: money moved"
    OBLIGATION = "obligation", "obligation: an invoice, a bill, a credit note: money is owed"
    ORDER = "order", "order: something was ordered, nothing is owed yet"
    TRANSFER = "transfer", "transfer: money moved between own accounts"
    CLAIM = "claim", "claim: somebody claims money back, an expense"
    FEE = "fee", "fee: a charge that was taken"


# The kinds that move money into or out of the tenant's own accounts.
MONEY_MOVED = (Records.PAYMENT.value, Records.FEE.value)


class Precision(models.TextChoices):
    SECOND = "second"
    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"


class EntityKind(models.TextChoices):
    VENDOR = "vendor"
    DEPARTMENT = "department"
    ACCOUNT = "account"
    EMPLOYEE = "employee"
    CUSTOMER = "customer"
    PROJECT = "project"
    CLEARING = "clearing"


class EdgeClass(models.TextChoices):
    FLOW = "flow", "flow: money moved"
    LINK = "link", "link: they have to do with each other"


class CausalDirection(models.TextChoices):
    FORWARD = "forward"
    BACKWARD = "backward"
    BOTH = "both"


class PredictionStatus(models.TextChoices):
    PENDING = "pending"
    FULFILLED = "fulfilled"
    OVERDUE = "overdue"
    CANCELLED = "cancelled"


class ChangeType(models.TextChoices):
    CREATED = "created"
    MODIFIED = "modified"
    DELETED = "deleted"


class DuplicateStatus(models.TextChoices):
    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class CaseState(models.TextChoices):
    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    RECOVERED = "recovered"


class CaseRole(models.TextChoices):
    ORIGINAL = "original"
    EXTRA = "extra", "extra: it repeats the original"
    VIEW = "view", "view: another source's row of the original or of an extra"


class CaseAction(models.TextChoices):
    FOUND = "found"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    RECOVER = "recover"
    REOPEN = "reopen"
    ASSIGN = "assign"
    NOTE = "note"
    MERGE = "merge", "merge: another case turned out to be about the same payment"


class ResolutionDecision(models.TextChoices):
    AUTOMATIC = "automatic", "merged automatically"
    OPEN = "open", "open: a person must judge"
    MERGE = "merge", "merged by a person"
    APART = "apart", "kept apart by a person"


class Frequency(models.TextChoices):
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    TWICE_MONTHLY = "twice_monthly", "twice a month"
    FOUR_WEEKLY = "four_weekly"
    THIRTY_DAYS = "thirty_days", "every 30 days"
    MONTHLY = "monthly"
    TWO_MONTHLY = "two_monthly", "every two months"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly", "half-yearly"
    YEARLY = "yearly"


class QuestionStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class QuestionFailure(models.TextChoices):
    TOO_LONG = "too_long", "it took longer than a worker gives a question"
    REFUSED = "refused", "the graph cannot answer it now"
    BROKEN = "broken", "its process or its workers ended"
