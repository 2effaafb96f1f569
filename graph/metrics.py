"""Prometheus metrics about graphs; `finley.observability.health` serves them at /metrics."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

from opentelemetry import trace
from prometheus_client import Counter, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SIZES = (1_000, 10_000, 100_000, 1_000_000)  # edges; the upper limit of each size class
CacheOutcome = Literal["process", "redis", "miss", "damaged", "away"]

_BUILD = Histogram(
    "finley_graph_build_seconds",
    "Seconds to build a graph, by phase (connect, nodes, edges, index; unpack: read a cached one) "
    "and by size class (upper limit of edges)",
    ["phase", "size"],
    buckets=SECONDS,
)
_CACHE = Counter(
    "finley_graph_cache_total",
    "Graph loads by outcome: found in the process or in redis, miss, damaged (a damaged entry), "
    "away (Redis was not available)",
    ["outcome"],
)
AnswerOrigin = Literal["computed", "kept", "unchanged"]
_ANSWERS = Counter(
    "finley_answers_total",
    "Answers about a graph: computed, kept (from the cache), unchanged (status 304)",
    ["given"],
)
QUIET: dict[str, Any] = {"record_exception": False, "set_status_on_exception": False}
_tracer = trace.get_tracer("finley.graph")
for _outcome in get_args(CacheOutcome):
    _CACHE.labels(_outcome)
for _given in get_args(AnswerOrigin):
    _ANSWERS.labels(_given)


class Build:
    """Measures how long the phases of building a graph take, as trace spans and in a histogram."""

    def __init__(self) -> None:
        self._phases: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        with _tracer.start_as_current_span(f"graph {name}", **QUIET):
            yield
        self._phases[name] = time.perf_counter() - start

    def done(self, edges: int) -> None:
        for name, seconds in self._phases.items():
            _BUILD.labels(name, size(edges)).observe(seconds)


def cached(outcome: CacheOutcome) -> None:
    """Count a load of a graph by its outcome, such as from the cache."""
    _CACHE.labels(outcome).inc()


def answered(origin: AnswerOrigin) -> None:
    """Count an answer by its origin, such as a stored answer."""
    _ANSWERS.labels(origin).inc()


def size(edges: int) -> str:
    """Return the size class of a graph: the smallest limit that its number of edges does not
    exceed."""
    return next((str(bound) for bound in SIZES if edges <= bound), "more")
