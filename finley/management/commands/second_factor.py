"""`manage.py second_factor`: who has a second factor, and turning off one whose app is lost."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from finley.auth import second_factor
from finley.models import SecondFactor, User
from graph import tenant_lookup
from graph.database.role import as_owner
from graph.errors import TenantUnknown


class Command(BaseCommand):
    help = "List the second factors, or turn off the one of a user whose app and codes are lost."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--off", metavar="USER", help="id or e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            if options["off"]:
                self._off(options["off"])
                return
            for factor in SecondFactor.objects.select_related("person").order_by("person__email"):
                state = "on" if factor.confirmed_at else "not confirmed"
                self.stdout.write(f"{factor.person.email}: {state}")

    def _off(self, text: str) -> None:
        try:
            person = User.objects.get(pk=tenant_lookup.find(text))
        except TenantUnknown as error:
            raise CommandError(str(error)) from None
        if not second_factor.forget(person):
            raise CommandError(f"{person.email} has no second factor.")
        self.stdout.write(f"The second factor of {person.email} is off.")
