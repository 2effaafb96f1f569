"""The addresses for messages, the messages, and the rules that write alerts.

Rows of the operators have the tenant OPERATORS, which is no user's id. So the same composite keys
that keep references within a tenant keep the operators' references among their own rows.
"""

from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from graph.models.tenant_row import TenantRow, no_constraint_fk, one_of, tenant_key
from syncjobs.models.choices import AlertKind, Channel, DeliveryState

OPERATORS = UUID(int=0)


class DeliveryEndpoint(TenantRow):
    """An address that gets messages. Its secrets are encrypted and never shown again.

    `events` are the types of messages that it gets, such as "case.opened"; if empty, all types.
    While `lease_until` is in the future, a worker delivers to it. `fence` grows with every such
    start.
    """

    name = models.TextField()
    channel = models.TextField(choices=Channel)
    address = models.TextField(
        help_text="Webhook: its https address. E-mail: the address. Chat: the service's name"
    )
    events = ArrayField(
        models.TextField(), blank=True, default=list, help_text="Types of messages; empty: all"
    )
    secret = models.TextField(blank=True, db_default="", editable=False)
    former_secret = models.TextField(blank=True, db_default="", editable=False)
    former_until = models.DateTimeField(null=True, blank=True, editable=False)
    is_enabled = models.BooleanField("enabled", db_default=True)
    quiet_from = models.TimeField(
        null=True, blank=True, help_text="Alerts wait from this time of day until the next field's"
    )
    quiet_until = models.TimeField(null=True, blank=True)
    zone = models.TextField("time zone", default="UTC", help_text="Of the quiet hours")
    note = models.TextField(blank=True, db_default="", help_text="Why it was disabled")
    worker = models.TextField(blank=True, db_default="", editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    fence = models.BigIntegerField(db_default=0, editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "delivery_endpoints"
        constraints = [
            tenant_key("delivery_endpoints"),
            one_of("delivery_endpoints", "channel", Channel),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(address=""), name="delivery_endpoints_stated"
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="delivery_endpoints_quiet_both",
            ),
            models.CheckConstraint(
                condition=~Q(channel="webhook") | ~Q(secret=""), name="delivery_endpoints_signed"
            ),
            # The address of a chat may name any host, and is not checked.
            models.CheckConstraint(
                condition=~Q(channel="chat") | Q(user_id=OPERATORS),
                name="delivery_endpoints_chat_of_operators",
            ),
        ]
        indexes = [models.Index(fields=["user_id", "name"], name="delivery_endpoints_user")]

    def __str__(self) -> str:
        return f"{self.name} ({self.channel})"


class Delivery(TenantRow):
    """One message to one endpoint: waiting → delivered | failed. A replay sets it to waiting again.

    `body` is what a webhook sends, the same bytes on every attempt. `key` is chosen by the sender:
    an endpoint gets at most one message with it. `attempts` holds the newest attempts.
    """

    endpoint = no_constraint_fk("syncjobs.DeliveryEndpoint", related_name="deliveries")
    event = models.TextField(help_text="The type, such as alert.dead_letter")
    key = models.TextField(blank=True, db_default="", editable=False)
    title = models.TextField()
    body = models.TextField(help_text="JSON: type, timestamp, data")
    state = models.TextField(choices=DeliveryState, db_default=DeliveryState.WAITING.value)
    tries = models.PositiveIntegerField(db_default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    attempts = models.JSONField(blank=True, db_default=[])
    error = models.TextField(blank=True, db_default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    failure = models.OneToOneField(
        "syncjobs.JobFailure",
        models.DB_SET_NULL,
        null=True,
        blank=True,
        related_name="delivery",
        help_text="Its dead letter",
    )

    class Meta:
        db_table = "deliveries"
        verbose_name_plural = "deliveries"
        constraints = [
            tenant_key("deliveries"),
            one_of("deliveries", "state", DeliveryState),
            models.UniqueConstraint(
                fields=["endpoint", "key"], condition=~Q(key=""), name="deliveries_key_once"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", ended_at__isnull=True)
                | ~Q(state="waiting") & Q(ended_at__isnull=False),
                name="deliveries_ended_at",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(error=""), name="deliveries_failed_says_why"
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "next_try_at"],
                name="deliveries_waiting",
                condition=Q(state="waiting"),
            ),
            models.Index(fields=["endpoint", "-created_at"], name="deliveries_of_endpoint"),
            models.Index(fields=["user_id", "-created_at", "-id"], name="deliveries_newest"),
            models.Index(fields=["-created_at", "-id"], name="deliveries_newest_of_all"),
            models.Index(
                fields=["ended_at"], name="deliveries_ended", condition=Q(ended_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AlertRule(TenantRow):
    """A condition about which an endpoint is alerted. A rule of the operators watches every tenant.

    `threshold` is in the unit of its kind: failures, hours, minutes, or an amount of money.
    """

    endpoint = no_constraint_fk("syncjobs.DeliveryEndpoint", related_name="rules")
    kind = models.TextField(choices=AlertKind)
    threshold = models.DecimalField(
        max_digits=16,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Failures, hours, minutes or an amount, as its kind says; empty: the usual one",
    )
    is_enabled = models.BooleanField("enabled", db_default=True)
    error = models.TextField(blank=True, db_default="", editable=False)

    class Meta:
        db_table = "alert_rules"
        constraints = [
            tenant_key("alert_rules"),
            one_of("alert_rules", "kind", AlertKind),
            models.UniqueConstraint(fields=["endpoint", "kind"], name="alert_rules_once"),
            models.CheckConstraint(
                condition=Q(threshold__isnull=True) | Q(threshold__gt=0),
                name="alert_rules_threshold_positive",
            ),
            models.CheckConstraint(
                condition=~Q(kind="queue_age") | Q(user_id=OPERATORS),
                name="alert_rules_queue_of_operators",
            ),
        ]
        indexes = [models.Index(fields=["user_id"], name="alert_rules_user")]

    def __str__(self) -> str:
        return str(self.get_kind_display())


__all__ = ["OPERATORS", "AlertRule", "Delivery", "DeliveryEndpoint"]
