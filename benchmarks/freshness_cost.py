"""Measures what freshness costs: reads, writes and a refresh, each alternately with and without
it."""

import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import pyarrow as pa
from django.db import connections, transaction
from psycopg.sql import SQL, Composable, Identifier, Literal

from benchmarks import dataset
from graph.database.arrow import tenant_snapshot
from graph.models.view_sql import TENANT_VIEW, view_sql
from graph.reading import current_graph, load_graph
from graph.reading.current_graph import EdgeQuery
from graph.view import refresh, triggers, version

ROUNDS = 5
SHARED = 40_000  # relationships of one pattern
BULK = 100_000  # events in one import
TENANT = UUID(int=1)
ALL = (*load_graph.ENDS, *load_graph.ALL)
FEW = (*load_graph.ENDS, "causal_score", "confidence_score")  # what ranks are computed from
NODES = "SELECT id, kind, name FROM normalized_entities WHERE user_id = {} ORDER BY id"


def measured(edges: int, seed: int, *, plans: bool) -> dict[str, Any]:
    """Write seeded books of three tenants with `edges` relationships in all, and measure on them
    (see `costs`). The tenant that is read has 30 % of the relationships."""
    shares = (0.2985, 0.2985, 0.403)
    for number, share in enumerate(shares, start=1):
        dataset.fill(
            UUID(int=number), int(edges * share), max(int(edges * share / 10), 2), seed + number
        )
    return costs(plans=plans)


def costs(*, plans: bool = False) -> dict[str, Any]:
    """Measure everything on the current database. Return the figures by name; with `plans` also the
    query plans."""
    writes = {
        **_writes(),
        "not_modified_ms": round(1000 * _median(lambda: version.version(TENANT)), 2),
    }
    _share_a_pattern()
    refreshed = _refreshes()
    read = _reads("unchanged")
    plans_shown = {"plan_0": _plan()} if plans else {}
    _execute(
        "UPDATE relationship_patterns SET pattern_name = pattern_name || '.' WHERE id = %s", PATTERN
    )
    read |= _reads("pattern")
    _change(0.01)
    read |= _reads("1pct")
    if plans:
        plans_shown["plan_1pct"] = _plan()
        _change(0.3)
        read |= _reads("30pct")
        plans_shown["plan_30pct"] = _plan()
    return {**read, **writes, **refreshed, **plans_shown}


# reads


def _reads(name: str) -> dict[str, float]:
    """Compare fresh reads with plain reads of the view, with all 48 columns and with few. Return
    the ratios and the seconds; `name` becomes part of the figures' names."""
    figures: dict[str, float] = {}
    for columns, suffix in ((ALL, ""), (FEW, "_few")):
        plain, ours = _by_turns(partial(_plain, columns), partial(_fresh, columns))
        figures[f"fresh_over_view_{name}{suffix}"] = round(ours / plain, 3)
        figures[f"fresh_seconds_{name}{suffix}"] = round(ours, 3)
    return figures


def _plain(columns: tuple[str, ...]) -> None:
    names = SQL(", ").join(map(Identifier, columns))
    edges = SQL("SELECT {} FROM {} WHERE user_id = {}")
    with tenant_snapshot(TENANT) as reader:
        reader.table(edges.format(names, Identifier(TENANT_VIEW), Literal(TENANT)))
        reader.table(SQL(NODES).format(Literal(TENANT)))


def _fresh(columns: tuple[str, ...]) -> None:
    with tenant_snapshot(TENANT) as reader:
        _, state = current_graph.nodes(reader, TENANT)
        current_graph.edges(reader, EdgeQuery(TENANT, columns), state)


def _change(share: float) -> None:
    """Change `share` (0 to 1) of the tenant's relationships by one statement."""
    _execute(
        "UPDATE relationship_instances SET reason = reason || '.' WHERE user_id = %s AND id IN "
        "(SELECT id FROM relationship_instances WHERE user_id = %s ORDER BY md5(id::text) "
        "LIMIT (SELECT %s * count(*) FROM relationship_instances WHERE user_id = %s))",
        TENANT,
        TENANT,
        share,
        TENANT,
    )


PATTERN = UUID(int=40_000)


def _share_a_pattern() -> None:
    _execute(
        "INSERT INTO relationship_patterns (id, user_id, key, pattern_name, pattern_confidence) "
        "VALUES (%s, %s, 'shared', 'Shared', 1) ON CONFLICT DO NOTHING",
        PATTERN,
        TENANT,
    )
    _execute(
        "UPDATE relationship_instances SET pattern_id = %s WHERE id IN "
        "(SELECT id FROM relationship_instances WHERE user_id = %s ORDER BY id LIMIT %s)",
        PATTERN,
        TENANT,
        SHARED,
    )


# writes


def _writes() -> dict[str, float]:
    bulk = _captured_and_not(_bulk, 3)
    single = _captured_and_not(_single, 5)
    return {"bulk_write_ratio": bulk, "single_write_ratio": single}


def _captured_and_not(write: Callable[[], None], rounds: int) -> float:
    """The time of a write with capture divided by that of the same write without, as medians of
    alternating rounds."""
    write()
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for captured in (True, False):
            with _capture(captured):
                times[captured].append(_timed(write))
    return round(statistics.median(times[True]) / statistics.median(times[False]), 3)


@contextmanager
def _capture(on: bool) -> Any:
    if on:
        yield
        return
    names = [
        (captured_table.table, triggers.trigger_name(captured_table, o))
        for captured_table, o in triggers.triggers()
    ]
    for how in ("DISABLE", "ENABLE ALWAYS"):
        for table, name in names:
            _execute(f"ALTER TABLE {table} {how} TRIGGER {name}")
        if how == "DISABLE":
            yield


def _bulk() -> None:
    """Write events, their matches and relationships as an import does, and roll back."""
    with transaction.atomic(using="owner"):
        for statement in BULK_WRITES:
            _execute(statement, TENANT, BULK)
        transaction.set_rollback(True, using="owner")


BULK_WRITES = (
    "INSERT INTO raw_events (id, user_id, source, platform, external_id, transaction_ref, "
    "occurred_at, amount, currency) SELECT md5('bulk' || n)::uuid, %s, 'bulk', 'ledger', n::text, "
    "(n / 2)::text, now(), n, 'GBP' FROM generate_series(1, %s) AS n",
    "INSERT INTO entity_matches (user_id, event_id, entity_id, confidence) "
    "SELECT event.user_id, event.id, party.id, 1 FROM raw_events AS event CROSS JOIN "
    "(SELECT id, user_id FROM normalized_entities LIMIT 1) AS party "
    "WHERE event.user_id = %s AND event.source = 'bulk' AND party.user_id = event.user_id LIMIT %s",
    "INSERT INTO relationship_instances (user_id, source_event_id, target_event_id, "
    "relationship_type, edge_class, confidence_score, detection_method) "
    "SELECT %s, md5('bulk' || n)::uuid, md5('bulk' || n + 1)::uuid, 'payment', 'flow', 1, 'bulk' "
    "FROM generate_series(1, %s - 1, 2) AS n",
)


def _single() -> None:
    """Commit 300 writes of one row each."""
    for n in range(300):
        _execute(
            "UPDATE relationship_patterns SET pattern_confidence = %s WHERE id IN "
            "(SELECT id FROM relationship_patterns WHERE user_id = %s AND key = '7')",
            n / 300,
            TENANT,
        )


# a refresh


def _refreshes() -> dict[str, float]:
    """The seconds of a concurrent refresh after 0.1 % of the rows changed, those of the same SELECT
    into a table, and their ratio."""
    refresh.refresh()
    _change(0.001)
    result = refresh.refresh()
    with transaction.atomic(using="owner"):
        _execute("SET LOCAL enable_nestloop = off")
        plain = _timed(lambda: _execute(f"CREATE TABLE set_based AS {view_sql()}"))
        _execute("DROP TABLE set_based")
    return {
        "refresh_over_set_based": round(result.seconds / plain, 3),
        "refresh_seconds": round(result.seconds, 2),
        "set_based_seconds": round(plain, 2),
    }


def _plan() -> list[str]:
    """The output of EXPLAIN ANALYZE, line by line, for each query of a fresh read of few
    columns."""
    lines: list[str] = []
    queries: list[str] = []
    with tenant_snapshot(TENANT) as reader:
        run = reader.table

        def recorded(query: Composable) -> pa.Table:
            queries.append(query.as_string())
            return run(query)

        setattr(reader, "table", recorded)  # noqa: B010 - replaces a method of this one object
        _, state = current_graph.nodes(reader, TENANT)
        current_graph.edges(reader, EdgeQuery(TENANT, FEW), state)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT set_config('finley.user_id', %s, false)", [str(TENANT)])
        for query in queries:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS OFF) " + query)
            lines += [line[:200] for (line,) in cursor.fetchall()]
        cursor.execute("RESET finley.user_id")
    return lines


def _execute(statement: str, *parameters: Any) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters or None)


def _by_turns(one: Callable[[], None], other: Callable[[], None]) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        times[0].append(_timed(one))
        times[1].append(_timed(other))
    return statistics.median(times[0]), statistics.median(times[1])


def _median(work: Callable[[], Any]) -> float:
    return statistics.median(_timed(work) for _ in range(50))


def _timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
