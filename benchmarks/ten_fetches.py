"""Compares a graph built by finley with the same graph built in ten fetches.

Both methods end in the same networkx MultiDiGraph with every attribute, which is asserted. The
ten-fetch method (tests/oracle/ten_fetches.py) runs one plain query per table and joins in Python.
finley's is `graph.reading.load_graph` with `graph.engine.networkx.to_networkx`. Rounds are
interleaved, and the medians are printed.
"""

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import networkx as nx
import psycopg
from tqdm import tqdm

from benchmarks import dataset
from graph.database import arrow
from graph.database.tenancy import tenant_transaction
from graph.engine.networkx.to_networkx import to_networkx
from graph.reading.load_graph import load
from tests.oracle import ten_fetches
from tests.oracle.compared import same_graph

Graph = nx.MultiDiGraph
Way = Callable[[UUID], tuple[Graph, int]]

BACKENDS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
        AND usename = current_user AND pid <> pg_backend_pid()
        -- a pool's spare ones ran nothing, or set their time zone
        AND query <> '' AND query NOT ILIKE '%timezone%'
"""


def main() -> None:
    options = _options()
    _say(
        f"A tenant with {options.edges:,} payments between {options.entities:,} parties "
        f"and nine layers (seed {options.seed}), in a database of its own."
    )
    try:
        with dataset.database():
            user = uuid4()
            dataset.fill(user, options.edges, options.entities, options.seed)
            figures = measure(user, options.rounds) | {"seed": options.seed}
    except KeyboardInterrupt:
        sys.exit("Interrupted; the database made for measuring is gone.")
    _tell(figures)
    if options.json:
        print(json.dumps(figures))
    if not figures["same_graph"]:
        sys.exit("The two graphs differ: the numbers mean nothing.")


def measure(user: UUID, rounds: int) -> dict[str, Any]:
    """Build the tenant's graph by both methods `rounds` times, alternately. Return the median
    seconds and their ratio, and the numbers of queries and connections."""
    ten, queries_ten, connections_ten = _once(by_ten_fetches, user)
    ours, queries_ours, connections_ours = _once(by_finley, user)
    same, edges, nodes = same_graph(ten, ours), ours.number_of_edges(), ours.number_of_nodes()
    del ten, ours
    seconds: dict[Way, list[float]] = {by_ten_fetches: [], by_finley: []}
    for _ in tqdm(range(rounds), desc="Rounds", file=sys.stderr):
        for way, times in seconds.items():
            times.append(_timed(way, user))
    medians = {way: statistics.median(times) for way, times in seconds.items()}
    return {
        "ten_fetches_over_ours": round(medians[by_ten_fetches] / medians[by_finley], 2),
        "queries_ten": queries_ten,
        "queries_ours": queries_ours,
        "same_graph": same,
        "edges": edges,
        "nodes": nodes,
        "seconds_ten": round(medians[by_ten_fetches], 3),
        "seconds_ours": round(medians[by_finley], 3),
        "rounds": rounds,
        "connections_ten": connections_ten,
        "connections_ours": connections_ours,
    }


def by_ten_fetches(user: UUID) -> tuple[Graph, int]:
    """Build the graph by ten fetches. Return it, and the number of queries that its connection
    ran."""
    ran = 0

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal ran
        ran += 1
        return execute(*arguments)

    with tenant_transaction(user) as connection, connection.execute_wrapper(count):
        return ten_fetches.build(user, using=connection.alias), ran


def by_finley(user: UUID) -> tuple[Graph, int]:
    columns, queries = load(user)
    return to_networkx(columns), queries


def _once(way: Way, user: UUID) -> tuple[Graph, int, int]:
    """Run the method once on new connections. Return its graph, the number of its queries, and the
    number of its connections."""
    dataset.disconnect()
    graph, queries = way(user)
    with psycopg.connect(arrow.pool().conninfo) as observer:  # a role sees its own backends
        return graph, queries, observer.execute(BACKENDS).fetchone()[0]


def _timed(way: Way, user: UUID) -> float:
    gc.collect()
    start = time.perf_counter()
    graph = way(user)
    elapsed = time.perf_counter() - start
    del graph
    return elapsed


def _tell(figures: dict[str, Any]) -> None:
    _say(
        f"{figures['nodes']:,} nodes, {figures['edges']:,} edges, {figures['rounds']} rounds; "
        "medians:\n"
        f"  ten fetches  {figures['seconds_ten']:8.3f} s  {figures['queries_ten']:3} queries  "
        f"{figures['connections_ten']} connection(s)\n"
        f"  finley       {figures['seconds_ours']:8.3f} s  {figures['queries_ours']:3} queries  "
        f"{figures['connections_ours']} connection(s)\n"
        f"finley is {figures['ten_fetches_over_ours']} times as fast; the graphs "
        f"{'are the same' if figures['same_graph'] else 'DIFFER'}."
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ten_fetches",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="It makes a database finley_bench on the configured server and drops it at the end.",
    )
    parser.add_argument("--edges", type=_count, default=50_000, help="payments (%(default)s)")
    parser.add_argument("--entities", type=_count, help="parties (a tenth of the edges)")
    parser.add_argument("--rounds", type=_count, default=5, help="of each way (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the books (%(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object last on stdout")
    options = parser.parse_args()
    options.entities = options.entities or max(options.edges // 10, 1)
    return options


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    main()
