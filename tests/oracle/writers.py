"""The statements that writers may execute on a tenant's books. They use few values, so that rows
collide.

A statement may fail (a key, a foreign key, a lock that another session holds). That is intended.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

Statement = tuple[str, list[Any]]
Choose = Callable[[int], int]  # a number below the one that is given

TABLES = (
    "normalized_entities",
    "raw_events",
    "entity_matches",
    "relationship_instances",
    "temporal_patterns",
    "seasonal_patterns",
    "relationship_patterns",
    "causal_relationships",
    "cross_platform_relationships",
    "predicted_relationships",
    "root_cause_analyses",
    "event_delta_logs",
    "duplicate_transactions",
)
ROWS = 4  # ids a tenant has in each table
SCORES = (0.0, 0.5, 1.0)
MOMENTS = ("2024-01-31 00:00:00+00", "2024-01-31 00:00:01+00", "2025-06-01 12:00:00+00")


class Writer:
    """Makes random SQL statements about the rows of one tenant, one after the other."""

    def __init__(self, user: UUID, number: int, choose: Choose) -> None:
        self.user = user
        self.number = number
        self.choose = choose

    def pick(self, values: Sequence[Any]) -> Any:
        return values[self.choose(len(values))]

    def id_of(self, table: str) -> UUID:
        """One of the few ids that rows of this tenant have in the table. There may be no row with
        it."""
        return self.nth(table, self.choose(ROWS))

    def nth(self, table: str, n: int) -> UUID:
        return UUID(int=(self.number << 32) + (TABLES.index(table) << 8) + n + 1)

    def statement(self) -> Statement:
        return self.pick(WAYS)(self)

    def insert(self, table: str, **values: Any) -> Statement:
        values = {"id": self.id_of(table), "user_id": self.user, **values}
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        return f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values())  # noqa: S608

    def update(self, table: str, **values: Any) -> Statement:
        """A statement that updates one row, or all of the tenant's rows, in the table."""
        assignments = ", ".join(f"{name} = %s" for name in values)
        where, which = self.some(table)
        return f"UPDATE {table} SET {assignments} WHERE {where}", [*values.values(), *which]  # noqa: S608

    def delete(self, table: str) -> Statement:
        return f"DELETE FROM {table} WHERE user_id = %s AND id = %s", [self.user, self.id_of(table)]  # noqa: S608

    def some(self, table: str) -> tuple[str, list[Any]]:
        if self.choose(6) == 0:
            return "user_id = %s", [self.user]
        return "user_id = %s AND id = %s", [self.user, self.id_of(table)]


# the books


def entity_comes(w: Writer) -> Statement:
    n = w.choose(ROWS)
    name = w.pick(("A", "B"))
    return w.insert(
        "normalized_entities",
        id=w.nth("normalized_entities", n),
        kind="vendor",
        name=name,
        identity=str(n),
    )


def entity_changes(w: Writer) -> Statement:
    return w.update("normalized_entities", name=w.pick(("A", "B", "C")))


def entity_merges(w: Writer) -> Statement:
    into = w.pick((None, w.id_of("normalized_entities")))
    return w.update("normalized_entities", merged_into_id=into)


def event_comes(w: Writer) -> Statement:
    n = w.choose(ROWS)
    return w.insert(
        "raw_events",
        id=w.nth("raw_events", n),
        source="s",
        platform="ledger",
        external_id=str(n),
        transaction_ref=w.pick(("t", "u")),
        occurred_at=w.pick(MOMENTS),
        amount=w.pick((None, 1, -2)),
        currency="GBP",
    )


def event_changes(w: Writer) -> Statement:
    change = w.pick(
        (
            {"amount": w.pick((None, 1, 3))},
            {"document_ref": w.pick((None, "d"))},
            {"occurred_at": w.pick(MOMENTS)},
            {"description": "not shown"},
            {"transaction_ref": w.pick(("t", "u"))},
            {"records": w.pick((None, "payment", "obligation"))},
        )
    )
    return w.update("raw_events", **change)


def match_comes(w: Writer) -> Statement:
    return w.insert(
        "entity_matches",
        event_id=w.id_of("raw_events"),
        entity_id=w.id_of("normalized_entities"),
        confidence=w.pick(SCORES),
        created_at=w.pick(MOMENTS),
    )


def match_changes(w: Writer) -> Statement:
    change = w.pick(
        (
            {"confidence": w.pick(SCORES)},
            {"entity_id": w.id_of("normalized_entities")},
            {"event_id": w.id_of("raw_events")},
            {"created_at": w.pick(MOMENTS)},
        )
    )
    return w.update("entity_matches", **change)


def relationship_comes(w: Writer) -> Statement:
    pointers = {name: w.pick((None, w.id_of(table))) for name, table in POINTERS.items()}
    return w.insert(
        "relationship_instances",
        source_event_id=w.id_of("raw_events"),
        target_event_id=w.id_of("raw_events"),
        relationship_type=w.pick(("payment", "reversal")),
        edge_class=w.pick(("flow", "flow", "link")),
        confidence_score=w.pick(SCORES),
        detection_method="test",
        deleted_at=w.pick((None, None, None, MOMENTS[0])),
        **pointers,
    )


POINTERS = {
    "temporal_pattern_id": "temporal_patterns",
    "seasonal_pattern_id": "seasonal_patterns",
    "pattern_id": "relationship_patterns",
}


def relationship_changes(w: Writer) -> Statement:
    pointer = w.pick(tuple(POINTERS))
    change = w.pick(
        (
            {"reason": w.pick(("x", "y"))},
            {"deleted_at": w.pick((None, MOMENTS[0]))},
            {pointer: w.pick((None, w.id_of(POINTERS[pointer])))},
            {"target_event_id": w.id_of("raw_events")},
            {"edge_class": w.pick(("flow", "link"))},
        )
    )
    return w.update("relationship_instances", **change)


def many_relationships_come(w: Writer) -> Statement:
    """Insert or change relationships between all pairs of events in one statement."""
    return (
        "INSERT INTO relationship_instances (user_id, source_event_id, target_event_id, "
        "relationship_type, edge_class, confidence_score, detection_method, reason) "
        "SELECT a.user_id, a.id, b.id, 'bulk', 'flow', 1, 'test', %s "
        "FROM raw_events AS a JOIN raw_events AS b USING (user_id) WHERE user_id = %s "
        "ON CONFLICT (user_id, source_event_id, target_event_id, relationship_type) "
        "DO UPDATE SET reason = excluded.reason, deleted_at = NULL",
        [w.pick(("x", "y")), w.user],
    )


# the layers


def temporal_comes(w: Writer) -> Statement:
    n = w.choose(ROWS)
    return w.insert(
        "temporal_patterns",
        id=w.nth("temporal_patterns", n),
        key=str(n),
        recurrence_score=w.pick(SCORES),
        recurrence_frequency="monthly",
        last_occurrence="2024-01-31",
    )


def seasonal_comes(w: Writer) -> Statement:
    n = w.choose(ROWS)
    return w.insert(
        "seasonal_patterns",
        id=w.nth("seasonal_patterns", n),
        key=str(n),
        seasonal_strength=w.pick(SCORES),
        seasonal_months=w.pick(([1], [1, 12])),
    )


def pattern_comes(w: Writer) -> Statement:
    n = w.choose(ROWS)
    return w.insert(
        "relationship_patterns",
        id=w.nth("relationship_patterns", n),
        key=str(n),
        pattern_name=w.pick(("rent", "fee")),
        pattern_confidence=w.pick(SCORES),
    )


def pattern_changes(w: Writer) -> Statement:
    return w.pick(
        (
            lambda: w.update("temporal_patterns", recurrence_score=w.pick(SCORES)),
            lambda: w.update("temporal_patterns", next_predicted_occurrence=w.pick(DAYS)),
            lambda: w.update("seasonal_patterns", seasonal_months=w.pick(([2], [3, 4]))),
            lambda: w.update("relationship_patterns", pattern_name=w.pick(("rent", "tax"))),
        )
    )()


DAYS = (None, "2024-02-29")
FACTS: dict[str, Callable[[Writer], dict[str, Any]]] = {
    "causal_relationships": lambda w: {
        "causal_score": w.pick((None, *SCORES)),
        "causal_direction": w.pick(("forward", "both")),
    },
    "cross_platform_relationships": lambda w: {
        "platform_sources": w.pick((["card"], ["card", "ledger"]))
    },
    "predicted_relationships": lambda w: {
        "prediction_confidence": w.pick(SCORES),
        "prediction_reason": w.pick(("x", "y")),
        "status": w.pick(("pending", "overdue", "cancelled")),
        "created_at": w.pick(MOMENTS),
        "stale_from": w.pick(DAYS),
    },
    "root_cause_analyses": lambda w: {
        "root_cause_analysis": w.pick(("x", "y")),
        "confidence": w.pick(SCORES),
    },
    "event_delta_logs": lambda w: {
        "event_key": "k",
        "change_type": w.pick(("created", "modified")),
        "created_at": w.pick(MOMENTS),
    },
    "duplicate_transactions": lambda w: {
        "original_relationship_id": w.id_of("relationship_instances"),
        "duplicate_confidence": w.pick(SCORES),
        "status": w.pick(("open", "dismissed")),
    },
}


def fact_comes(w: Writer) -> Statement:
    table = w.pick(tuple(FACTS))
    return w.insert(table, relationship_id=w.id_of("relationship_instances"), **FACTS[table](w))


def fact_changes(w: Writer) -> Statement:
    """Change one column of a fact, or the relationship that the fact is about."""
    table = w.pick(tuple(FACTS))
    values = {**FACTS[table](w), "relationship_id": w.id_of("relationship_instances")}
    name = w.pick(tuple(values))
    return w.update(table, **{name: values[name]})


def row_goes(w: Writer) -> Statement:
    return w.delete(w.pick(TABLES))


def table_is_emptied(w: Writer) -> Statement:
    """A statement that empties a table for all tenants. It is rarely chosen; usually one that
    deletes a row is returned."""
    if w.choose(40):
        return row_goes(w)
    return f"TRUNCATE {w.pick(tuple(FACTS))}", []


def first_books(w: Writer) -> list[Statement]:
    """Statements that insert rows into every table, with which the other statements collide."""
    statements: list[Statement] = []
    for n in range(ROWS):
        entity, event = w.nth("normalized_entities", n), w.nth("raw_events", n)
        statements += [
            w.insert("normalized_entities", id=entity, kind="vendor", name="A", identity=str(n)),
            w.insert(
                "raw_events",
                id=event,
                source="s",
                platform="ledger",
                external_id=str(n),
                transaction_ref="t",
                occurred_at=MOMENTS[0],
                amount=n,
                currency="GBP",
            ),
            w.insert(
                "entity_matches",
                id=w.nth("entity_matches", n),
                event_id=event,
                entity_id=entity,
                confidence=0.5,
            ),
        ]
    statements += [temporal_comes(w), seasonal_comes(w), pattern_comes(w)]
    statements += [_between(w, n) for n in range(ROWS - 1)]
    return [*statements, *(fact_comes(w) for _ in range(ROWS))]


def _between(w: Writer, n: int) -> Statement:
    return w.insert(
        "relationship_instances",
        id=w.nth("relationship_instances", n),
        source_event_id=w.nth("raw_events", n),
        target_event_id=w.nth("raw_events", n + 1),
        relationship_type="payment",
        edge_class="flow",
        confidence_score=1,
        detection_method="test",
    )


WAYS = (
    entity_comes,
    entity_changes,
    entity_merges,
    event_comes,
    event_comes,
    event_changes,
    match_comes,
    match_comes,
    match_changes,
    relationship_comes,
    relationship_comes,
    relationship_comes,
    relationship_changes,
    relationship_changes,
    many_relationships_come,
    temporal_comes,
    seasonal_comes,
    pattern_comes,
    pattern_changes,
    pattern_changes,
    fact_comes,
    fact_comes,
    fact_comes,
    fact_changes,
    fact_changes,
    row_goes,
    table_is_emptied,
)
