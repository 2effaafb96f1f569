"""`manage.py graph_backend`: list networkx's functions that run on compiled code."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from graph.engine.networkx.backend import functions


class Command(BaseCommand):
    help = "List networkx's functions: native (compiled), or fallback (on a converted graph)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--native", action="store_true", help="only native functions")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        kinds = {
            name: "native" if native else "fallback"
            for name, native in functions().items()
            if native or not options["native"]
        }
        if options["json"]:
            self.stdout.write(json.dumps(kinds))
            return
        for name, kind in kinds.items():
            self.stdout.write(f"{name:<55} {kind}")
