"""Generates seeded rows of the replaced system, and computes what finley must show of them.

`expected` does it the slow, obvious way: for each relationship it sorts all old rows about it by
the written rule, and takes the first.
"""

import json
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Identifier

TABLES = Path(__file__).with_name("replaced.sql")
DAY = datetime(2024, 1, 31)  # noqa: DTZ001  the old tables have no time zone
TYPES = ("payment", "payment", "payment", "follows", "approved_by")
FREQUENCIES = ("weekly", "monthly", "yearly")
Row = dict[str, Any]


class Replaced:
    """Generated rows of the replaced system by table, to be written to its schema."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.rows: dict[str, list[Row]] = {}

    def add(self, table: str, user: UUID, **values: Any) -> Row:
        created = DAY + timedelta(hours=self.random.randrange(48))  # ties are the rule
        row = {"id": self.id(), "user_id": user, "created_at": created} | values
        self.rows.setdefault(table, []).append(row)
        return row

    def id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))

    def score(self) -> float:
        return self.random.choice((0.1, 0.5, 0.5, 0.9))

    def write(self, connection: psycopg.Connection, schema: str) -> None:
        connection.execute(
            SQL(TABLES.read_text()).format(schema=Identifier(schema)).as_string(connection)
        )
        for table, rows in self.rows.items():
            for row in rows:
                names = SQL(", ").join(map(Identifier, row))
                marks = SQL(", ").join(SQL("%s") for _ in row)
                insert = SQL("INSERT INTO {} ({}) VALUES ({})")
                target = Identifier(schema, table)
                connection.execute(insert.format(target, names, marks), list(row.values()))

    def books(self, user: UUID, size: int = 12) -> None:
        """Add a tenant with payments, some of which begin at one event, and several rows of each
        layer."""
        pick = self.random.choice
        parties = [self.entity(user, f"Vendor {n}") for n in range(4)]
        events = [self.event(user, n) for n in range(size)]
        for event in events:
            for party in self.random.sample(parties, self.random.randint(1, 2)):
                self.match(user, event, party)
        ends = [(pick(events[: size // 2]), event, pick(TYPES)) for event in events for _ in "ab"]
        for source, target, kind in dict.fromkeys((a["id"], b["id"], c) for a, b, c in ends):
            self.relationship(user, source, target, kind)
        for event in events:
            self.of_event(user, event["id"], events)
        for kind in dict.fromkeys(TYPES):
            self.of_type(user, kind)
        for row in self.of(user, "relationship_instances"):
            self.of_relationship(user, row["id"])

    def entity(self, user: UUID, name: str, **values: Any) -> Row:
        usual = {"kind": "vendor", "name": name, "logo": "x"}
        return self.add("normalized_entities", user, **usual | values)

    def event(self, user: UUID, n: int, **values: Any) -> Row:
        usual = {
            "source": "oracle-fusion",
            "external_id": str(n),
            "event_type": "invoice",
            "occurred_at": DAY + timedelta(days=n),
            "amount": 10 + n,
            "currency": "GBP",
            "metadata": json.dumps({"n": n}),
        }
        return self.add("raw_events", user, **usual | values)

    def match(self, user: UUID, event: Row, party: Row, **values: Any) -> Row:
        usual = {"confidence": self.random.choice((0.25, 0.5))}
        ends = {"event_id": event["id"], "entity_id": party["id"]}
        return self.add("entity_matches", user, **ends, **usual | values)

    def relationship(
        self, user: UUID, source: UUID, target: UUID, kind: str = "payment", **values: Any
    ) -> Row:
        usual = {
            "confidence_score": self.score(),
            "detection_method": "rules-v2",
            "reason": "same invoice",
            "deleted_at": self.random.choice((None, None, None, DAY)),
        }
        ends = {"source_event_id": source, "target_event_id": target, "relationship_type": kind}
        return self.add("relationship_instances", user, **ends, **usual | values)

    def of_event(self, user: UUID, event: UUID, events: list[Row]) -> None:
        for n in range(self.random.randrange(4)):
            self.add("predicted_relationships", user, source_event_id=event,
                     prediction_confidence=self.score(), prediction_reason=f"{n}",
                     status=self.random.choice(("pending", "pending", "cancelled")))  # fmt: skip
        for n in range(self.random.randrange(3)):
            self.add("root_cause_analyses", user, source_event_id=event,
                     root_cause_analysis=f"{n}", confidence=self.score())  # fmt: skip
        for n in range(self.random.randrange(3)):
            self.add("event_delta_logs", user, event_id=event, old_values=json.dumps({"n": n}),
                     change_type=self.random.choice(("created", "modified")))  # fmt: skip
        if self.random.random() < 0.3:
            self.add("duplicate_transactions", user, event_id=event,
                     original_event_id=self.random.choice(events)["id"],
                     duplicate_confidence=self.score(),
                     status=self.random.choice(("open", "dismissed")))  # fmt: skip

    def of_type(self, user: UUID, kind: str) -> None:
        for n in range(self.random.randrange(4)):
            self.add("temporal_patterns", user, relationship_type=kind,
                     recurrence_score=self.score(),
                     recurrence_frequency=self.random.choice(FREQUENCIES),
                     last_occurrence=DAY + timedelta(days=self.random.randrange(2)),
                     next_predicted_occurrence=DAY + timedelta(days=40))  # fmt: skip
            self.add("relationship_patterns", user, relationship_type=kind,
                     pattern_name=f"pattern {n}", pattern_confidence=self.score())  # fmt: skip

    def of_relationship(self, user: UUID, relationship: UUID) -> None:
        of = {"relationship_id": relationship}
        for n in range(self.random.randrange(3)):
            self.add("causal_relationships", user, **of, causal_direction="forward",
                     causal_score=self.random.choice((None, 0.2, 0.8)), model=f"m{n}")  # fmt: skip
        for n in range(self.random.randrange(3)):
            self.add("seasonal_patterns", user, **of, seasonal_months=[n + 1, 12],
                     seasonal_strength=self.score())  # fmt: skip
        if self.random.random() < 0.5:
            self.add("cross_platform_relationships", user, **of,
                     platform_sources=json.dumps(["bank", "ledger"]))  # fmt: skip

    def of(self, user: UUID, table: str) -> list[Row]:
        return [row for row in self.rows.get(table, []) if row["user_id"] == user]

    def expected(self, user: UUID) -> dict[UUID, Row]:
        """What the view should show of each live relationship, by its id."""
        live = [row for row in self.of(user, "relationship_instances") if not row["deleted_at"]]
        return {row["id"]: self.shown(user, row, live) for row in live}

    def shown(self, user: UUID, row: Row, live: list[Row]) -> Row:
        return {
            "relationship_type": row["relationship_type"],
            "edge_class": "flow" if row["relationship_type"] == "payment" else "link",
            "confidence_score": row["confidence_score"],
            "detection_method": row["detection_method"],
            "source_event_id": row["source_event_id"],
            "target_event_id": row["target_event_id"],
            "source_entity_id": self.party(user, row["source_event_id"]),
            "target_entity_id": self.party(user, row["target_event_id"]),
            **self.patterns(user, row),
            **self.facts(user, row),
            **self.fraud(user, row, live),
        }

    def party(self, user: UUID, event: UUID) -> UUID | None:
        matches = [m for m in self.of(user, "entity_matches") if m["event_id"] == event]
        best = first(matches, lambda m: (-m["confidence"], -stamp(m), m["id"]))
        return best and best["entity_id"]

    def about(self, user: UUID, table: str, column: str, value: Any) -> list[Row]:
        return [row for row in self.of(user, table) if row[column] == value]

    def patterns(self, user: UUID, row: Row) -> Row:
        kind = row["relationship_type"]
        temporal = first(
            self.about(user, "temporal_patterns", "relationship_type", kind),
            lambda t: (-t["recurrence_score"], -t["last_occurrence"].timestamp(), t["id"]),
        )
        seasonal = first(
            self.about(user, "seasonal_patterns", "relationship_id", row["id"]),
            lambda s: (-s["seasonal_strength"], -stamp(s), s["id"]),
        )
        pattern = first(
            self.about(user, "relationship_patterns", "relationship_type", kind),
            lambda p: (-p["pattern_confidence"], -stamp(p), p["id"]),
        )
        return {
            "temporal_pattern_id": temporal and temporal["id"],
            "recurrence_frequency": temporal and temporal["recurrence_frequency"],
            "last_occurrence": temporal and temporal["last_occurrence"].date(),
            "seasonal_pattern_id": seasonal and seasonal["id"],
            "seasonal_months": seasonal and seasonal["seasonal_months"],
            "pattern_id": pattern and pattern["id"],
            "pattern_name": pattern and pattern["pattern_name"],
        }

    def facts(self, user: UUID, row: Row) -> Row:
        event = row["source_event_id"]
        causal = first(
            self.about(user, "causal_relationships", "relationship_id", row["id"]),
            lambda c: (c["causal_score"] is None, -(c["causal_score"] or 0), -stamp(c), c["id"]),
        )
        sightings = self.about(user, "cross_platform_relationships", "relationship_id", row["id"])
        predictions = self.about(user, "predicted_relationships", "source_event_id", event)
        prediction = first(
            [p for p in predictions if p["status"] != "cancelled"], lambda p: (-stamp(p), p["id"])
        )
        cause = first(
            self.about(user, "root_cause_analyses", "source_event_id", event),
            lambda c: (-c["confidence"], c["id"]),
        )
        change = first(
            self.about(user, "event_delta_logs", "event_id", event), lambda c: (-stamp(c), c["id"])
        )
        return {
            "causal_relationship_id": causal and causal["id"],
            "causal_score": causal and causal["causal_score"],
            "platform_sources": ["bank", "ledger"] if sightings else None,
            "prediction_confidence": prediction and prediction["prediction_confidence"],
            "prediction_reason": prediction and prediction["prediction_reason"],
            "root_cause_analysis": cause and cause["root_cause_analysis"],
            "change_type": change and change["change_type"],
        }

    def fraud(self, user: UUID, row: Row, live: list[Row]) -> Row:
        """The fraud columns of the relationship `row`: whether it is a duplicate, because of a pair
        that nobody dismissed. Of several pairs of the same two relationships, the one with the
        highest confidence counts."""
        values: dict[frozenset[UUID], tuple[Any, ...]] = {}
        for relationship in live:
            for pair in self.pairs(user, relationship, live):
                key = frozenset(pair[-2:])
                values[key] = min(values.get(key, pair), pair)
        mine = [pair for pair in values.values() if pair[-2] == row["id"] and not pair[0]]
        return {"is_duplicate": bool(mine)}

    def pairs(self, user: UUID, row: Row, live: list[Row]) -> Iterable[tuple[Any, ...]]:
        """The pairs about this row, each as (dismissed, minus confidence, id, relationship,
        original)."""
        for item in self.about(user, "duplicate_transactions", "event_id", row["source_event_id"]):
            originals = sorted(
                other["id"]
                for other in live
                if other["source_event_id"] == item["original_event_id"]
                and other["relationship_type"] == row["relationship_type"]
                and other["id"] != row["id"]
            )
            if originals:
                sure = -item["duplicate_confidence"]
                yield item["status"] == "dismissed", sure, item["id"], row["id"], originals[0]


def first(rows: list[Row], rank: Any) -> Row | None:
    return min(rows, key=rank, default=None)


def stamp(row: Row) -> float:
    return float(row["created_at"].timestamp())


JOINED = """
    SELECT count(*)
    FROM {0}.relationship_instances AS r
    LEFT JOIN {0}.causal_relationships AS c ON c.relationship_id = r.id
    LEFT JOIN {0}.temporal_patterns AS t
        ON t.user_id = r.user_id AND t.relationship_type = r.relationship_type
    LEFT JOIN {0}.seasonal_patterns AS s ON s.relationship_id = r.id
    LEFT JOIN {0}.relationship_patterns AS n
        ON n.user_id = r.user_id AND n.relationship_type = r.relationship_type
    LEFT JOIN {0}.cross_platform_relationships AS x ON x.relationship_id = r.id
    LEFT JOIN {0}.predicted_relationships AS p ON p.source_event_id = r.source_event_id
    LEFT JOIN {0}.root_cause_analyses AS a ON a.source_event_id = r.source_event_id
    LEFT JOIN {0}.event_delta_logs AS d ON d.event_id = r.source_event_id
    WHERE r.deleted_at IS NULL
"""  # of the eight tables whose rows are joined as they are


def joined(connection: psycopg.Connection, schema: str) -> int:
    """The number of rows that the replaced system's own query returns."""
    row = connection.execute(SQL(JOINED).format(Identifier(schema))).fetchone()
    assert row
    return int(row[0])
