"""`changepassword` as the owner: the application's role lacks the rights."""

from django.contrib.auth.management.commands.changepassword import Command as DjangoCommand

from finley.management.owner import OwnerByDefault


class Command(OwnerByDefault, DjangoCommand):
    pass
