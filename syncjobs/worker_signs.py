"""Stores and deletes the signs of life of workers: their version and their current work."""

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
    """Store that the worker is alive, and how many runs of each function it has now."""
    values = {"name": worker, "version": version(), "running": json.dumps(Counter(functions))}
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("workers/told"), values)


def forget(worker: str) -> None:
    """Delete the row of a worker that has stopped."""
    with connections[ROLE].cursor() as cursor:
        cursor.execute("DELETE FROM worker_processes WHERE name = %s", [worker])
