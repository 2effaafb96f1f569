"""`manage.py refresh_enriched_view`: recompute the materialized view from the tables."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph.errors import RefreshRunning, ViewError
from graph.view import refresh
from graph.words import bytes_in_words

EXIT_CODES = (
    "Exit codes: 0 refreshed, 1 the view cannot be refreshed, 3 another refresh is running."
)


class Command(BaseCommand):
    help = (
        "Refresh view_enriched_relationships; only one refresh runs at a time. By default it is "
        f"concurrent: readers see the old rows until the new ones are committed. {EXIT_CODES}"
    )
    requires_system_checks: Any = []  # the checks would import the whole site

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-concurrently",
            action="store_false",
            dest="concurrently",
            help="lock the view for everybody while it is replaced; use it for the first "
            "population and for exclusive maintenance",
        )
        parser.add_argument(
            "--no-wait", action="store_false", dest="wait", help="exit if another refresh runs"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--print-sql",
            action="store_true",
            help="print the SQL that creates the view, for psql -f, and exit",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["print_sql"]:
            self.stdout.write(refresh.definition())
            return
        result = self._refresh(options["concurrently"], options["wait"])
        self.stdout.write(json.dumps(asdict(result)) if options["json"] else in_words(result))

    def _refresh(self, concurrently: bool, wait: bool) -> refresh.Refresh:
        if not concurrently:
            self.stderr.write("The view is locked for everybody until this command ends.")
        try:
            return refresh.refresh(concurrently=concurrently, wait=wait)
        except RefreshRunning as error:
            raise CommandError(str(error), returncode=3) from None
        except ViewError as error:
            raise CommandError(str(error)) from None


def in_words(result: refresh.Refresh) -> str:
    size = bytes_in_words(result.size_bytes)
    return (
        f"{result.rows:,} rows in {result.seconds:.2f} s: {result.added:,} added, "
        f"{result.changed:,} changed, {result.removed:,} removed; {size}."
    )
