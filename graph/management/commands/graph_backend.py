"""Say which of networkx's functions run on compiled code here."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from graph.engine.networkx.backend import functions


class Command(BaseCommand):
    help = "Every function that networkx dispatches: native (compiled), or fallback (converted)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--native", action="store_true", help="only what is native")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        told = {
            name: "native" if native else "fallback"
            for name, native in functions().items()
            if native or not options["native"]
        }
        if options["json"]:
            self.stdout.write(json.dumps(told))
            return
        for name, what in told.items():
            self.stdout.write(f"{name:<55} {what}")
