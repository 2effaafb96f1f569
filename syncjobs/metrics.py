"""A worker's Prometheus metrics (`manage.py worker --metrics-port`) and spans of attempts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from syncjobs.models.choices import Outcome

ENDS = [outcome for outcome in Outcome if outcome is not Outcome.RUNNING]
FINAL = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.CANCELLED)

SECONDS = (0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)  # bounds of buckets

QUIET: dict[str, Any] = {"record_exception": False, "set_status_on_exception": False}
_tracer = trace.get_tracer("finley.syncjobs")
_ENDED = Counter("finley_jobs_ended_total", "Ended attempts, by outcome", ["function", "outcome"])
_RUNNING = Gauge("finley_jobs_running", "Running jobs of this worker", ["function"])
_SECONDS = Histogram("finley_job_seconds", "Seconds per attempt", ["function"], buckets=SECONDS)
_WAITS = Histogram(
    "finley_retry_wait_seconds", "Seconds until the next attempt", ["function"], buckets=SECONDS
)
_TRIES = Histogram(
    "finley_job_tries",
    "Number of attempts until a run ended",
    ["function"],
    buckets=(1, 2, 3, 4, 5, 7, 10),
)
_UNSEEN = Counter("finley_jobs_unseen_total", "Jobs that arq ended without running", ["reason"])
_RECOVERED = Counter("finley_runs_recovered_total", "Runs repaired by the recoverer", ["reason"])
_OUTAGES = Counter("finley_redis_errors_total", "Polls of the queue that Redis did not answer")

# Initialize the known labels at 0, so that a first event is visible as an increase.
for _reason in ("expired", "used_up", "unknown", "aborted", "broken"):
    _UNSEEN.labels(_reason)
for _reason in ("worker_lost", "redis_lost", "replay_abandoned"):
    _RECOVERED.labels(_reason)


@contextmanager
def running(function: str) -> Iterator[None]:
    """Measure the attempt that the block makes: count it as running, time it, and record a span of
    it."""
    for outcome in ENDS:
        _ENDED.labels(function, outcome.value)
    with (
        _RUNNING.labels(function).track_inprogress(),
        _SECONDS.labels(function).time(),
        _tracer.start_as_current_span(f"job {function}", kind=SpanKind.CONSUMER, **QUIET),
    ):
        yield


def ended(function: str, outcome: Outcome, job_try: int) -> None:
    _ENDED.labels(function, outcome.value).inc()
    trace.get_current_span().set_attributes({"job.outcome": outcome.value, "job.try": job_try})
    if outcome in FINAL:
        _TRIES.labels(function).observe(job_try)


def waits(function: str, seconds: float) -> None:
    _WAITS.labels(function).observe(seconds)


def unseen(reason: str) -> None:
    _UNSEEN.labels(reason).inc()


def recovered(reason: str, count: int) -> None:
    _RECOVERED.labels(reason).inc(count)


def outage() -> None:
    _OUTAGES.inc()


def serve(port: int, address: str = "127.0.0.1") -> None:
    """Serve the metrics on this port.

    Raises OSError if the port or the address is not available.
    """
    start_http_server(port, addr=address)
