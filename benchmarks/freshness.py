"""Tests whether reads are always fresh, and measures what that costs.

--histories N   N histories of concurrent writers, refreshers and readers; each read is compared
                with the ten fetches on the same committed rows, also in the middle of a refresh
--crash         the same, while backends, refreshers and PostgreSQL itself are killed in between
--bench         the cost: fresh reads beside plain reads of the view, writes with and without
                capture, a refresh beside the plain SELECT, and the answer that nothing has changed
--plans         EXPLAIN ANALYZE of the fresh read at 0 %, 1 % and 30 %

Everything happens on servers of its own, which are deleted at the end.
"""

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from subprocess import PIPE
from typing import Any

from django.db import connections
from tqdm import tqdm

from benchmarks import dataset, freshness_cost, isolated_servers
from graph.database import arrow
from tests.oracle import histories
from tests.oracle.histories import History, Mismatch

STEPS = 12
COUNTED = ("histories", "comparisons", "mismatches")
EMPTIED_EVERY = 20  # histories; each has its own tenants


def main() -> None:
    options = _options()
    costs = options.bench or options.plans
    if options.processes > 1 and not costs:
        isolated_servers.stoppable()
        _tell(_shared(options), options)
        return
    if not isolated_servers.inside():
        sys.exit(isolated_servers.again("benchmarks.freshness", {"FINLEY_LOG_LEVEL": "ERROR"}))
    isolated_servers.stoppable()
    with dataset.database():
        if costs:
            figures = freshness_cost.measured(options.edges, options.seed, plans=options.plans)
        else:
            figures = run(options.histories, options.seed, options.first, crash=options.crash)
    _tell(figures, options)


def _tell(figures: dict[str, Any], options: argparse.Namespace) -> None:
    print(json.dumps(figures) if options.json else _in_words(figures))
    if figures.get("mismatches"):
        sys.exit(1)


def _shared(options: argparse.Namespace) -> dict[str, Any]:
    """Run the histories in several processes, each with its own servers and a share of the
    histories. Return their combined results."""
    start = time.perf_counter()
    share = -(-options.histories // options.processes)
    command = [sys.executable, "-m", "benchmarks.freshness", "--json"]
    command += ["--crash"] if options.crash else []
    command += ["--seed", str(options.seed), "--histories", str(share), "--first"]
    started = [
        subprocess.Popen(
            [*command, str(options.first + n * share)], stdout=PIPE, start_new_session=True
        )
        for n in range(options.processes)
    ]
    with suppress(KeyboardInterrupt):
        for process in started:
            process.wait()
    for process in started:
        process.terminate()  # each prints the histories that it completed
    reports = [json.loads(process.communicate()[0]) for process in started]
    first = [entry for report in reports for entry in report.get("first", [])]
    return {
        **reports[0],
        **{name: sum(entry[name] for entry in reports) for name in COUNTED},
        "processes": options.processes,
        "seconds": round(time.perf_counter() - start, 1),
        **({"first": first[:5]} if first else {}),
    }


def run(count: int, seed: int, first: int = 0, *, crash: bool) -> dict[str, Any]:
    """Run the histories. Return `histories, comparisons, mismatches, seed`, and a description of
    the first mismatches.

    Ctrl-C ends it early. The results are then those of the completed histories.
    """
    count_done, comparisons, wrong, start = 0, 0, [], time.perf_counter()
    disturb = disturbed if crash else None
    with histories.sessions() as writers, suppress(KeyboardInterrupt):
        for n in tqdm(
            range(first, first + count), desc="Histories", file=sys.stderr, mininterval=5
        ):
            if count_done % EMPTIED_EVERY == 0:
                histories.emptied()
            history = History(n, random.Random(f"{seed} {n}").randrange, writers, disturb)
            try:
                history.run(STEPS)
            except Mismatch as mismatch:
                wrong.append(f"history {n}: {mismatch.what}")
            count_done, comparisons = count_done + 1, comparisons + history.comparisons
    return {
        "histories": count_done,
        "comparisons": comparisons,
        "mismatches": len(wrong),
        "seed": seed,
        "crash": crash,
        "seconds": round(time.perf_counter() - start, 1),
        **({"first": wrong[:5]} if wrong else {}),
    }


def disturbed(history: History) -> None:
    """Break something at random: end a backend, end a refresher or, rarely, kill PostgreSQL."""
    ends: tuple[Callable[[History], None], ...] = (*[_backend] * 10, *[_refresher] * 9, _server)
    ends[history.choose(len(ends))](history)


def _backend(history: History) -> None:
    history.sessions[history.choose(len(history.sessions))].die()


def _refresher(history: History) -> None:
    """End the process that refreshes the view, in the middle of its work, if one runs."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE state = 'idle in transaction' AND query LIKE 'INSERT INTO view_refreshes%%'"
        )
    history.abandon_refresh()


def _server(history: History) -> None:
    """Kill the server without a shutdown, as by a power cut. It then recovers from its log."""
    command = [sys.executable, "-m", "finley.embedded", "restart-postgres", "--crash"]
    subprocess.run(command, check=True, capture_output=True)
    history.abandon_refresh()
    arrow.close_all()
    for alias in connections:
        connections[alias].close()
        connections[alias].close_pool()
    for session in history.sessions:
        session.forget()


def _in_words(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name:32} {value}" for name, value in figures.items())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--histories", type=int, default=300, help="(300)")
    parser.add_argument("--first", type=int, default=0, help="number of the first history (0)")
    parser.add_argument("--processes", type=int, default=1, help="that share the histories (1)")
    parser.add_argument("--crash", action="store_true")
    parser.add_argument("--bench", action="store_true")
    parser.add_argument("--plans", action="store_true")
    parser.add_argument("--edges", type=int, default=1_675_000, help="in all, of --bench")
    parser.add_argument("--seed", type=int, default=1, help="(1)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    main()
