"""`manage.py build_graph`: build a tenant's graph from the view, and say what it is like."""

import json
import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import tenant_lookup
from graph.engine.networkx.to_networkx import to_networkx
from graph.engine.stats import stats
from graph.errors import GraphError
from graph.reading.load import load


class Command(BaseCommand):
    help = (
        "Build a tenant's networkx.MultiDiGraph from view_enriched_relationships, with all nine "
        "layers on its edges, in two queries, and print its statistics."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="whose graph: a UUID or an address")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = built(options["user"])
        except GraphError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps(found) if options["json"] else in_words(found))


def built(user: str) -> dict[str, Any]:
    """The statistics of the user's graph; `seconds` is load and build together."""
    user_id = tenant_lookup.find(user)
    start = time.perf_counter()
    graph, queries = load(user_id)
    to_networkx(graph)
    seconds = time.perf_counter() - start
    return {**asdict(stats(graph)), "queries": queries, "seconds": round(seconds, 3)}


def in_words(found: dict[str, Any]) -> str:
    layers = ", ".join(f"{name} {count:,}" for name, count in found["layers"].items() if count)
    return (
        f"{found['nodes']:,} nodes, {found['edges']:,} edges, {found['components']:,} components, "
        f"average degree {found['average_degree']:.1f}, density {found['density']:.5f}; "
        f"{found['queries']} queries, {found['seconds']:.2f} s\n"
        f"edges not in the graph: {found['unresolved']:,} without an entity, "
        f"{found['dangling']:,} whose entity is gone\n"
        f"edges that a layer annotates: {layers or 'not computed'}"
    )
