"""What workers tell of themselves: that they live, their version, and how much they do."""

import json
from collections import Counter
from collections.abc import Iterable
from importlib import metadata

from django.db import connections

from syncjobs import sql

ROLE = "owner"
EVERY = 5.0  # seconds


def version() -> str:
    """The installed version of finley; "unknown" if it is not installed as a package."""
    try:
        return metadata.version("finley")
    except metadata.PackageNotFoundError:
        return "unknown"


def tell(worker: str, functions: Iterable[str]) -> None:
    """Write that the worker lives, and the functions of the runs that it has now."""
    values = {"name": worker, "version": version(), "running": json.dumps(Counter(functions))}
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("workers/told"), values)


def forget(worker: str) -> None:
    """The worker has stopped."""
    with connections[ROLE].cursor() as cursor:
        cursor.execute("DELETE FROM worker_processes WHERE name = %s", [worker])
