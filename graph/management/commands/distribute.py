"""`manage.py distribute`: which tables can be distributed by tenant, and the SQL that does it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from graph.database import distribution, tenant_keys


class Command(BaseCommand):
    help = (
        "List the tables that are distributed by tenant, those that stay on the coordinator, and "
        "the keys that one shard alone cannot keep, each with its reason. Exit code 1 where a "
        "reason is missing. Nothing is changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--print-sql",
            action="store_true",
            help="print the SQL that distributes the tables with Citus, for psql -f, and exit",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        with connections["owner"].cursor() as cursor:
            if options["print_sql"]:
                self.stdout.write(distribution.script(cursor))
                return
            tables, keys = tenant_keys.distributed(cursor), tenant_keys.exceptions(cursor)
            problems = list(tenant_keys.problems(cursor))
        self.stdout.write(f"Distributed by user_id: {', '.join(tables)}")
        self.stdout.write(f"On each node: {', '.join(tenant_keys.REFERENCE)}")
        for table, reason in tenant_keys.STAYS.items():
            self.stdout.write(f"Stays on the coordinator: {table}. {reason}")
        for key in keys:
            reason = tenant_keys.EXCEPTIONS.get(key.name, "No reason is listed.")
            self.stdout.write(f"The {key.kind} {key.name} of {key.table}. {reason}")
        if problems:
            raise CommandError("\n".join(problems))
