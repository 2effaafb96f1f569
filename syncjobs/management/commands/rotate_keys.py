"""`manage.py rotate_keys`: encrypt stored secrets by the newest key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from syncjobs.alerts import endpoints
from syncjobs.errors import SecretUnreadable


class Command(BaseCommand):
    help = (
        "Encrypt the stored secrets of endpoints by the first of FINLEY_ENCRYPTION_KEYS. Put a new "
        "key in front of the others, restart, run this, then remove the old key."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = endpoints.rotate_keys()
        except SecretUnreadable as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{count} secrets are encrypted by the newest key.")
