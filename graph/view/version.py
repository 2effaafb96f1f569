"""A tenant's version, and the changes that the view does not show yet."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.sql import SQL, Composed, Literal

from graph.database.tenancy import tenant_row
from graph.errors import ViewMissing, ViewUnpopulated
from graph.view.captured_tables import EVERYTHING


@dataclass(frozen=True, slots=True)
class State:
    """The state of a tenant's graph in one snapshot.

    `version` changes exactly when the data shown to the tenant may have changed. A refresh of the
    view and the deletion of old change records do not change it. `pending` counts, by kind, the
    rows named by change records that the view does not show yet. `snapshot` is the view's snapshot,
    or None if it is not known.
    """

    version: str
    pending: Mapping[str, int]
    snapshot: str | None

    @property
    def unknown(self) -> bool:
        """Whether anything may have changed."""
        return EVERYTHING in self.pending


def version(user_id: UUID) -> str:
    """The tenant's current version. Works without the view, too."""
    return of_row(tenant_row(user_id, query(user_id)))


def query(user_id: UUID) -> Composed:
    """The query that returns the state as one row, which `read` parses."""
    return SQL("SELECT * FROM changes_state({})").format(Literal(user_id))


def read(row: Mapping[str, Any]) -> State:
    """The state in the row.

    Raises ViewMissing or ViewUnpopulated, whose messages name the command to run.
    """
    if row["missing"]:
        raise ViewMissing
    if not row["populated"]:
        raise ViewUnpopulated
    pending = json.loads(row["pending"] or "{}")
    if row["foreign"]:  # the change records have transaction ids of another server (a restore)
        return State(of_row(row), {**pending, EVERYTHING: 0}, None)
    return State(of_row(row), pending, row["snapshot"])


def of_row(row: Mapping[str, Any]) -> str:
    """The version in a row of `query`. It contains a timestamp while change records may come from
    another server."""
    return f"{row['version']}-{row['moment']}" if row["foreign"] else str(row["version"])
