"""Measures what row-level security costs: each read with the policies and the barrier, and without.

A database of its own has 200 small tenants and a large one. Rounds with and without alternate, and
medians are printed. Without, the tables' policies are switched off and the tenants' view has
neither condition nor barrier, so only the application's own filter is left.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, LiteralString, cast
from uuid import UUID, uuid4

from django.db import connections
from psycopg.sql import SQL, Identifier, Literal

from benchmarks import dataset
from graph import sql
from graph.database import row_security
from graph.questions import (
    cash_flow,
    entities,
    explain,
    insights,
    relationships,
    search,
    whole_graph,
)
from graph.view import refresh

OPEN = (
    "CREATE OR REPLACE VIEW tenant_relationships WITH (security_barrier = false) AS "
    "SELECT * FROM view_enriched_relationships"
)
SMALL, SMALL_EDGES, LARGE_EDGES = 200, 300, 50_000


def main() -> None:
    options = _options()
    try:
        with dataset.database("finley_bench_rls"):
            figures = measure(options.rounds)
    except KeyboardInterrupt:
        sys.exit("Interrupted; the database made for measuring is gone.")
    if options.json:
        print(json.dumps(figures))
        return
    for name, figure in figures["reads"].items():
        times = f"{figure['without_ms']:9.2f} ms{figure['with_ms']:9.2f} ms"
        print(f"{name:28}{times}{figure['cost']:8.1%}")


def measure(rounds: int) -> dict[str, Any]:
    """For each read, the medians in milliseconds without and with row security, and the cost as a
    share."""
    times: dict[str, dict[bool, list[float]]] = {}
    for name, ask in _reads(*_books()).items():
        times[name] = {False: [], True: []}
        for number in range(2 * rounds + 2):
            secured = bool(number % 2)
            _secure(secured)
            ask()  # fills plans and caches for this state
            start = time.perf_counter()
            ask()
            if number > 1:
                times[name][secured].append(time.perf_counter() - start)
    _secure(True)
    return {"rounds": rounds, "reads": {name: _medians(of_name) for name, of_name in times.items()}}


def _medians(times: dict[bool, list[float]]) -> dict[str, float]:
    without, secured = (statistics.median(times[state]) * 1000 for state in (False, True))
    return {
        "without_ms": round(without, 3),
        "with_ms": round(secured, 3),
        "cost": round(secured / without - 1, 4),
    }


def _secure(on: bool) -> None:
    """Switch the tables' policies and the view's barrier on or off, as the owner."""
    state = SQL("ENABLE" if on else "DISABLE")
    with connections["owner"].cursor() as cursor:
        for table, _ in row_security.tenant_tables(cursor):
            alter = SQL("ALTER TABLE {} {} ROW LEVEL SECURITY")
            cursor.execute(alter.format(Identifier(table), state))
        cursor.execute(sql.read("database/tenant_view") if on else OPEN)


def _books() -> tuple[UUID, UUID]:
    """Write the books of 200 small tenants and a large one. Return the ids of a small and of the
    large tenant."""
    users = [uuid4() for _ in range(SMALL + 1)]
    books = SQL(cast(LiteralString, dataset.BOOKS.read_text()))
    with connections["owner"].cursor() as cursor:
        for number, user in enumerate(users):
            edges = LARGE_EDGES if number == SMALL else SMALL_EDGES
            options = {"edges": edges, "entities": edges // 10, "seed": number}
            parameters = {name: Literal(value) for name, value in options.items()}
            cursor.execute(books.format(user=Literal(user), **parameters))
    refresh.refresh(concurrently=False)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
    return users[0], users[-1]


def _reads(small: UUID, large: UUID) -> dict[str, Callable[[], Any]]:
    reads: dict[str, Callable[[], Any]] = {}
    for size, user in (("small", small), ("large", large)):
        ends = [UUID(entity["id"]) for entity in search.entities(user, limit=2).entities]
        rows, _ = relationships.relationships(user, {}, most=1)
        one = rows[0]["id"]
        of_size = {
            "stats": lambda u=user: whole_graph.stats(u),
            "search": lambda u=user: search.entities(u, "prty 17"),
            "path": lambda u=user, e=ends: whole_graph.path(u, *e),
            "importance": lambda u=user: whole_graph.importance(u),
            "relationships": lambda u=user: relationships.relationships(u, {"has": ["fraud"]}),
            "by party": lambda u=user, e=ends: relationships.relationships(u, {"party": str(e[0])}),
            "relationship": lambda u=user, r=one: whole_graph.relationship(u, r),
            "explain": lambda u=user, r=one: explain.explain(u, r),
            "insights": lambda u=user: insights.insights(u, "temporal"),
            "party": lambda u=user, e=ends: entities.party(u, e[0]),
            "cash flow": lambda u=user: cash_flow.cash_flow(u),
        }
        reads |= {f"{name}, {size}": ask for name, ask in of_size.items()}
    return reads


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.row_security", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="of each read (15)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    main()
