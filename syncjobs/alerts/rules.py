"""Evaluates alert rules. A rule is a query of syncjobs/sql/alerts; each row of its result is an
alert.

Each row has a `key`: one per group of failures and hour, or one per case. An endpoint gets only one
message with the same key.
"""

import json
import logging
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction
from django.db.models import QuerySet

from graph.database.role import as_owner
from syncjobs import sql
from syncjobs.alerts import messages
from syncjobs.database_threads import UNREACHABLE
from syncjobs.failures import record
from syncjobs.models import OPERATORS, AlertRule

log = logging.getLogger(__name__)
ROLE = "owner"
MOST = 200  # alerts of a rule at once; the others follow a minute later


@dataclass(frozen=True, slots=True)
class Alert:
    """One row of a rule's result: its key, a sentence for people, and its data."""

    key: str
    title: str
    data: dict[str, Any]


def watch() -> dict[str, Any]:
    """Evaluate every enabled rule and send its new alerts.

    A rule that fails keeps its error for the operator; the other rules are still evaluated. Returns
    {"messages": accepted messages, "failed": rules that failed}.
    """
    count = failed = 0
    with as_owner():
        for rule in enabled():
            try:
                count += send_new(rule)
            except UNREACHABLE:
                raise
            except Exception as error:
                log.exception("the rule %s cannot be evaluated", rule.pk)
                _note(rule, record.trouble_of(error).error)
                failed += 1
            else:
                _note(rule, "")
    return {"messages": count, "failed": failed}


def enabled() -> "QuerySet[AlertRule]":
    rows = AlertRule.objects.using(ROLE).filter(is_enabled=True, endpoint__is_enabled=True)
    return rows.select_related("endpoint").order_by("created_at", "pk")


def send_new(rule: AlertRule) -> int:
    """Send the rule's alerts that its endpoint has not been sent. Return the number of messages."""
    count = 0
    with transaction.atomic(using=ROLE):
        for alert in new_alerts(rule):
            message = messages.alert(
                rule.endpoint,
                f"alert.{rule.kind}",
                alert.data,
                title=alert.title,
                key=f"{rule.kind}:{alert.key}",
            )
            count += message is not None
    return count


def new_alerts(rule: AlertRule) -> list[Alert]:
    """The alerts of the rule that its endpoint has not been sent, at most MOST, by one query.

    The query runs as the owner. For a tenant's rule it reads only rows of that tenant.
    """
    values = {
        "user": None if rule.user_id == OPERATORS else rule.user_id,
        "since": rule.created_at,
        "threshold": rule.threshold,
        "endpoint": str(rule.endpoint_id),
        "kind": rule.kind,
        "limit": MOST,
    }
    with connections[ROLE].cursor() as cursor:
        query = sql.read("alerts/not_sent").replace("{rule}", sql.read(f"alerts/{rule.kind}"))
        cursor.execute(query, values)
        return [Alert(key, title, json.loads(data)) for key, title, data in cursor.fetchall()]


def _note(rule: AlertRule, error: str) -> None:
    if rule.error != error:
        AlertRule.objects.using(ROLE).filter(pk=rule.pk).update(error=error)
