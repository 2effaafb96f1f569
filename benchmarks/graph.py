"""Compares the columnar graph with raw COPY, the cache, networkx and other libraries.

    python -m benchmarks.graph [--json] [--plot build.png]

200 tenants with 1,675,000 relationships are made once and kept in a database of their own
(`finley_graph`; drop it to free the disk). The methods are run alternately, and medians are
printed. A method's peak memory is that of a process of its own, less that of the process without a
graph.
"""

import argparse
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from benchmarks import tenant_load
from benchmarks.compared import peers, ways
from benchmarks.many_tenants import graph_books
from graph.engine.graph import Graph
from graph.reading import graph_cache

SEED = 1
SLOW = ("naive", "pandas", "ten_fetches")
PROJECT = Path(__file__).resolve().parents[1]
Seconds = dict[str, list[float]]


def main() -> None:
    options = _options()
    settings.GRAPH_CACHE["memory"] = 0  # only Redis may cache
    if options.peak:
        _peak(options.peak)
        return
    parts = {"load": loads, "memory": memory, "algorithms": algorithms, "api": api, "plot": plot}
    figures: dict[str, Any] = {"seed": SEED, "rounds": options.rounds, "sizes": list(_sizes())}
    for name in options.only or parts:
        _say(f"{name} …")
        figures |= parts[name](options)
    for key, value in figures.items():
        _say(f"{key:<36} {value}")
    if options.json:
        print(json.dumps(figures))


def loads(options: argparse.Namespace) -> dict[str, Any]:
    """Load the large tenant's graph by every method in turn. Return the median seconds by method,
    and ratios of them."""
    with graph_books.kept(graph_books.SIZES, SEED) as tenants:
        user = tenants[0]
        graph_cache.load(user)  # stores the entry that `warm` reads
        seconds: Seconds = {name: [] for name in ways.WAYS}
        for turn in range(options.rounds):
            for name, way in _from(turn, ways.WAYS):
                if name not in SLOW or turn < options.slow_rounds:
                    seconds[name].append(_timed(lambda way=way: way(user)))
        size = ways.arrow_bytes(user)
    median = {name: statistics.median(times) for name, times in seconds.items() if times}
    return {
        "seconds": {name: round(value, 4) for name, value in median.items()},
        "arrow_bytes": size,
        "cold_full_over_raw_copy": _ratio(median, "cold_full", "raw_copy"),
        "cold_importance_over_raw_copy": _ratio(median, "cold_importance", "raw_copy"),
        "naive_over_cold_full": _ratio(median, "naive", "cold_full"),
        "pandas_over_cold_full": _ratio(median, "pandas", "cold_full"),
        "ten_fetches_over_cold_full": _ratio(median, "ten_fetches", "cold_full"),
        "cold_over_warm": _ratio(median, "cold_full", "warm"),
    }


def memory(options: argparse.Namespace) -> dict[str, Any]:
    """The peak memory in bytes of each method, less that of an idle process, and the ratio of a
    full build's to the size of its Arrow data."""
    names = ("cold_full", "cold_importance", "warm", *(SLOW if options.slow_rounds else ()))
    with graph_books.kept(graph_books.SIZES, SEED) as tenants:
        graph_cache.load(tenants[0])  # stores the entry that `warm` reads
        size = ways.arrow_bytes(tenants[0])
    peaks = {name: _peak_of(name) for name in ("idle", *names)}
    over = {name: peak - peaks["idle"] for name, peak in peaks.items() if name != "idle"}
    return {"peak_over_idle": over, "memory_over_arrow": round(over["cold_full"] / size, 2)}


def algorithms(options: argparse.Namespace) -> dict[str, Any]:
    """Compare the time of algorithms on finley's graph, called through networkx, with the same
    algorithms in other libraries and in networkx itself."""
    with graph_books.kept(graph_books.SIZES, SEED) as tenants:
        large, middle = (ways.cold_full(tenant) for tenant in tenants[:2])
    questions = peers.questions(large, large if options.large else middle)
    figures: dict[str, Any] = {}
    for algorithm, libraries in questions.items():
        times_of: Seconds = {name: [] for name in libraries}
        for turn in range(options.rounds):
            for name, compute in _from(turn, libraries):
                if name != "networkx" or turn < max(options.slow_rounds, 1):
                    times_of[name].append(_timed(compute))
        median = {name: statistics.median(times) for name, times in times_of.items()}
        median["networkx"] *= peers.SAMPLED if algorithm == "betweenness" else 1
        others = [value for name, value in median.items() if name not in {"ours", "networkx"}]
        figures[f"seconds_{algorithm}"] = {name: round(x, 4) for name, x in median.items()}
        figures[f"nx_{algorithm}_over_best"] = round(median["ours"] / min(others), 2)
        figures[f"networkx_over_ours_{algorithm}"] = _ratio(median, "networkx", "ours")
    return figures


def api(options: argparse.Namespace) -> dict[str, Any]:
    """Measure requests for a small tenant without the cache, and requests of all tenants at
    once."""
    with graph_books.kept(graph_books.SIZES, SEED) as tenants:
        asking = tenant_load.tokens(tenants)
        ways.disconnect()
        alone = tenant_load.one(asking[-1], max(options.rounds, 20))
        at_once = tenant_load.together(asking)
    return {"small_tenant_cold_ms": round(alone, 1), **at_once}


def plot(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the seconds of a full build without caches for several numbers of edges. Return them,
    and the exponent that fits them."""
    with graph_books.kept(graph_books.STEPS, SEED + 1, f"{graph_books.DATABASE}_steps") as tenants:
        steps = [
            statistics.median(
                _timed(lambda user=user: ways.cold_full(user)) for _ in range(options.rounds)
            )
            for user in tenants
        ]
    slope, level = np.polyfit(np.log(graph_books.STEPS), np.log(steps), 1)
    if options.plot:
        _draw(options.plot, steps, float(slope), float(level))
    told = dict(zip(map(str, graph_books.STEPS), (round(x, 4) for x in steps), strict=True))
    return {"seconds_by_edges": told, "exponent": round(float(slope), 3)}


def _draw(file: Path, steps: list[float], slope: float, level: float) -> None:
    import matplotlib  # noqa: PLC0415 - half a second that only the plot needs

    matplotlib.use("agg")
    from matplotlib import pyplot  # noqa: PLC0415

    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    axes.loglog(graph_books.STEPS, steps, "o", label="cold full build")
    axes.loglog(
        graph_books.STEPS,
        np.exp(level) * np.array(graph_books.STEPS) ** slope,
        "-",
        label=f"edges^{slope:.2f}",
    )
    axes.set_xlabel("relationships of the tenant")
    axes.set_ylabel("seconds")
    axes.legend()
    axes.grid(visible=True, which="both", alpha=0.2)
    figure.savefig(file, dpi=120)


def _peak_of(name: str) -> int:
    command = [sys.executable, "-m", "benchmarks.graph", "--peak", name]
    process = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    return int(process.stdout.split()[-1])


def _peak(name: str) -> None:
    """Run the method of this name ("idle" runs none) and print this process's peak resident memory
    in bytes."""
    with graph_books.kept(graph_books.SIZES, SEED) as tenants:
        small = tenants[-1]
        if name == "warm":
            graph_cache.load(small)
            ways.warm(small)
        ways.cold_full(small)  # loads what every graph needs, which counts as idle
        graph: Graph | Any = None if name == "idle" else ways.WAYS[name](tenants[0])
        lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = (int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    del graph
    print(peak * 1024)


def _from[Way](turn: int, all_ways: dict[str, Way]) -> list[tuple[str, Way]]:
    """The methods in rotated order: turn n begins with the n-th. The order changes because a method
    that runs after a large one finds cold caches."""
    order = list(all_ways.items())
    first = turn % len(order)
    return order[first:] + order[:first]


def _timed(way: Callable[[], Any]) -> float:
    gc.collect()
    start = time.perf_counter()
    result = way()
    elapsed = time.perf_counter() - start
    del result
    return elapsed


def _ratio(median: dict[str, float], one: str, other: str) -> float | None:
    return round(median[one] / median[other], 2) if one in median and other in median else None


def _sizes() -> dict[int, int]:
    return {size: graph_books.SIZES.count(size) for size in dict.fromkeys(graph_books.SIZES)}


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.graph",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5, help="of each way (%(default)s)")
    parser.add_argument("--slow-rounds", type=int, default=5, help="of networkx's ways")
    parts = ("load", "memory", "algorithms", "api", "plot")
    parser.add_argument("--only", nargs="+", choices=parts, help="these parts")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="time against edges, drawn")
    parser.add_argument(
        "--large",
        action="store_true",
        help="Louvain on 500,000 edges, too, not on 50,000 (networkx takes minutes)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object last on stdout")
    parser.add_argument("--peak", choices=("idle", *ways.WAYS), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
