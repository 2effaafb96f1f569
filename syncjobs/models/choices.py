"""The values that choice columns allow."""

from typing import Any

from django.db import models

from syncjobs.providers import PROVIDERS

_MEMBERS = [(provider.name.upper(), (provider.name, provider.title)) for provider in PROVIDERS]
_text_choices: Any = models.TextChoices  # its stubs do not know the enum's functional form
Provider: type[models.TextChoices] = _text_choices("Provider", _MEMBERS)


class ConnectionState(models.TextChoices):
    ALIVE = "alive"
    SUSPECT = "suspect", "suspect: a webhook event says that it is dead"
    DEAD = "dead", "dead: the person must connect again"
    PAUSED = "paused", "paused by a person"
    REMOVED = "removed"


class RunStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = (RunStatus.QUEUED, RunStatus.RUNNING)


class Trigger(models.TextChoices):
    REQUEST = "request", "a person or a program asked"
    SCHEDULE = "schedule"
    WEBHOOK = "webhook", "a webhook event from Nango"
    REPLAY = "replay", "the replay of a failure"


class Outcome(models.TextChoices):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    RETRIED = "retried", "failed; another attempt follows"
    FAILED = "failed", "failed for good"
    CANCELLED = "cancelled"
    GIVEN_BACK = (
        "given_back",
        "given back: the worker stopped, or it made progress; no attempt counted",
    )
    LOST = "lost", "lost: its worker died or stalled"


class FailureStatus(models.TextChoices):
    OPEN = "open"
    REPLAYING = "replaying"
    RESOLVED = "resolved"
    IGNORED = "ignored"
    DISCARDED = "discarded"


class ItemUse(models.TextChoices):
    NOTHING = "nothing", "nothing to read in it"
    LEDGER = "ledger", "its rows were imported"
    HELD = "held", "rows of a sender who was not verified: not imported"
    EVENT = "event", "it names an amount, a reference or a party: an event"
    UNREADABLE = "unreadable", "it could not be read: see the note"
    QUARANTINED = "quarantined", "it could not be read several times: see the note"


class UploadState(models.TextChoices):
    RECEIVING = "receiving", "being received"
    READING = "reading", "being read"
    READY = "ready", "ready: look at it, then confirm"
    REFUSED = "refused", "cannot be read as it is"
    IMPORTING = "importing", "being imported"
    DONE = "done", "imported"
    FAILED = "failed", "not imported"
    TAKING_BACK = "taking_back", "being taken back"
    TAKEN_BACK = "taken_back", "taken back: its rows are not in your books"


class ExportState(models.TextChoices):
    WAITING = "waiting", "waits for a worker"
    RUNNING = "running", "being made"
    DONE = "done", "ready to download"
    FAILED = "failed", "not made"


class Channel(models.TextChoices):
    WEBHOOK = "webhook"
    EMAIL = "email", "e-mail"
    CHAT = "chat", "chat (operators only)"


class DeliveryState(models.TextChoices):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed", "failed for good"


class AlertKind(models.TextChoices):
    DEAD_LETTER = "dead_letter", "a job failed for good"
    GROWING_GROUP = "growing_group", "a group of failures grows"
    NO_SUCCESS = "no_success", "a connection had no successful sync for hours"
    QUEUE_AGE = "queue_age", "a run waits for a worker for minutes"
    DOUBLE_PAYMENT = "double_payment", "a new possible double payment above an amount"
    OVERDUE_RECEIPT = "overdue_receipt", "an expected receipt is overdue"


class TaskStatus(models.TextChoices):
    """The values of `django.tasks.TaskResultStatus`."""

    READY = "READY", "ready"
    RUNNING = "RUNNING", "running"
    SUCCESSFUL = "SUCCESSFUL", "successful"
    FAILED = "FAILED", "failed for good"


class ReplayState(models.TextChoices):
    WAITING = "waiting"
    STARTED = "started", "started: its replay waits or runs"
    SUCCEEDED = "succeeded"
    FAILED = "failed", "failed again"
    SKIPPED = "skipped"
    STOPPED = "stopped", "not started: the bulk replay was stopped"
