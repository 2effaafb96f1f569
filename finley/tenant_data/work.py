"""The worker's periodic task for exports and erasures that owners requested."""

import logging
from collections.abc import Callable
from typing import Any

from finley.tenant_data import erasure_requests, export_requests

log = logging.getLogger(__name__)


def work() -> dict[str, Any]:
    """Delete what has expired, make the oldest waiting export, and carry out the erasure that has
    been due longest. Return the numbers of deleted ones, exports and erasures.

    If a part fails, the others are done first. Then the first error is raised.
    """
    parts: dict[str, tuple[Callable[[], int], ...]] = {
        "expired": (export_requests.forget_expired, erasure_requests.forget_certificates),
        "exports": (export_requests.make_next,),
        "erasures": (erasure_requests.erase_next,),
    }
    counts, errors = dict.fromkeys(parts, 0), []
    for name, functions in parts.items():
        for function in functions:
            try:
                counts[name] += int(function())
            except Exception as error:
                log.exception("tenants' data: %s failed", function.__name__)
                errors.append(error)
    if errors:
        raise errors[0]
    return counts
