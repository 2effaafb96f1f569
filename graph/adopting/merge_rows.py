"""Merges old rows that become one row in finley, and updates the references to them."""

from collections.abc import Collection
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Composable, Literal

from graph import sql
from graph.adopting.old_tables import RELATIONSHIPS, Old
from graph.adopting.statements import listed, run
from graph.ingest.ledger_rows import Party
from graph.ingest.store.identity import identity

FOLDED = {
    "raw_events": "another event has the same source, external_id and posting",
    "normalized_entities": "another entity of its kind has this name",
    "entity_matches": "a better match of this event with this entity exists",
    RELATIONSHIPS: "another relationship of this type between these events exists",
}
POINTERS = {
    "entity_matches": {"event_id": "raw_events", "entity_id": "normalized_entities"},
    RELATIONSHIPS: {"source_event_id": "raw_events", "target_event_id": "raw_events"},
}
# A match of an entity that was merged later now belongs to the entity that it was merged into.
KNOWN = {
    "entity_matches": SQL("known.event_id, coalesce(known.original_entity_id, known.entity_id)")
}


def merge(cursor: Cursor[Any], old: Old) -> None:
    """Set, for each staged row, either `twin` (the id of its row in finley) or `outcome` (why it is
    not brought)."""
    for column, target in POINTERS.get(old.name, {}).items():
        run(cursor, "astray", old, **reference_parts(column, target), asked=SQL("true"))
        run(cursor, "led", old, column=column, target=f"old_{target}")
    if old.name == "normalized_entities":
        identify(cursor)
    reason, best = Literal(FOLDED[old.name]), SQL(old.best)
    run(cursor, "folded", old, key=listed(old.key), best=best, reason=reason)
    run(cursor, "foreign", old)
    run(cursor, "known", old)
    existing = KNOWN.get(old.name, listed(old.key, "known"))
    run(cursor, "known_key", old, known_key=existing, old_key=listed(old.key, "old"))
    run(cursor, "twins", old, reason=reason)


def reference_parts(column: str, target: str) -> dict[str, Composable | str]:
    return {
        "column": column,
        "name": Literal(column),
        "target": f"old_{target}",
        "table": Literal(target),
    }


def identify(cursor: Cursor[Any]) -> None:
    """Set the `identity` of each staged entity: its kind and normalized name, as `import_ledger`
    computes it."""
    cursor.execute(sql.read("adopt/names"))
    names = cursor.fetchall()
    cursor.execute(
        "CREATE TEMPORARY TABLE old_identities (kind text, name text, identity text) ON COMMIT DROP"
    )
    with cursor.copy("COPY old_identities (kind, name, identity) FROM STDIN") as copy:
        for kind, name in names:
            copy.write_row((kind, name, identity(Party(kind, name, ()))))
    cursor.execute("ANALYZE old_identities")
    cursor.execute(sql.read("adopt/identities"))


def classify(cursor: Cursor[Any], flow: Collection[str]) -> None:
    """Set the edge class of the staged relationships: `flow` for the types in `flow`, else
    `link`."""
    cursor.execute(
        f"UPDATE old_{RELATIONSHIPS} SET edge_class = "  # noqa: S608
        "CASE WHEN relationship_type = ANY(%s) THEN 'flow' ELSE 'link' END",
        [list(flow)],
    )
