"""Commands that say which development tool is missing where the wheel or the image leaves it
out."""

import sys
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError


def command(name: str, module: str) -> type[BaseCommand]:
    """Return the class `Command` of `module`. If the module is not installed, return a command
    that says that."""
    try:
        loaded: type[BaseCommand] = import_module(module).Command
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # the tool is there; something that it imports is not
        return _missing(name, error.name)
    return loaded


def _missing(name: str, package: str) -> type[BaseCommand]:
    message = (
        f"`{name}` is a development tool: its package {package} is not installed. "
        "Run it from a checkout of finley's repository."
    )

    class Command(BaseCommand):
        help = message
        requires_system_checks = []

        def run_from_argv(self, argv: list[str]) -> None:
            """Refuses before it parses arguments, which it does not know."""
            sys.exit(f"finley: {message}")

        def handle(self, *args: Any, **options: Any) -> None:
            raise CommandError(message)

    return Command
