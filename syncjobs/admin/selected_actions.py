"""Actions on selected connections and runs, one row at a time, each in a transaction of its own."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from graph.admin.paginator import MOST_AT_ONCE
from graph.admin.theme import ModelAdmin
from syncjobs import connections, runs
from syncjobs.errors import RequestError
from syncjobs.models import SyncConnection, SyncRun
from syncjobs.models.choices import ConnectionState, RunStatus, Trigger

Operation = Callable[[Any], str]


class Unchanged(RequestError):
    """Raised by an action whose row is in the requested state already."""


def carry_out(
    table: ModelAdmin, request: HttpRequest, rows: QuerySet[Any], operation: Operation
) -> None:
    """Apply the operation to each row in a transaction of its own, and log it in the row's history.
    Show the person which rows were changed, and why others were not."""
    selected = list(rows[: MOST_AT_ONCE + 1])
    if len(selected) > MOST_AT_ONCE:
        text = f"Select at most {MOST_AT_ONCE:,} rows at once. Nothing was done."
        messages.error(request, text)
        return
    counts: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for row in selected:
        try:
            counts[_logged(table, request, row, operation)] += 1
        except RequestError as error:
            refused[str(error)] += 1
    for text, count in counts.most_common():
        messages.success(request, f"{text} ({count:,} of {len(selected):,}).")
    for reason, count in refused.most_common():
        messages.warning(request, f"{count:,} skipped: {reason}")


def _logged(table: ModelAdmin, request: HttpRequest, row: Any, operation: Operation) -> str:
    with transaction.atomic(using=router.db_for_write(type(row))):
        text = operation(row)
        table.log_change(request, row, text)
    return text


def sync(connection: SyncConnection) -> str:
    """Request a sync of what changed since the last one. Return the message to show. Raises
    RequestError."""
    runs.accept(connection.user_id, connection.pk, trigger=Trigger.REQUEST)
    return "Sync requested"


def sync_fully(connection: SyncConnection) -> str:
    """Request a sync that lists everything again. Return the message to show. Raises
    RequestError."""
    payload = {"full": True}
    runs.accept(connection.user_id, connection.pk, trigger=Trigger.REQUEST, payload=payload)
    return "Full sync requested"


def pause(connection: SyncConnection) -> str:
    """Pause the connection; an active sync continues. Return the message to show. Raises
    RequestError."""
    _move(connection, ConnectionState.PAUSED)
    return "Paused"


def resume(connection: SyncConnection) -> str:
    """Resume the connection; a scheduled sync is then due at once. Return the message to show.
    Raises RequestError."""
    _move(connection, ConnectionState.ALIVE)
    return "Resumed"


def _move(connection: SyncConnection, state: ConnectionState) -> None:
    if connection.state == state:
        raise Unchanged(f"The connection is {state.value} already.")
    connections.change(connection.user_id, connection.pk, {"state": state.value})


def cancel(run: SyncRun) -> str:
    """Cancel a run: at once if it is queued, within seconds if it runs. Return the message to show.
    Raises RequestError."""
    if runs.cancel(run.user_id, run.pk).status == RunStatus.CANCELLED:
        return "Cancelled"
    return "Cancellation requested; the worker ends the run within seconds"
