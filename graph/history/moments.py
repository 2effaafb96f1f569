"""Moments of a tenant's history: when it begins, and until when a version was the tenant's."""

from datetime import datetime
from uuid import UUID

from graph import sql
from graph.database.tenancy import Query, tenant_row, tenant_rows


def began(user_id: UUID) -> datetime | None:
    """Return the time from which on the tenant's past is known exactly; None if it is not known."""
    row = tenant_row(user_id, Query(sql.read("history/began")))
    moment: datetime | None = row["began"]
    return moment


def of_version(user_id: UUID, later: int, last_id: UUID | None) -> datetime | None:
    """Return the time until which the version was the tenant's.

    `later` change records were written since, and `last_id` is the version's last one. Returns None
    if these records are gone, or if no moment had exactly the others: one transaction that the
    version saw ended after another that it did not see.
    """
    rows = tenant_rows(user_id, Query(sql.read("history/of_version"), (user_id, later)))
    return rows[0]["moment"] if rows and rows[0]["last_id"] == last_id else None
