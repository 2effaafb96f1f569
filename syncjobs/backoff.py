"""Computes how long a run waits before its next attempt."""

import random

CAP = 1800.0  # seconds
SPREAD = 0.25


def wait(base: float, job_try: int, after: float | None = None) -> float:
    """Return the seconds to wait after attempt `job_try`: what the provider asked for, or
    exponential backoff.

    The backoff is base·2^(job_try-1), at most CAP. The first is exactly `base`. Later ones vary by
    ±25 %, so that jobs that failed together do not retry together.
    """
    if after is not None:
        return max(after, 0.0)
    if job_try <= 1:
        return base
    spread = random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311 - no secret
    return min(base * 2.0 ** (job_try - 1) * spread, CAP)
