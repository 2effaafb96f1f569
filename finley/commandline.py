"""`manage.py`: Django's commands, with one clear sentence where the servers cannot be had."""

import os
import sys

from django.core.management import execute_from_command_line

from finley.embedded import EmbeddedServerError


def main(arguments: list[str]) -> None:
    """Run a command; exit 1 with the reason when the embedded servers refuse."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finley.settings")
    try:
        execute_from_command_line(arguments)
    except Exception as error:
        reason = _refusal(error)
        if reason is None:
            raise
        sys.exit(f"finley: {reason}")


def _refusal(error: BaseException | None) -> EmbeddedServerError | None:
    """The embedded servers' own error, however deep Django and its pool have wrapped it."""
    while error is not None:
        if isinstance(error, EmbeddedServerError):
            return error
        error = error.__cause__ or error.__context__
    return None
