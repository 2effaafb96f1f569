"""The faults that benchmarks.chaos.Chaos.break_servers causes, apart from stopping and restarting
servers. Each is a function that returns when its fault is over."""

import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psycopg
from django.db import DatabaseError, connections

from benchmarks import isolated_servers
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


def migrate_killed(times: int, chance: random.Random) -> int:
    """Kill `migrate` this many times while it works, each time later. Then run it to its end.

    Returns the number of kills that interrupted it. Raises CalledProcessError if it cannot
    continue.
    """
    met = 0
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    for number in range(times):
        process = subprocess.Popen(command, cwd=isolated_servers.PROJECT, stderr=subprocess.DEVNULL)
        try:
            process.wait(2.0 + number + chance.random())
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            met += 1
    subprocess.run(command, cwd=isolated_servers.PROJECT, check=True)
    return met
