"""`manage.py connect`: register a tenant's connection without asking Nango whether it is the
tenant's."""

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import tenant_lookup
from graph.errors import GraphError
from syncjobs import connections
from syncjobs.errors import RequestError
from syncjobs.models.choices import Provider

LEAST = 60  # seconds between two scheduled syncs


class Command(BaseCommand):
    help = (
        "Register a Nango connection for a tenant. Nango is not asked whose it is; the API does "
        "ask: POST /api/v1/connections/."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="tenant: a UUID or an e-mail address")
        parser.add_argument("--provider", required=True, choices=Provider.values)
        parser.add_argument("--nango-id", required=True, metavar="ID", help="Nango's connection id")
        parser.add_argument(
            "--integration",
            default="",
            help="Nango's integration id (default: the provider's name)",
        )
        parser.add_argument(
            "--every", type=int, metavar="SECONDS", help="period of syncs (default: on request)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        every = options["every"]
        if every is not None and every < LEAST:
            raise CommandError(f"--every must be at least {LEAST} seconds.")
        try:
            row = connections.register(
                tenant_lookup.find(options["user"]),
                options["provider"],
                options["nango_id"],
                integration=options["integration"],
                sync_every=None if every is None else timedelta(seconds=every),
            )
        except (GraphError, RequestError) as error:
            raise CommandError(str(error)) from None
        result = {"connection": str(row.pk), "provider": row.provider, "state": row.state}
        self.stdout.write(json.dumps(result) if options["json"] else f"Connected {row}: {row.pk}")
