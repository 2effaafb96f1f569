"""Compares the cost of cash-flow/ with that of stats/ for one tenant: processor time, including
PostgreSQL's.

The demo's books (seed 7) are imported, enriched and in the view. Both questions are asked
alternately, without any cache of graphs or answers. A round asks each several times, and the
medians of the rounds are printed. `ratio` is cash-flow/ over stats/; `cached` has stats/ from the
graph in memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections

from benchmarks import dataset
from benchmarks.scoring import scored_tenants as tenants
from finley.demo import books as demo_books
from graph.ingest.import_file import format_of
from graph.questions import cash_flow, whole_graph
from graph.view import refresh

DATABASE = "finley_sums"
EACH = 10  # questions per round
BOUND = 1.5
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
NANOSECONDS = 1e9


def main() -> None:
    options = _options()
    try:
        with dataset.database(DATABASE):
            figures = run(options)
    except KeyboardInterrupt:
        sys.exit("Interrupted; the database made for measuring is gone.")
    for name, value in figures.items():
        print(f"{name:24} {value}", file=sys.stderr)
    if options.json:
        print(json.dumps(figures))


def run(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        written = demo_books.write(Path(folder), options.seed)
        files = [(path, format_of(path)) for path in written.files if path.suffix == ".csv"]
        user_id = tenants.made(files)
    tenants.enrich(user_id)
    refresh.refresh(concurrently=False)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
    settings.GRAPH_CACHE.update({"bytes": 0, "memory": 0})
    cpu = _measured(user_id, options.rounds)
    settings.GRAPH_CACHE["memory"] = 2**28
    cached = _measured(user_id, options.rounds)
    ratio = cpu["cash_flow"] / cpu["stats"]
    return {
        "cash_flow_cpu_ms": cpu["cash_flow"],
        "stats_cpu_ms": cpu["stats"],
        "ratio": round(ratio, 2),
        "bound": BOUND,
        "met": ratio <= BOUND,
        "stats_cached_cpu_ms": cached["stats"],
        "ratio_to_cached": round(cached["cash_flow"] / cached["stats"], 2),
    }


def _measured(user_id: UUID, rounds: int) -> dict[str, float]:
    """The milliseconds of processor time of each question, as the median of the rounds, by
    question."""
    ways: dict[str, Callable[[], object]] = {
        "cash_flow": lambda: cash_flow.cash_flow(user_id),
        "stats": lambda: whole_graph.stats(user_id),
    }
    for way in ways.values():
        way()
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            before = _cpu()
            for _ in range(EACH):
                way()
            costs[name].append((_cpu() - before) / EACH * 1000)
    return {name: round(statistics.median(each), 2) for name, each in costs.items()}


def _cpu() -> float:
    """The processor seconds that this process and the database's backends have used so far."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(BACKENDS)
        pids = [pid for (pid,) in cursor.fetchall()]
    ran = sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids)
    return time.process_time() + ran / NANOSECONDS


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sums_cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"It makes a database {DATABASE} on the configured server and drops it at the end.",
    )
    parser.add_argument("--rounds", type=int, default=11, help="(11)")
    parser.add_argument("--seed", type=int, default=7, help="of the demo's books (7)")
    parser.add_argument("--json", action="store_true", help="one JSON object last on stdout")
    return parser.parse_args()


if __name__ == "__main__":
    main()
