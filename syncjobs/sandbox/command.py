"""`manage.py sandbox`: a local server that behaves like Nango and the four providers."""

import asyncio
import json
import signal
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from syncjobs.sandbox.nango_proxy import World, steer
from syncjobs.sandbox.server import info, serve


class Command(BaseCommand):
    help = (
        "Serve a sandbox that behaves like Nango and the four providers, until Ctrl-C or SIGTERM.\n"
        "There are four connections to begin with: gmail-demo, dropbox-demo, gdrive-demo and\n"
        "zoho_mail-demo. Start finley with the lines that it prints, and syncs go there.\n\n"
        "POST /sandbox/connections/<id> makes or steers a connection; what it takes is what a\n"
        "connection of --connections is: provider, size, add, change, delete, put, script, state\n"
        "(alive, dead, missing), end_user (the id of the user whose connection it is)."
    )
    requires_system_checks = []

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="to listen on (%(default)s)")
        parser.add_argument("--port", type=int, default=0, help="0, as by default: a free one")
        parser.add_argument("--seed", type=int, default=7, help="of the accounts (%(default)s)")
        parser.add_argument("--connections", type=Path, help="a JSON file of connections, by id")
        parser.add_argument("--json", action="store_true", help="print one JSON object, in a line")

    def handle(self, *args: Any, **options: Any) -> None:
        world = World(options["seed"])
        if options["connections"]:
            _connect(world, options["connections"])
        try:
            asyncio.run(self._serve(world, options))
        except OSError as error:
            raise CommandError(f"The sandbox cannot listen there: {error}") from None

    async def _serve(self, world: World, options: dict[str, Any]) -> None:
        stop = asyncio.Event()
        for item in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(item, stop.set)

        def listening(url: str) -> None:
            self.stdout.write(info(world, url) if options["json"] else in_words(world, url))
            self.stdout.flush()

        await serve(world, options["host"], options["port"], stop, listening)


def _connect(world: World, path: Path) -> None:
    try:
        for key, description in json.loads(path.read_text()).items():
            steer(world.connect(key, description), description)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError(f"{path}: {type(error).__name__}: {error}") from None


def in_words(world: World, url: str) -> str:
    """The sandbox's address, and the environment variables that connect finley to it."""
    return "\n".join(
        (
            f"The sandbox listens at {url} (Ctrl-C ends it). To use it:",
            f"NANGO_HOST={url}",
            f"NANGO_SECRET_KEY={world.secret}",
        )
    )
