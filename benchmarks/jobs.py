"""Compares finley's jobs with plain arq's: the same task that does nothing, on the same Redis.

Each of finley's jobs is accepted, claimed with a lease and ended in PostgreSQL, as any sync is;
plain arq's is only enqueued and run. Both workers run 50 jobs at once and poll every 0.01 s. Rounds
alternate; a round lasts from a full queue to an empty one, and medians are printed. The latency is
that of single requests to an idle worker: from the request to the task's start.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any, LiteralString, cast

from arq import create_pool
from arq.worker import Worker as ArqWorker
from arq.worker import func
from django.db import connections
from psycopg.sql import SQL, Literal
from redis import Redis
from tqdm import tqdm

from benchmarks import dataset
from syncjobs import periodic, queue, runs, worker
from syncjobs.database_threads import Threads
from syncjobs.models import JobAttempt, SyncConnection, SyncRun
from syncjobs.models.choices import Trigger
from syncjobs.runner import Attempt

AT_ONCE = {"max_jobs": 50, "poll_delay": 0.01, "handle_signals": False}
PLAIN = "bench:plain"
OURS = "bench:ours"
CONNECTIONS = dataset.BOOKS.with_name("connections.sql")


def main() -> None:
    options = _options()
    _say(f"{options.jobs:,} jobs a round that do nothing, {options.rounds} rounds, interleaved.")
    queue.NAME = OURS
    try:
        with dataset.database():
            figures = measure(options.jobs, options.rounds, options.requests)
    except KeyboardInterrupt:
        sys.exit("Interrupted; the database made for measuring is gone.")
    finally:
        _clean()
    _tell(figures)
    if options.json:
        print(json.dumps(figures))


def measure(jobs: int, rounds: int, requests: int) -> dict[str, Any]:
    """Run `rounds` rounds of `jobs` jobs by both, and `requests` single requests to an idle worker.
    Return the figures. Raises SystemExit if PostgreSQL does not have every job."""
    query = SQL(cast(LiteralString, CONNECTIONS.read_text())).format(count=Literal(jobs))
    with connections["owner"].cursor() as cursor:
        cursor.execute(query)
        cursor.execute("ANALYZE")
    took: dict[str, list[float]] = {"plain": [], "ours": [], "plain_told": [], "ours_told": []}
    for _ in tqdm(range(rounds), unit="round", disable=not sys.stderr.isatty()):
        for name, fill, work in (("plain", fill_plain, plain), ("ours", fill_ours, ours)):
            took[f"{name}_told"].append(_timed(lambda fill=fill: fill(jobs)))
            took[name].append(_timed(lambda work=work: asyncio.run(work())))
    _must_be_written(jobs * rounds)
    waits = asyncio.run(latency(requests))
    return _figures(jobs, rounds, took, waits)


def _figures(
    jobs: int, rounds: int, took: dict[str, list[float]], waits: list[float]
) -> dict[str, Any]:
    middle = {name: statistics.median(times) for name, times in took.items()}
    centiles = statistics.quantiles(waits, n=100)
    return {
        "ours_per_second": round(jobs / middle["ours"], 1),
        "plain_per_second": round(jobs / middle["plain"], 1),
        "ours_over_plain": round(middle["plain"] / middle["ours"], 3),
        "accepted_per_second": round(jobs / middle["ours_told"], 1),
        "plain_enqueued_per_second": round(jobs / middle["plain_told"], 1),
        "p50_ms": round(statistics.median(waits) * 1000, 1),
        "p99_ms": round(centiles[98] * 1000, 1),
        "requests": len(waits),
        "jobs": jobs,
        "rounds": rounds,
    }


async def noop(ctx: dict[str, Any], number: int) -> None:
    return


async def noop_run(ctx: dict[str, Any], run_id: str) -> None:
    await ctx["runner"].run(ctx, run_id, _nothing)


async def _nothing(attempt: Attempt) -> None:
    return


def fill_plain(jobs: int) -> None:
    async def fill() -> None:
        pool = await create_pool(queue.redis_settings(), default_queue_name=PLAIN)
        for begin in range(0, jobs, 100):
            numbers = range(begin, min(begin + 100, jobs))
            await asyncio.gather(*(pool.enqueue_job("noop", number) for number in numbers))
        await pool.aclose()

    asyncio.run(fill())


async def plain() -> None:
    """Run plain arq's worker as its documentation shows, but without storing results that nobody
    reads."""
    arq_worker = ArqWorker(
        [noop],
        queue_name=PLAIN,
        redis_settings=queue.redis_settings(),
        burst=True,
        keep_result=0,
        log_results=False,
        **AT_ONCE,
    )
    await _worked(arq_worker)


def fill_ours(jobs: int) -> None:
    """Fill finley's queue as the schedule does: let every connection be due, and accept a sync of
    each."""
    SyncConnection.objects.using("owner").update(next_sync_at="2026-01-01T00:00:00Z")
    while periodic.accept_due()["accepted"]:
        pass


async def ours() -> None:
    await _worked(_worker(burst=True))


def _worker(**options: Any) -> worker.Worker:
    task = func(noop_run, name="gmail_sync", keep_result=0)
    return worker.make(functions=[task], housekeeping=False, **AT_ONCE, **options)


async def _worked(arq_worker: ArqWorker) -> None:
    try:
        await arq_worker.main()
    finally:
        await arq_worker.close()


async def latency(requests: int) -> list[float]:
    """Make this many requests, one after the other. Return the seconds from each request to its
    task's start, both measured by the database."""
    arq_worker, asking = _worker(), Threads("requests", 1)
    running = asyncio.create_task(arq_worker.main())
    rows = SyncConnection.objects.using("owner").values_list("user_id", "pk")[:requests]
    connections_ = await asking.run(list, rows)
    accepted = []
    for user_id, connection_id in connections_:
        accepted.append(await asking.run(_accepted, user_id, connection_id))
        await asyncio.sleep(0.02)
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.wait({running})
    await arq_worker.close()
    waits = await asking.run(_waits, accepted)
    await asking.close()
    return waits


def _accepted(user_id: Any, connection_id: Any) -> Any:
    return runs.accept(user_id, connection_id, trigger=Trigger.REQUEST).pk


def _waits(accepted: list[Any]) -> list[float]:
    attempts = JobAttempt.objects.using("owner").filter(run__in=accepted).select_related("run")
    return [(attempt.started_at - attempt.run.created_at).total_seconds() for attempt in attempts]


def _must_be_written(jobs: int) -> None:
    run_count = SyncRun.objects.using("owner").filter(status="succeeded").count()
    attempt_count = JobAttempt.objects.using("owner").filter(outcome="succeeded").count()
    if (run_count, attempt_count) != (jobs, jobs):
        sys.exit(
            f"The ledger holds {run_count} runs and {attempt_count} attempts of {jobs}: no figures."
        )


def _timed(work: Callable[[], object | Awaitable[object]]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _clean() -> None:
    with closing(Redis.from_url(str(queue.settings.REDIS_URL))) as redis:
        redis.delete(PLAIN, OURS)


def _tell(figures: dict[str, Any]) -> None:
    _say(
        f"finley {figures['ours_per_second']:,.0f} jobs a second, "
        f"plain arq {figures['plain_per_second']:,.0f}: {figures['ours_over_plain']:.2f} of it.\n"
        f"From request to start: p50 {figures['p50_ms']} ms, p99 {figures['p99_ms']} ms."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs", description=__doc__)
    parser.add_argument("--jobs", type=int, default=3000, help="a round (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of each (%(default)s)")
    parser.add_argument("--requests", type=int, default=200, help="for the latency (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
