"""`manage.py setup_roles`: create finley's two roles and its database on your own server."""

import secrets
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser

from finley import database_roles


class Command(BaseCommand):
    help = (
        "Print, for psql as a superuser, the SQL that creates finley's two roles and its database "
        "on a PostgreSQL of your own, or run it. It may be run again: existing ones stay."
    )
    requires_system_checks: Any = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--database", default="finley", help="database name (finley)")
        parser.add_argument("--owner", default="finley_owner", help="owner role (finley_owner)")
        parser.add_argument("--app", default="finley_app", help="web and worker role (finley_app)")
        parser.add_argument(
            "--run",
            metavar="URL",
            help="run the SQL as this superuser, postgresql://…; reads PGPASSWORD",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["owner"] == options["app"]:
            raise CommandError("--owner and --app must differ: row-level security needs two roles.")
        names = database_roles.Names(
            options["owner"],
            options["app"],
            options["database"],
            owner_password=secrets.token_urlsafe(24),
            app_password=secrets.token_urlsafe(24),
        )
        if not options["run"]:
            self.stdout.write(database_roles.script(names))
            self._print_settings(names, "", [], comment="-- ")
            return
        try:
            existing = database_roles.run(names, options["run"])
        except psycopg.Error as error:
            raise CommandError(f"The roles could not be set up: {error}") from None
        self._print_settings(names, options["run"], existing)

    def _print_settings(
        self, names: database_roles.Names, server: str, existing: list[str], comment: str = ""
    ) -> None:
        """Print finley's settings. An existing role keeps its password, which is not known."""
        urls = {
            "DATABASE_URL": (names.app, names.app_password),
            "DATABASE_OWNER_URL": (names.owner, names.owner_password),
        }
        for setting, (role, password) in urls.items():
            printed = "PASSWORD" if role in existing else password
            address = database_roles.url(role, printed, names.database, server)
            self.stdout.write(f"{comment}{setting}={address}")
        self.stdout.write(f"{comment}then: manage.py migrate")
