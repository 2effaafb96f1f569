"""Runs manage.py in real processes on the test database."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.db import connections

from tests.child_process import Child

MANAGE = Path(__file__).resolve().parents[3] / "manage.py"


def start(
    *arguments: object, state: Path, session: str = "", **options: Any
) -> subprocess.Popen[str]:
    """Start a command with a state folder of its own. stdout and stderr are pipes by default.

    `session` is the name of its database sessions in pg_stat_activity.
    """
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return Child(
        [sys.executable, str(MANAGE), *map(str, arguments)],
        env={
            **os.environ,
            "DATABASE_URL": _url("default"),
            "DATABASE_OWNER_URL": _url("owner"),
            "PGAPPNAME": session,
            "FINLEY_STATE": str(state),
            "FINLEY_SECRET_KEY": "x" * 50,
        },
        text=True,
        **{**pipes, **options},
    )


def run(*arguments: object, state: Path) -> subprocess.CompletedProcess[str]:
    with start(*arguments, state=state) as process:
        out, err = process.communicate(timeout=900)  # against one that never ends
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def answer(*arguments: object, state: Path) -> dict[str, Any]:
    """Run the command with --json and return the JSON that it prints. Fails if the command
    fails."""
    process = run(*arguments, "--json", state=state)
    assert process.returncode == 0, process.stderr
    report: dict[str, Any] = json.loads(process.stdout)
    return report


def _url(alias: str) -> str:
    """The DATABASE_URL of the alias. A socket's folder is a parameter of the URL, because a URL's
    host loses its capital letters."""
    to = connections[alias].get_connection_params()
    options = {name: to[name] for name in ("host", "port", "password") if to.get(name)}
    return f"postgresql://{quote(to['user'], safe='')}@/{quote(to['dbname'])}?{urlencode(options)}"


def waiting(what: str) -> int:
    """The number of sessions that wait for a lock: "advisory", "transactionid" (a row's), or that
    of the table of this name."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks LEFT JOIN pg_class ON pg_class.oid = relation "
            "LEFT JOIN pg_database ON pg_database.oid = database "
            "WHERE NOT granted AND %s IN (locktype, relname) "
            "AND (datname IS NULL OR datname = current_database())",
            [what],
        )
        return int(cursor.fetchone()[0])


def until(happened: Callable[[], bool], *running: subprocess.Popen[str]) -> None:
    """Wait until `happened` returns true. Fail if one of these processes ends before."""
    deadline = time.monotonic() + 60
    while not happened():
        for process in running:
            assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
