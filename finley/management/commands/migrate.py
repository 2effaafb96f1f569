"""`migrate` as the owner: the application's role lacks the rights."""

from django_pgviews.management.commands.migrate import Command as DjangoCommand

from finley.management.owner import OwnerByDefault


class Command(OwnerByDefault, DjangoCommand):
    pass
