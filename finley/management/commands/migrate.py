"""`migrate` as the owner: the application's role lacks the rights."""

from django.core.management.base import CommandParser
from django_pgviews.management.commands.migrate import Command as DjangoCommand


class Command(DjangoCommand):  # type: ignore[misc,unused-ignore]
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")
