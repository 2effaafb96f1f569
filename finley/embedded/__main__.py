"""Commands for the embedded servers: show, hold, restart and stop them."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from finley.embedded import EmbeddedServerError, ensure, state_paths, supervisor_client
from finley.embedded.supervisor_client import PROJECT

NOT_RUNNING = 3  # the exit code that pg_ctl status uses


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m finley.embedded", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    state = Path(os.environ.get("FINLEY_STATE") or PROJECT / ".finley")
    common.add_argument(
        "--state",
        type=Path,
        default=state,
        help="state folder (default: %(default)s)",
    )
    common.add_argument("--json", action="store_true", help="print one line of JSON")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, description: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, parents=[common], help=description, description=description
        )

    add("status", "Show the running servers without starting any; exit code 3 if none runs.")
    add("run", "Start the servers and hold them until Ctrl-C.")
    restart = add("restart-postgres", "Restart a running PostgreSQL; its holders stay connected.")
    how = restart.add_mutually_exclusive_group()
    how.add_argument(
        "--crash", dest="how", action="store_const", const="crash", help="immediately, unclean"
    )
    how.add_argument("--fast", dest="how", action="store_const", const="fast", help="cleanly")
    restart.set_defaults(how="fast")
    stop = add("stop-redis", "Stop a running Valkey for some seconds; return at once.")
    stop.add_argument("--seconds", type=float, default=5.0, help="duration (default: 5)")
    return parser


def _ask(state: Path, request: str) -> dict[str, Any]:
    """Send the request to the running supervisor and return its answer; {"running": False} if there
    is none. This never starts a supervisor."""
    try:
        connection = supervisor_client.connect(state_paths.of(state))
        if connection is None:
            return {"running": False}
        with connection:
            return supervisor_client.ask(connection, request)
    except ConnectionError:
        return {"running": False}


def _print(answer: dict[str, Any], *, as_json: bool) -> None:
    lines = [f"{key}: {value}" for key, value in answer.items()]
    sys.stdout.write("\n".join([json.dumps(answer)] if as_json else lines) + "\n")
    sys.stdout.flush()


def _run(state: Path, *, as_json: bool) -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    ensure(state)
    _print(_ask(state, "status"), as_json=as_json)
    ended.wait()


def main() -> int:
    """Run the command line. Return the exit code: 0, 1 after an error message, 3 if nothing
    runs."""
    args = _parser().parse_args()
    request = {
        "restart-postgres": lambda: f"restart-postgres {args.how}",
        "stop-redis": lambda: f"stop-redis {args.seconds}",
    }.get(args.command, lambda: "status")()
    try:
        if args.command == "run":
            _run(args.state, as_json=args.json)
            return 0
        answer = _ask(args.state, request)
    except EmbeddedServerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _print(answer, as_json=args.json)
    return 0 if answer["running"] else NOT_RUNNING


if __name__ == "__main__":
    sys.exit(main())
