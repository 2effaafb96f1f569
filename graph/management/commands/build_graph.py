"""`manage.py build_graph`: build a tenant's graph from the view and print its statistics."""

import json
import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import tenant_lookup
from graph.engine.networkx.to_networkx import to_networkx
from graph.engine.stats import stats
from graph.errors import GraphError
from graph.reading.load_graph import load


class Command(BaseCommand):
    help = (
        "Build a tenant's networkx.MultiDiGraph from view_enriched_relationships in two queries, "
        "with all nine layers on its edges, and print its statistics."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="tenant: a UUID or an e-mail address")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            statistics = built(options["user"])
        except GraphError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps(statistics) if options["json"] else in_words(statistics))


def built(user: str) -> dict[str, Any]:
    """Return the statistics of the user's graph, as loaded now. `seconds` is the time to load
    and build it."""
    user_id = tenant_lookup.find(user)
    start = time.perf_counter()
    graph, queries = load(user_id)
    to_networkx(graph)
    seconds = time.perf_counter() - start
    return {**asdict(stats(graph)), "queries": queries, "seconds": round(seconds, 3)}


def in_words(statistics: dict[str, Any]) -> str:
    layers = ", ".join(f"{name} {count:,}" for name, count in statistics["layers"].items() if count)
    return (
        f"{statistics['nodes']:,} nodes, {statistics['edges']:,} edges, "
        f"{statistics['components']:,} components, "
        f"average degree {statistics['average_degree']:.1f}, "
        f"density {statistics['density']:.5f}; "
        f"{statistics['queries']} queries, {statistics['seconds']:.2f} s\n"
        f"relationships not in the graph: {statistics['unresolved']:,} without an entity, "
        f"{statistics['dangling']:,} whose entity does not exist\n"
        f"edges with each layer: {layers or 'not computed'}"
    )
