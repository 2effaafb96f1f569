"""What has changed: a tenant's version, and what the view does not show yet."""

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
    """A tenant's graph in one snapshot.

    `version` changes when and only when what is shown of the tenant can have changed; it does not
    when the view is refreshed or old marks are forgotten. `pending` counts the rows named by the
    marks that the view does not show yet, by kind; `snapshot` is the view's (None: none is known).
    """

    version: str
    pending: Mapping[str, int]
    snapshot: str | None

    @property
    def unknown(self) -> bool:
        """Anything may have changed."""
        return EVERYTHING in self.pending


def version(user_id: UUID) -> str:
    """The tenant's version now, whether there is a view or not."""
    return _version(tenant_row(user_id, query(user_id)))


def query(user_id: UUID) -> Composed:
    """One row, which `read` understands."""
    return SQL("SELECT * FROM changes_state({})").format(Literal(user_id))


def read(row: Mapping[str, Any]) -> State:
    """Raises ViewMissing and ViewUnpopulated, with the command that mends it."""
    if row["missing"]:
        raise ViewMissing
    if not row["populated"]:
        raise ViewUnpopulated
    pending = json.loads(row["pending"] or "{}")
    if row["foreign"]:  # its transaction ids are another server's
        return State(_version(row), {**pending, EVERYTHING: 0}, None)
    return State(_version(row), pending, row["snapshot"])


def _version(row: Mapping[str, Any]) -> str:
    """Of a moment only, as long as marks cannot be told apart from another server's."""
    return f"{row['version']}-{row['moment']}" if row["foreign"] else str(row["version"])
