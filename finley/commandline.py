"""`manage.py`: Django's commands, with a clear message if the embedded servers cannot start."""

import os
import sys

from django.core.management import execute_from_command_line

from finley.embedded import EmbeddedServerError


def main(arguments: list[str]) -> None:
    """Run a command; exit with 1 and the reason if the embedded servers cannot start."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finley.settings")
    try:
        execute_from_command_line(arguments)
    except Exception as error:
        reason = _refusal(error)
        if reason is None:
            raise
        sys.exit(f"finley: {reason}")


def _refusal(error: BaseException | None) -> EmbeddedServerError | None:
    """The embedded servers' error, if it is among the exception's causes."""
    while error is not None:
        if isinstance(error, EmbeddedServerError):
            return error
        error = error.__cause__ or error.__context__
    return None
