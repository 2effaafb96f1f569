"""`manage.py tokens`: API tokens made, listed and revoked. A token is shown once."""

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
    """Comma-separated. Raises ArgumentTypeError."""
    found = list(dict.fromkeys(text.split(",")))
    if unknown := sorted(set(found) - set(SCOPES)):
        known = ", ".join(SCOPES)
        raise ArgumentTypeError(f"no scope is {unknown[0]!r}: there are {known}")
    return found


class Command(BaseCommand):
    help = "Make, list or revoke the API tokens of a user."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        make = deeds.add_parser("make", help="make a token and show it, this once")
        make.add_argument("--user", required=True, help="id or e-mail address")
        make.add_argument("--name", default="", help="what it is for")
        make.add_argument(
            "--scopes", type=scopes, default=usual_scopes(), help="read,sync (usual) and admin"
        )
        make.add_argument("--days", type=int, default=365, help="until it expires (365)")
        shown = deeds.add_parser("list", help="tokens by their first letters")
        shown.add_argument("--user", required=True, help="id or e-mail address")
        revoke = deeds.add_parser("revoke", help="a token by its first letters, at once")
        revoke.add_argument("token_key")

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            getattr(self, f"_{options['deed']}")(**options)

    def _make(self, user: str, name: str, scopes: list[str], days: int, **_: Any) -> None:
        if not 1 <= days <= 3650:
            raise CommandError("--days: say 1 to 3650.")
        owner = self._user(user)
        made, token = ApiToken.objects.create(
            owner, name=name, scopes=scopes, expiry=timedelta(days=days)
        )
        self.stdout.write(token)
        self.stderr.write(
            f"of {owner.email}, {', '.join(made.scopes)}, until {made.expiry:%Y-%m-%d}; "
            "it is not shown again"
        )

    def _list(self, user: str, **_: Any) -> None:
        for token in ApiToken.objects.filter(user=self._user(user)).order_by("created"):
            over = token.expiry is not None and token.expiry <= timezone.now()
            until = "no end" if token.expiry is None else f"until {token.expiry:%Y-%m-%d}"
            state = "expired" if over else until
            told = (token.token_key, token.name or "-", ",".join(token.scopes), state)
            self.stdout.write("  ".join(told))

    def _revoke(self, token_key: str, **_: Any) -> None:
        gone, _by_kind = ApiToken.objects.filter(token_key=token_key).delete()
        if not gone:
            raise CommandError(f"No token begins with {token_key!r}: manage.py tokens list")
        self.stdout.write(f"{token_key} opens nothing any more")

    def _user(self, named: str) -> User:
        try:
            return User.objects.get(pk=tenant_lookup.find(named))
        except TenantUnknown as error:
            raise CommandError(str(error)) from None
