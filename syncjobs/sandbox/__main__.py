"""python -m syncjobs.sandbox --port 0 --seed 7 --json: serve until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from syncjobs.sandbox.server import info, serve
from syncjobs.sandbox.world import World, steer


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m syncjobs.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="tell the address as a line of JSON")
    parser.add_argument(
        "--connections",
        type=Path,
        help="a JSON file of connections: {id: {provider, size, drives, script, put, …}}",
    )
    return parser.parse_args(given)


def world(options: argparse.Namespace) -> World:
    """The four demo connections and those of the file."""
    made = World(options.seed)
    if options.connections:
        for key, given in json.loads(options.connections.read_text()).items():
            steer(made.connect(key, given), given)
    return made


async def run(options: argparse.Namespace) -> None:
    made, stop = world(options), asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)

    def listening(url: str) -> None:
        sys.stdout.write(f"{info(made, url) if options.json else f'sandbox at {url}'}\n")
        sys.stdout.flush()

    await serve(made, options.host, options.port, stop, listening)


if __name__ == "__main__":
    asyncio.run(run(arguments()))
