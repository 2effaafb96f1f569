"""The faults that benchmarks.chaos.Chaos.break_servers causes, apart from stopping and restarting
servers. Each is a function that returns when its fault is over."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

import psycopg
from django.db import DatabaseError, connections

from benchmarks.disturbance.partition import Partition

KILLED_BACKENDS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND usename = current_user AND random() < 0.7
"""


def kill_backends() -> int:
    """End most of the PostgreSQL sessions while they work. Return the number of ended ones."""
    killed = 0
    for alias in connections:  # a role may end its own sessions
        with suppress(DatabaseError), connections[alias].cursor() as cursor:
            cursor.execute(KILLED_BACKENDS)
            killed += int(cursor.fetchone()[0])
        connections[alias].close()
    return killed


def exhaust(seconds: float) -> int:
    """Open all connections that PostgreSQL still allows, and close them after this many seconds.
    Return their number."""
    with suppress(DatabaseError):
        connections["owner"].ensure_connection()
    driver = connections["owner"].connection
    if driver is None:
        return 0
    place = driver.info
    taken: list[psycopg.Connection] = []
    try:
        while len(taken) < 500:
            taken.append(
                psycopg.connect(
                    host=place.host, port=place.port, user=place.user, dbname=place.dbname,
                    connect_timeout=5,
                )
            )  # fmt: skip
    except psycopg.OperationalError:
        pass  # it has none left
    time.sleep(seconds)
    for connection in taken:
        connection.close()
    connections["owner"].close()
    return len(taken)


def divide(parts: list[Partition], seconds: float) -> None:
    """Cut the network between the workers and the servers for this many seconds, then restore
    it."""
    for part in parts:
        part.cut()
    time.sleep(seconds)
    for part in parts:
        part.heal()


def fill_disk(seconds: float) -> int:
    """Leave no free byte on the disk of the servers and of the workers' files, for this many
    seconds. Return the number of bytes that were free.

    It fills the whole disk, so it may only be called on a disk of the benchmark's own.
    """
    folder = Path(os.environ["FINLEY_STATE"])
    ballast = folder / "ballast"
    free = shutil.disk_usage(folder).free
    until = time.monotonic() + seconds
    try:
        with ballast.open("wb", buffering=0) as file:
            while time.monotonic() < until:  # also what is freed meanwhile
                with suppress(OSError):
                    file.seek(0, os.SEEK_END)
                    while file.write(bytes(1 << 20)):
                        pass
                time.sleep(0.2)
    finally:
        ballast.unlink(missing_ok=True)
    return free
