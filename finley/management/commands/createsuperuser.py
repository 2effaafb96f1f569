"""`createsuperuser` as the owner: the application's role lacks the rights."""

from django.contrib.auth.management.commands.createsuperuser import Command as DjangoCommand
from django.core.management.base import CommandParser


class Command(DjangoCommand):  # type: ignore[misc,unused-ignore]
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")
