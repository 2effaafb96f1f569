"""`manage.py enrich`: a tenant's layers from its books."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from graph import tenant_lookup
from graph.enrich import run
from graph.enrich.run import Done
from graph.errors import GraphError


class Command(BaseCommand):
    help = (
        "Compute a tenant's layers from its books: what recurs, what is seasonal, what is expected "
        "next, and so on. Only what has changed since the last time is searched again, and only "
        "rows that turn out otherwise are written."
    )
    requires_system_checks: Any = []  # they would load the whole site

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="whose books: a UUID or an address")
        parser.add_argument(
            "--layer",
            nargs="+",
            metavar="NAME",
            help=f"only these (all, in this order): {', '.join(run.STEPS)}",
        )
        parser.add_argument("--all", action="store_true", help="search also what has not changed")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user_id = tenant_lookup.find(options["user"])
            done = enriched(user_id, options["layer"] or (), everything=options["all"])
        except GraphError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(as_json(done) if options["json"] else in_words(done))


def enriched(user_id: UUID, layers: Sequence[str] = (), *, everything: bool = False) -> list[Done]:
    """Every step, with a bar on a terminal."""
    total = len(layers or run.STEPS)
    with tqdm(total=total, unit=" layers", disable=not sys.stderr.isatty()) as bar:

        def progress(name: str) -> None:
            bar.set_description(name)
            bar.update(1)

        return run.enrich(user_id, layers, progress, everything=everything)


def as_json(done: list[Done]) -> str:
    seconds = round(sum(each.seconds for each in done), 3)
    layers = [{**asdict(each), "seconds": round(each.seconds, 3)} for each in done]
    return json.dumps({"seconds": seconds, "layers": layers})


def in_words(done: list[Done]) -> str:
    lines = [
        f"{each.layer:16} {each.rows_added:,} added, {each.rows_changed:,} changed, "
        f"{each.rows_removed:,} removed; {each.seconds:.2f} s"
        for each in done
    ]
    return "\n".join([*lines, f"All of it took {sum(each.seconds for each in done):.1f} s."])
