"""`manage.py connect`: register a tenant's connection. An operator is believed."""

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import tenant_lookup
from graph.errors import GraphError
from syncjobs import connections
from syncjobs.errors import RequestError
from syncjobs.models.choices import Provider

LEAST = 60


class Command(BaseCommand):
    help = (
        "Register a connection of Nango's as a tenant's. Nango is not asked whose it is: over the "
        "API, where it is, POST /api/v1/connections/."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="whose: a UUID or an e-mail address")
        parser.add_argument("--provider", required=True, choices=Provider.values)
        parser.add_argument("--nango-id", required=True, metavar="ID", help="Nango's connection id")
        parser.add_argument(
            "--integration",
            default="",
            help="Nango's integration id (default: the provider's name)",
        )
        parser.add_argument(
            "--every", type=int, metavar="SECONDS", help="sync it so often (default: when asked)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        every = options["every"]
        if every is not None and every < LEAST:
            raise CommandError(f"--every: {LEAST} seconds at least.")
        try:
            made = connections.register(
                tenant_lookup.find(options["user"]),
                options["provider"],
                options["nango_id"],
                integration=options["integration"],
                sync_every=None if every is None else timedelta(seconds=every),
            )
        except (GraphError, RequestError) as error:
            raise CommandError(str(error)) from None
        told = {"connection": str(made.pk), "provider": made.provider, "state": made.state}
        self.stdout.write(json.dumps(told) if options["json"] else f"Connected {made}: {made.pk}")
