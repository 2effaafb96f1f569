"""Measures what a refresh of the operator's console costs the database after a million past runs.

    python -m benchmarks.console_cost [--runs 1000000] [--refreshes 100]

It fills a database of its own, reads what a refresh shows, and prints one JSON object: the
milliseconds of all queries of a refresh, and of each of its parts, as the client sees them; other
work on the machine makes them longer. `first_ms` is the first refresh of a process, which counts
the hours of a week. `database_cpu_ms` is the processor time of the database server for a refresh,
which other work does not change; it is null if the server is not on this machine.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connections

from benchmarks import dataset
from syncjobs.admin import console_state, throughput

DATABASE = "finley_console_cost"
FILLED = Path(__file__).with_name("console_runs.sql")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--refreshes", type=int, default=100)
    options = parser.parse_args()
    with dataset.database(DATABASE):
        megabytes = _filled(options.runs)
        print(
            json.dumps({"runs": options.runs, "megabytes": megabytes, **_cost(options.refreshes)})
        )


def _filled(runs: int) -> int:
    """Fill the database with this many past runs. Return their size with indexes in megabytes."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(FILLED.read_text().replace("{runs}", str(runs)))
        cursor.execute("SELECT pg_total_relation_size('sync_runs') / 1000000")
        (megabytes,) = cursor.fetchone()
    return int(megabytes)


def _cost(refreshes: int) -> dict[str, Any]:
    first = _refresh()
    before = _processor_time()
    rounds = [_refresh() for _ in range(refreshes)]
    after = _processor_time()
    sums = [sum(one.values()) for one in rounds]
    return {
        "first_ms": round(sum(first.values()), 1),
        "best_ms": round(min(sums), 1),
        "median_ms": round(statistics.median(sums), 1),
        "worst_ms": round(max(sums), 1),
        "database_cpu_ms": None
        if after is None or before is None
        else (round((after - before) / refreshes, 2)),
        "median_ms_by_part": {
            name: round(statistics.median(one[name] for one in rounds), 2) for name in first
        },
    }


def _processor_time() -> float | None:
    """The milliseconds of processor time that the server's process of our connection has used so
    far; None if they cannot be read."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _refresh() -> dict[str, float]:
    return {name: _timed(read) for name, read in PARTS.items()}


def _timed(read: Callable[[], Any]) -> float:
    """Call `read`. Return the milliseconds that its queries took, as the client sees them."""
    spent = 0.0

    def watch(execute: Any, *query: Any) -> Any:
        nonlocal spent
        began = time.perf_counter()
        try:
            return execute(*query)
        finally:
            spent += time.perf_counter() - began

    with connections["owner"].execute_wrapper(watch):
        read()
    return spent * 1000


PARTS: dict[str, Callable[[], Any]] = {
    "jobs and charts": lambda: throughput.charts(console_state.active().as_of),
    "running": console_state.running,
    "workers": console_state.workers,
    "view": console_state.view,
    "tasks": console_state.tasks,
    "groups": console_state.groups,
    "connections": console_state.connections_by_state,
}

if __name__ == "__main__":
    main()
