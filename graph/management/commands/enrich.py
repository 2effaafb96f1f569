"""`manage.py enrich`: compute a tenant's layers from its books."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from graph import tenant_lookup
from graph.enrich import run_enrichment
from graph.enrich.run_enrichment import Done
from graph.errors import GraphError


class Command(BaseCommand):
    help = (
        "Compute a tenant's layers from its books: recurrence, seasons, predictions, and so on. "
        "Only books that changed since the last run are searched again, and only rows that differ "
        "are written."
    )
    requires_system_checks: Any = []  # the checks would import the whole site

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="tenant: a UUID or an e-mail address")
        parser.add_argument(
            "--layer",
            nargs="+",
            metavar="NAME",
            help="compute only these (default: all, in this order): "
            + ", ".join(run_enrichment.STEPS),
        )
        parser.add_argument("--all", action="store_true", help="also search unchanged books")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user_id = tenant_lookup.find(options["user"])
            results = enriched(user_id, options["layer"] or (), everything=options["all"])
        except GraphError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(as_json(results) if options["json"] else in_words(results))


def enriched(user_id: UUID, layers: Sequence[str] = (), *, everything: bool = False) -> list[Done]:
    """Run the steps of the enrichment, with a progress bar on a terminal. Return what each step
    wrote."""
    total = len(layers or run_enrichment.STEPS)
    with tqdm(total=total, unit=" layers", disable=not sys.stderr.isatty()) as bar:

        def progress(name: str) -> None:
            bar.set_description(name)
            bar.update(1)

        return run_enrichment.enrich(user_id, layers, progress, everything=everything)


def as_json(results: list[Done]) -> str:
    seconds = round(sum(step.seconds for step in results), 3)
    layers = [{**asdict(step), "seconds": round(step.seconds, 3)} for step in results]
    return json.dumps({"seconds": seconds, "layers": layers})


def in_words(results: list[Done]) -> str:
    lines = [
        f"{step.layer:16} {step.rows_added:,} added, {step.rows_changed:,} changed, "
        f"{step.rows_removed:,} removed; {step.seconds:.2f} s"
        for step in results
    ]
    return "\n".join([*lines, f"Total: {sum(step.seconds for step in results):.1f} s."])
