"""`manage.py rotate_keys`: encrypt stored secrets by the newest key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from finley.auth import second_factor
from finley.tenant_data import erasure_requests
from syncjobs.alerts import endpoints
from syncjobs.errors import SecretUnreadable


class Command(BaseCommand):
    help = (
        "Encrypt the stored secrets by the first of FINLEY_ENCRYPTION_KEYS. Put a new "
        "key in front of the others, restart, run this, then remove the old key."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = endpoints.rotate_keys() + second_factor.rotate_keys()
            count += erasure_requests.rotate_keys()
        except SecretUnreadable as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{count} secrets are encrypted by the newest key.")
