"""Kills commands that change the whole database while they work, then runs them to their end."""

import json
import random
import signal
import subprocess
import sys
import time
from typing import Any
from uuid import UUID

from django.db import connections

from benchmarks import isolated_servers
from benchmarks.disturbance import recorded_jobs
from tests.graph.adopting.replaced import Replaced

SCHEMA = "replaced_system"
USER = UUID(int=11)  # a tenant that has no connection
EVENTS = 400  # of the replaced system
WORKING = """
SELECT count(*) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database() AND xact_start IS NOT NULL
    AND query NOT LIKE 'autovacuum%'
"""
BEGINS = 30.0  # seconds for a command to begin its transaction


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


def adopt_killed(times: int, chance: random.Random) -> dict[str, Any]:
    """Kill `adopt` this many times while its transaction is open. Then run it to its end, twice.

    Returns the number of kills that interrupted it, of events that are missing in the end, and of
    rows that were there after a kill or were written by the second run.
    """
    old = Replaced(chance.randrange(10**6))
    old.books(USER, EVENTS)
    with connections["owner"].cursor() as cursor:
        old.write(cursor.connection, SCHEMA)
    met = half = 0
    for _ in range(times):
        met += _killed_in_its_transaction(["adopt", "--schema", SCHEMA], chance)
        half += _adopted()
    first, second = _adopt(), _adopt()
    return {
        "adoptions_killed": met,
        "adopted_lost": EVENTS - _adopted(),
        "adopted_doubled": half + _written(second),
        "adopted": _written(first),
    }


def _killed_in_its_transaction(arguments: list[str], chance: random.Random) -> bool:
    """Start the command, kill it up to 0.3 s after its transaction began, and wait until the server
    has rolled back. Return False if the command had ended before."""
    command = [sys.executable, "manage.py", *arguments]
    process = subprocess.Popen(
        command, cwd=isolated_servers.PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _until(lambda: process.poll() is not None or recorded_jobs.count(WORKING) > 0)
    time.sleep(chance.random() * 0.3)
    is_met = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    _until(lambda: recorded_jobs.count(WORKING) == 0)
    return is_met


def _until(true: Any) -> None:
    limit = time.monotonic() + BEGINS
    while time.monotonic() < limit and not true():
        time.sleep(0.01)


def _adopt() -> dict[str, Any]:
    command = [sys.executable, "manage.py", "adopt", "--schema", SCHEMA, "--json"]
    result = subprocess.run(
        command, cwd=isolated_servers.PROJECT, check=True, capture_output=True, text=True
    )
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def _written(report: dict[str, Any]) -> int:
    return sum(int(table["written"]) for table in report["tables"].values())


def _adopted() -> int:
    return int(
        recorded_jobs.rows("SELECT count(*) FROM raw_events WHERE user_id = %s", [USER])[0][0]
    )
