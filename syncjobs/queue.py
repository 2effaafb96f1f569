"""Redis as arq's transport. All messages are JSON: no pickle, nothing executable.

Only this module knows arq's keys: the queue is a sorted set of job ids by start time,
`arq:job:<id>` is the job, `arq:retry:<id>` counts its attempts, `arq:in-progress:<id>` is a lock.
"""

import json
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any, cast

from arq.connections import RedisSettings
from arq.constants import (
    in_progress_key_prefix,
    job_key_prefix,
    result_key_prefix,
    retry_key_prefix,
)
from arq.jobs import serialize_job
from arq.utils import timestamp_ms, to_unix_ms
from django.conf import settings
from redis import Redis
from redis.asyncio.retry import Retry as Again
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswer

log = logging.getLogger(__name__)

NAME = "finley:jobs"
DAY_MS = 86_400_000
AT_ONCE = 500  # jobs per round trip
LOCKED_MS = 15_000  # longer than a worker needs from locking a job to claiming its run
QUICK = 2.0  # seconds that a request waits for Redis; the recoverer enqueues what failed


@dataclass(frozen=True, slots=True)
class Queued:
    """A run's job in Redis: arq's job id, the task, and the number of the attempt.

    `not_before` is the job's position in the queue. A job that was lost gets its old position
    again.
    """

    job_id: str
    function: str
    run_id: str
    not_before: datetime | None = None
    job_try: int = 1


def redis_settings() -> RedisSettings:
    """The queue's address: REDIS_URL, or the embedded Valkey."""
    options = RedisSettings.from_dsn(str(settings.REDIS_URL))
    options.conn_timeout = 5
    options.retry = Again(ExponentialBackoff(cap=1.0, base=0.05), 3)
    options.retry_on_error = [Unreachable, NoAnswer, OSError]
    return options


def dump(job: dict[str, Any]) -> bytes:
    """A job or its result as JSON. Raises TypeError for other types."""
    return json.dumps(job, default=_error).encode()


def _error(value: object) -> dict[str, str]:
    """An exception as JSON: {"error": its class name, "message": its text}. Raises TypeError for
    any other value."""
    if isinstance(value, BaseException):
        return {"error": type(value).__name__, "message": str(value)}
    raise TypeError(f"A job takes JSON only, not {type(value).__name__}.")


def load(raw: bytes) -> dict[str, Any]:
    """A job from JSON. Raises ValueError if it is not an object."""
    job = json.loads(raw)
    if not isinstance(job, dict):
        raise ValueError("a job is a JSON object")
    return job


def enqueue(jobs: Iterable[Queued]) -> int:
    """Enqueue the jobs in Redis and return their number.

    Repeating it is harmless. Raises RedisError.
    """
    count = 0
    with closing(_redis()) as redis:
        for some in batched(jobs, AT_ONCE):
            with redis.pipeline(transaction=True) as pipe:
                for job in some:
                    _add(pipe, job)
                pipe.execute()
            count += len(some)
    return count


def _add(pipe: Any, job: Queued) -> None:
    now = timestamp_ms()
    start = to_unix_ms(job.not_before) if job.not_before else now
    raw = serialize_job(job.function, (job.run_id,), {}, job.job_try, now, serializer=dump)
    pipe.psetex(job_key_prefix + job.job_id, max(start - now, 0) + DAY_MS, raw)
    pipe.zadd(NAME, {job.job_id: start})


def missing(job_ids: Iterable[str], latest: Mapping[str, float] | None = None) -> Iterator[str]:
    """Yield the jobs that nobody will run in time: Redis does not know them, a worker that died
    locked them, or they are due later than `latest` (Unix times in milliseconds) says.

    A worker locks a job before it claims the run, and the lock lasts as long as arq's timeout. A
    process whose clock is ahead enqueues jobs that are due too late. Raises RedisError.
    """
    limits = latest or {}
    whole = (settings.ARQ_JOB_TIMEOUT + 10) * 1000
    with closing(_redis()) as redis:
        for some in batched(job_ids, AT_ONCE):
            with redis.pipeline(transaction=False) as pipe:
                for job_id in some:
                    pipe.zscore(NAME, job_id)
                    pipe.pttl(in_progress_key_prefix + job_id)
                answers = iter(pipe.execute())
            for job_id in some:
                score, milliseconds = next(answers), next(answers)
                is_locked = 0 <= milliseconds < whole - LOCKED_MS
                if score is None or is_locked or score > limits.get(job_id, math.inf):
                    yield job_id


def forget(job_ids: Iterable[str]) -> None:
    """Remove jobs that must not run any more, because they would block later jobs in the queue.

    Raises RedisError.
    """
    with closing(_redis()) as redis:
        for some in batched(job_ids, AT_ONCE):
            with redis.pipeline(transaction=True) as pipe:
                pipe.zrem(NAME, *some)
                pipe.delete(*(prefix + job_id for job_id in some for prefix in _KEYS))
                pipe.execute()


async def uncounted(ctx: dict[str, Any]) -> None:
    """Reduce arq's number of attempts of this job by one, so that the current attempt does not
    count."""
    key = retry_key_prefix + ctx["job_id"]
    try:
        await ctx["redis"].set(key, ctx["job_try"] - 1, xx=True, keepttl=True)
    except (RedisError, OSError) as error:
        log.warning("arq still counts an attempt of %s (%s)", ctx["job_id"], type(error).__name__)


_KEYS = (job_key_prefix, retry_key_prefix, in_progress_key_prefix, result_key_prefix)


def waiting() -> int:
    """The number of jobs in Redis, including running ones. Raises RedisError."""
    with closing(_redis()) as redis:
        return cast(int, redis.zcard(NAME))


make_redis: Callable[..., Redis] = Redis.from_url


def _redis() -> Redis:
    return make_redis(str(settings.REDIS_URL), socket_timeout=QUICK, socket_connect_timeout=QUICK)
