"""`manage.py setup_roles`: finley's two roles and its database on a server of one's own."""

import secrets
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser

from finley import roles


class Command(BaseCommand):
    help = (
        "Print, for psql as a superuser, the SQL that makes finley's two roles and its database "
        "on a PostgreSQL of your own, or run it. It may be run again: what is there stays."
    )
    requires_system_checks: Any = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--database", default="finley", help="its name (finley)")
        parser.add_argument("--owner", default="finley_owner", help="who migrates (finley_owner)")
        parser.add_argument("--app", default="finley_app", help="web and workers (finley_app)")
        parser.add_argument(
            "--run",
            metavar="URL",
            help="run it as this superuser, postgresql://…; PGPASSWORD is heeded",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["owner"] == options["app"]:
            raise CommandError("--owner and --app are one: row-level security takes two roles.")
        names = roles.Names(
            options["owner"],
            options["app"],
            options["database"],
            owner_password=secrets.token_urlsafe(24),
            app_password=secrets.token_urlsafe(24),
        )
        if not options["run"]:
            self.stdout.write(roles.script(names))
            self._tell(names, "", [], comment="-- ")
            return
        try:
            known = roles.run(names, options["run"])
        except psycopg.Error as error:
            raise CommandError(f"The roles could not be set up: {error}") from None
        self._tell(names, options["run"], known)

    def _tell(self, names: roles.Names, server: str, known: list[str], comment: str = "") -> None:
        """The settings to give finley; a role that was there keeps its password."""
        given = {
            "DATABASE_URL": (names.app, names.app_password),
            "DATABASE_OWNER_URL": (names.owner, names.owner_password),
        }
        for setting, (role, password) in given.items():
            shown = "PASSWORD" if role in known else password
            address = roles.url(role, shown, names.database, server)
            self.stdout.write(f"{comment}{setting}={address}")
        self.stdout.write(f"{comment}then: manage.py migrate")
