"""Counters of graph builds and caches for Prometheus; `finley.observability` serves /metrics."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

from opentelemetry import trace
from prometheus_client import Counter, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SIZES = (1_000, 10_000, 100_000, 1_000_000)  # edges; the last of each class
Kept = Literal["process", "redis", "miss", "damaged", "away"]

_BUILD = Histogram(
    "finley_graph_build_seconds",
    "Seconds of building a graph, by phase (connect, nodes, edges, index; unpack: a kept one read) "
    "and by size (edges, at most)",
    ["phase", "size"],
    buckets=SECONDS,
)
_CACHE = Counter(
    "finley_graph_cache_total",
    "Graphs asked for: kept by the process or in redis, or a miss; kept ones that were damaged, "
    "and times that Redis was away",
    ["outcome"],
)
Given = Literal["computed", "kept", "unchanged"]
_ANSWERS = Counter(
    "finley_answers_total",
    "Answers about a graph: computed, kept ones given again, and that nothing has changed (304)",
    ["given"],
)
QUIET: dict[str, Any] = {"record_exception": False, "set_status_on_exception": False}
_tracer = trace.get_tracer("finley.graph")
for _outcome in get_args(Kept):
    _CACHE.labels(_outcome)
for _given in get_args(Given):
    _ANSWERS.labels(_given)


class Build:
    """The phases of one build: each a span, and counted when the size is known."""

    def __init__(self) -> None:
        self._phases: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        with _tracer.start_as_current_span(f"graph {name}", **QUIET):
            yield
        self._phases[name] = time.perf_counter() - begun

    def done(self, edges: int) -> None:
        for name, seconds in self._phases.items():
            _BUILD.labels(name, size(edges)).observe(seconds)


def cached(outcome: Kept) -> None:
    """How a graph that was asked for was found, or what went wrong with the cache."""
    _CACHE.labels(outcome).inc()


def answered(given: Given) -> None:
    """Where an answer came from."""
    _ANSWERS.labels(given).inc()


def size(edges: int) -> str:
    """The class of a graph's size: the least bound that it does not exceed."""
    return next((str(bound) for bound in SIZES if edges <= bound), "more")
