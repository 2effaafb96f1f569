"""Decides which rows are sightings of one payment, and which of them is the canonical one.

Every sum rests on this definition. The sightings of a payment are connected by same_transaction
links, and by rows that a source published twice (`republished`). An invoice is never a sighting of
the payment that settles it. The canonical sighting counts: a transfer between own accounts before
all others, then a row of an account's statement, then a row of the ledger. If there are several, it
is the earliest, then the one with the smallest id. `relationship_instances.canonical_id` stores it
(NULL if the row itself counts). The view shows it as `payment_group_id`.

A sum over all rows adds the canonical ones. A sum over some rows (a party's, a department's) adds
each group among them once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import scipy  # it imports scipy.sparse when that is first used
from psycopg.sql import SQL, Literal

from graph import sql
from graph.database.arrow import tenant_snapshot
from graph.database.bulk import alone
from graph.database.tenancy import tenant_transaction
from graph.enrich.write.counts import Counts
from graph.models.choices import MONEY_MOVED, Records

MOVES = {*MONEY_MOVED, Records.TRANSFER.value}
STATED = ("platform", "day", "kind", "statement")
STAGING = """
    CREATE TEMPORARY TABLE found_canonical (relationship_id uuid PRIMARY KEY, canonical_id uuid)
    ON COMMIT DROP
"""


@dataclass(frozen=True, slots=True)
class View:
    """One sighting of a payment.

    `day` is an ISO date. `statement` says whether the row is a line of an account's statement.
    """

    id: str
    platform: str
    day: str
    kind: str = "payment"
    statement: bool = False

    @property
    def moves_money(self) -> bool:
        return self.kind in MOVES


def of_tenant(user_id: UUID) -> dict[str, str]:
    """Return relationship's id → id of the canonical sighting, for each relationship of a payment
    with several sightings."""
    views, pairs = read(user_id)
    return {
        view.id: min(group, key=_rank).id
        for group in grouped(views, _alike(views, pairs))
        if len(group) > 1
        for view in group
    }


def enrich(user_id: UUID) -> Counts:
    """Write the canonical relationship of each of the tenant's sightings, and return the numbers of
    changed rows.

    It must run after same_transaction and fraud, whose results it reads.
    """
    canonical_of = of_tenant(user_id)
    rows = [(row, best) for row, best in canonical_of.items() if row != best]
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        cursor.execute(STAGING)
        with (
            connection.connection.cursor() as copying,
            copying.copy("COPY found_canonical FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
        cursor.execute("ANALYZE found_canonical")
        cursor.execute(sql.read("enrich/canonical"), {"user_id": user_id})
        counts = Counts(*cursor.fetchone())
        cursor.execute("DROP TABLE found_canonical")
    return counts


def _alike(views: Iterable[View], pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs of ids whose rows both move money, or both do not.

    The others are no sightings of one payment: an invoice is no payment.
    """
    moves = {view.id: view.moves_money for view in views}
    return [(one, other) for one, other in pairs if moves[one] == moves[other]]


def read(user_id: UUID) -> tuple[list[View], list[tuple[str, str]]]:
    """Return the tenant's sightings that are in a pair, and the pairs of ids that are sightings of
    one payment."""
    with tenant_snapshot(user_id, hashed=True) as reader:
        query = SQL(sql.read("enrich/sightings")).format(user_id=Literal(str(user_id)))
        rows = reader.table(query).to_pylist()
    views = {
        row[end]: View(row[end], *(row[f"{end}_{name}"] for name in STATED))
        for row in rows
        for end in ("one", "other")
    }
    return list(views.values()), [(row["one"], row["other"]) for row in rows]


def grouped(views: Iterable[View], pairs: Iterable[tuple[str, str]]) -> list[list[View]]:
    """Return one list per payment of the sightings that the pairs of ids connect, directly or
    through others."""
    ordered = sorted(views, key=lambda view: view.id)
    place = {view.id: at for at, view in enumerate(ordered)}
    ends = np.array([[place[one], place[other]] for one, other in pairs]).reshape(-1, 2)
    graph = scipy.sparse.coo_matrix((np.ones(len(ends)), ends.T), shape=(len(ordered),) * 2)
    label = scipy.sparse.csgraph.connected_components(graph, directed=False)[1] if ordered else []
    groups: dict[int, list[View]] = {}
    for view, group in zip(ordered, label, strict=True):
        groups.setdefault(int(group), []).append(view)
    return list(groups.values())


def _rank(view: View) -> tuple[bool, bool, bool, str, str]:
    transfer = view.kind == Records.TRANSFER
    return not transfer, not view.statement, view.platform != "ledger", view.day, view.id
