"""`manage.py`: Django's commands, with one sentence instead of a traceback if the machine is at
fault."""

import errno
import os
import sys

from django.core.management import execute_from_command_line
from psycopg.errors import ConnectionTimeout, DiskFull, UndefinedTable
from psycopg_pool import PoolTimeout

from finley.embedded import EmbeddedServerError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def main(arguments: list[str]) -> None:
    """Run a command. If it fails because of the machine (see `_refusal`), exit with 1 and a
    sentence that says why."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finley.settings")
    try:
        execute_from_command_line(arguments)
    except Exception as error:
        reason = _refusal(error)
        if reason is None:
            raise
        sys.exit(f"finley: {reason}")


def _refusal(error: BaseException | None) -> str | None:
    """A sentence for an error that the machine causes, found among the exception's causes; None for
    any other error.

    The machine causes these: embedded servers do not start, the disk is full, or the database is
    not migrated or cannot be reached.
    """
    while error is not None:
        if isinstance(error, EmbeddedServerError):
            return str(error)
        if isinstance(error, DiskFull) or getattr(error, "errno", None) in FULL:
            return f"No space is left on the disk: {error}. Nothing of this was kept; make room."
        if isinstance(error, UndefinedTable):
            return "The database has not all tables of this version: run manage.py migrate first."
        if isinstance(error, PoolTimeout | ConnectionTimeout):
            return f"The database cannot be reached: {error}. Is it running, and its address right?"
        error = error.__cause__ or error.__context__
    return None
