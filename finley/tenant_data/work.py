"""The worker's periodic task for exports and erasures that owners requested."""

from typing import Any

from finley.tenant_data import erasure_requests, export_requests


def work() -> dict[str, Any]:
    """Make the oldest waiting export, carry out the erasure that has been due longest, and delete
    what has expired. Return the numbers of exports, erasures and deleted ones."""
    return {
        "exports": int(export_requests.make_next()),
        "erasures": int(erasure_requests.erase_next()),
        "expired": export_requests.forget_expired() + erasure_requests.forget_certificates(),
    }
