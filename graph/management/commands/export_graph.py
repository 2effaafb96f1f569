"""`manage.py export_graph`: a tenant's graph as a file for other programs."""

import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import tenant_lookup
from graph.errors import GraphError
from graph.export import arrow_pages
from graph.export.formats import FORMATS, Pieces
from graph.reading.load_graph import ALL


class Command(BaseCommand):
    help = (
        "Export a tenant's graph. json (networkx's node-link), graphml and gexf have entities and "
        "relationships; csv, parquet and arrow (an IPC stream) have relationships only."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="tenant: a UUID or an e-mail address")
        parser.add_argument("--format", choices=sorted(FORMATS), required=True)
        parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
        parser.add_argument("--columns", help="columns of relationships, comma-separated (all)")
        parser.add_argument("--flow", action="store_true", help="only money flows, no links")

    def handle(self, *args: Any, **options: Any) -> None:
        columns = tuple(options["columns"].split(",")) if options["columns"] else ALL
        try:
            user_id = tenant_lookup.find(options["user"])
            edge_class = "flow" if options["flow"] else None
            with arrow_pages.graph(user_id, columns, edge_class=edge_class) as contents:
                self._write(FORMATS[options["format"]].write(contents), options["output"])
        except (GraphError, ValueError) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror or error}") from None
        counts = contents.facts
        self.stderr.write(f"{counts['nodes']:,} entities, {counts['edges']:,} relationships")

    def _write(self, pieces: Pieces, output: Path | None) -> None:
        if output is None:
            into = getattr(self.stdout, "buffer", sys.stdout.buffer)
            into.writelines(pieces)
            return
        part = output.with_name(f".{output.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                file.writelines(pieces)
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)
