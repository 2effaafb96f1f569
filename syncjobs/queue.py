"""Redis as arq's transport. What crosses it is JSON: no pickle, nothing executable."""

import json
from typing import Any

from arq.connections import RedisSettings
from django.conf import settings

NAME = "finley:jobs"


def redis_settings() -> RedisSettings:
    """Where the queue is: REDIS_URL, or the embedded Valkey."""
    return RedisSettings.from_dsn(str(settings.REDIS_URL))


def dump(job: dict[str, Any]) -> bytes:
    """A job for Redis. Raises TypeError for what JSON cannot say."""
    return json.dumps(job).encode()


def load(raw: bytes) -> dict[str, Any]:
    """A job from Redis. Raises ValueError for what is not JSON."""
    job: dict[str, Any] = json.loads(raw)
    return job
