"""Redis as arq's transport. What crosses it is JSON: no pickle, nothing executable.

What is known of arq's keys is known here only: the queue is a sorted set of job ids by the
moment to start, `arq:job:<id>` the job, `arq:retry:<id>` its tries, `arq:in-progress:<id>` a lock.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
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
AT_ONCE = 500  # jobs a round trip
LOCKED_MS = 30_000  # longer than a worker needs from its lock to its claim
QUICK = (
    2.0  # seconds; a request does not wait longer for Redis: the recoverer enqueues what it missed
)


@dataclass(frozen=True, slots=True)
class Queued:
    """What Redis is told of a run: arq's job id, the task, which try it is.

    `not_before` is its place in the queue: one that was lost has its old place again.
    """

    job_id: str
    function: str
    run_id: str
    not_before: datetime | None = None
    job_try: int = 1


def redis_settings() -> RedisSettings:
    """Where the queue is: REDIS_URL, or the embedded Valkey."""
    found = RedisSettings.from_dsn(str(settings.REDIS_URL))
    found.conn_timeout = 5
    found.retry = Again(ExponentialBackoff(cap=1.0, base=0.05), 3)
    found.retry_on_error = [Unreachable, NoAnswer, OSError]
    return found


def dump(job: dict[str, Any]) -> bytes:
    """A job, or its result, for Redis. Raises TypeError for what JSON cannot say."""
    return json.dumps(job, default=_error).encode()


def _error(value: object) -> dict[str, str]:
    """How a job's end is told: an exception, by its name and its words."""
    if isinstance(value, BaseException):
        return {"error": type(value).__name__, "message": str(value)}
    raise TypeError(f"{type(value).__name__} is not for Redis: a job takes JSON only")


def load(raw: bytes) -> dict[str, Any]:
    """A job from Redis. Raises ValueError for what is not a JSON object."""
    job = json.loads(raw)
    if not isinstance(job, dict):
        raise ValueError("a job is a JSON object")
    return job


def enqueue(jobs: Iterable[Queued]) -> int:
    """Tell Redis; returns how many. Telling it twice is harmless. Raises RedisError."""
    told = 0
    with closing(_redis()) as redis:
        for some in batched(jobs, AT_ONCE):
            with redis.pipeline(transaction=True) as pipe:
                for job in some:
                    _tell(pipe, job)
                pipe.execute()
            told += len(some)
    return told


def _tell(pipe: Any, job: Queued) -> None:
    now = timestamp_ms()
    start = to_unix_ms(job.not_before) if job.not_before else now
    raw = serialize_job(job.function, (job.run_id,), {}, job.job_try, now, serializer=dump)
    pipe.psetex(job_key_prefix + job.job_id, max(start - now, 0) + DAY_MS, raw)
    pipe.zadd(NAME, {job.job_id: start})


def missing(job_ids: Iterable[str]) -> Iterator[str]:
    """Those that nobody will run: Redis does not know them, or a worker that died has locked them.

    A lock is set before the ledger hears of a start, and lives for as long as arq's timeout.
    Raises RedisError.
    """
    whole = (settings.ARQ_JOB_TIMEOUT + 10) * 1000
    with closing(_redis()) as redis:
        for some in batched(job_ids, AT_ONCE):
            with redis.pipeline(transaction=False) as pipe:
                for job_id in some:
                    pipe.zscore(NAME, job_id)
                    pipe.pttl(in_progress_key_prefix + job_id)
                answers = iter(pipe.execute())
            for job_id in some:
                score, left = next(answers), next(answers)
                if score is None or 0 <= left < whole - LOCKED_MS:
                    yield job_id


def forget(job_ids: Iterable[str]) -> None:
    """Jobs that nobody may run any more: left in the queue, they would hide others behind them.

    Raises RedisError.
    """
    with closing(_redis()) as redis:
        for some in batched(job_ids, AT_ONCE):
            with redis.pipeline(transaction=True) as pipe:
                pipe.zrem(NAME, *some)
                pipe.delete(*(prefix + job_id for job_id in some for prefix in _KEYS))
                pipe.execute()


async def uncounted(ctx: dict[str, Any]) -> None:
    """This try of a job does not count in arq's own count."""
    key = retry_key_prefix + ctx["job_id"]
    try:
        await ctx["redis"].set(key, ctx["job_try"] - 1, xx=True, keepttl=True)
    except (RedisError, OSError) as error:
        log.warning("arq still counts a try of %s (%s)", ctx["job_id"], type(error).__name__)


_KEYS = (job_key_prefix, retry_key_prefix, in_progress_key_prefix, result_key_prefix)


def waiting() -> int:
    """Jobs that Redis holds, those that run included. Raises RedisError."""
    with closing(_redis()) as redis:
        return cast(int, redis.zcard(NAME))


make_redis: Callable[..., Redis] = Redis.from_url


def _redis() -> Redis:
    return make_redis(str(settings.REDIS_URL), socket_timeout=QUICK, socket_connect_timeout=QUICK)
