"""`manage.py tokens`: create, list and revoke API tokens. A token is shown only once."""

from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from finley.models import ApiToken, User, usual_scopes
from graph import tenant_lookup
from graph.database.role import as_owner
from graph.errors import TenantUnknown
from graph.http.scopes import SCOPES


def scopes(text: str) -> list[str]:
    """Parse a comma-separated list of scopes. Raises ArgumentTypeError for an unknown scope."""
    names = list(dict.fromkeys(text.split(",")))
    if unknown := sorted(set(names) - set(SCOPES)):
        choices = ", ".join(SCOPES)
        raise ArgumentTypeError(f"unknown scope {unknown[0]!r}: choose from {choices}")
    return names


class Command(BaseCommand):
    help = "Create, list or revoke the API tokens of a user."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        make = actions.add_parser("make", help="create a token and show it, only this once")
        make.add_argument("--user", required=True, help="id or e-mail address")
        make.add_argument("--name", default="", help="what the token is for")
        make.add_argument(
            "--scopes", type=scopes, default=usual_scopes(), help="default: read,sync; or admin"
        )
        make.add_argument("--days", type=int, default=365, help="days until it expires (365)")
        listing = actions.add_parser("list", help="list a user's tokens by their first letters")
        listing.add_argument("--user", required=True, help="id or e-mail address")
        revoke = actions.add_parser("revoke", help="revoke a token by its first letters, at once")
        revoke.add_argument("token_key")

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            getattr(self, f"_{options['action']}")(**options)

    def _make(self, user: str, name: str, scopes: list[str], days: int, **_: Any) -> None:
        if not 1 <= days <= 3650:
            raise CommandError("--days must be from 1 to 3650.")
        owner = self._user(user)
        row, token = ApiToken.objects.create(
            owner, name=name, scopes=scopes, expiry=timedelta(days=days)
        )
        self.stdout.write(token)
        self.stderr.write(
            f"Token of {owner.email}, scopes {', '.join(row.scopes)}, "
            f"expires {row.expiry:%Y-%m-%d}. It is not shown again."
        )

    def _list(self, user: str, **_: Any) -> None:
        for token in ApiToken.objects.filter(user=self._user(user)).order_by("created"):
            over = token.expiry is not None and token.expiry <= timezone.now()
            until = "no expiry" if token.expiry is None else f"until {token.expiry:%Y-%m-%d}"
            state = "expired" if over else until
            columns = (token.token_key, token.name or "-", ",".join(token.scopes), state)
            self.stdout.write("  ".join(columns))

    def _revoke(self, token_key: str, **_: Any) -> None:
        deleted, _by_kind = ApiToken.objects.filter(token_key=token_key).delete()
        if not deleted:
            raise CommandError(f"No token begins with {token_key!r}. See: manage.py tokens list")
        self.stdout.write(f"{token_key} is revoked")

    def _user(self, user: str) -> User:
        try:
            return User.objects.get(pk=tenant_lookup.find(user))
        except TenantUnknown as error:
            raise CommandError(str(error)) from None
