"""Runs Django's own commands as the owner of the tables."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

HELP = "Database alias to use. Default: owner; the application's role (default) lacks the rights."


class OwnerByDefault(BaseCommand):
    """A mixin, put before a command's class, that makes `owner` the default of `--database`."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--database", default="owner", choices=tuple(connections), help=HELP)
