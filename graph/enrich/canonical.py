"""One payment seen twice is one payment in every sum: which of its views counts.

Views of one payment are joined by same_transaction links, and by what a source published twice
(`republished`). The one that counts is the ledger's; of several, and where the ledger has none, the
earliest; then the one of the least id.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from psycopg.sql import SQL, Literal
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from graph import sql
from graph.database.arrow import tenant_snapshot


@dataclass(frozen=True, slots=True)
class View:
    """A flow that another flow is a view of the same payment of. `day`: ISO."""

    id: str
    platform: str
    day: str


def of_tenant(user_id: UUID) -> dict[str, str]:
    """Relationship → the canonical one of its group, for all that have another view."""
    views, pairs = read(user_id)
    return {view.id: min(group, key=_rank).id for group in grouped(views, pairs) for view in group}


def read(user_id: UUID) -> tuple[list[View], list[tuple[str, str]]]:
    """The tenant's flows with other views, and which two are views of one payment."""
    with tenant_snapshot(user_id, hashed=True) as reader:
        query = SQL(sql.read("enrich/sightings")).format(user_id=Literal(str(user_id)))
        rows = reader.table(query).to_pylist()
    views = {
        row[end]: View(row[end], row[f"{end}_platform"], row[f"{end}_day"])
        for row in rows
        for end in ("one", "other")
    }
    return list(views.values()), [(row["one"], row["other"]) for row in rows]


def grouped(views: Iterable[View], pairs: Iterable[tuple[str, str]]) -> list[list[View]]:
    """The views of each payment."""
    known = sorted(views, key=lambda view: view.id)
    place = {view.id: at for at, view in enumerate(known)}
    ends = np.array([[place[one], place[other]] for one, other in pairs]).reshape(-1, 2)
    graph = sparse.coo_matrix((np.ones(len(ends)), ends.T), shape=(len(known),) * 2)
    label = connected_components(graph, directed=False)[1] if known else []
    groups: dict[int, list[View]] = {}
    for view, group in zip(known, label, strict=True):
        groups.setdefault(int(group), []).append(view)
    return list(groups.values())


def _rank(view: View) -> tuple[bool, str, str]:
    return view.platform != "ledger", view.day, view.id
