"""`manage.py mcp`: the tools for assistants over stdin and stdout."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.exceptions import APIException

from finley.mcp import stdio
from graph import tenant_lookup
from graph.errors import TenantUnknown


class Command(BaseCommand):
    help = (
        "Serve MCP over stdin and stdout, for an assistant on this machine. The token in "
        "FINLEY_TOKEN says whose books it reads; an operator may name a user instead."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", help="e-mail address or id, instead of a token")

    def handle(self, *args: Any, **options: Any) -> None:
        stdio.serve(self._tenant(options["user"]))

    def _tenant(self, user: str | None) -> stdio.Tenant:
        """Return a function without parameters that returns the tenant's id: of `user` (an e-mail
        address or id), or of the token in the environment if it is None. Raises CommandError if it
        is not valid."""
        token = settings.MCP_TOKEN
        try:
            if user:
                user_id = tenant_lookup.find(user)
                return lambda: user_id
            if not token:
                raise CommandError("Set FINLEY_TOKEN to a token, or name a --user.")
            stdio.tenant_of(token)
        except TenantUnknown as error:
            raise CommandError(str(error).partition(" Add --")[0]) from None
        except APIException as error:
            raise CommandError(f"FINLEY_TOKEN: {error.detail}") from None
        return lambda: stdio.tenant_of(token)
