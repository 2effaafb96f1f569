"""The arguments of the command line, and their help."""

import argparse
from pathlib import Path

FORMATS = ("json", "graphml", "gexf", "csv", "parquet", "arrow")
SHELLS = ("bash", "zsh", "fish")
QUESTIONS = (
    "stats", "entities", "relationships", "cash-flow", "diff", "due", "spend", "open-items",
    "reconcile", "cases", "importance", "communities", "paths", "insights/fraud",
    "insights/prediction",
)  # fmt: skip
STATES = ("current", "any", "open", "replaying", "resolved", "ignored", "discarded")
EXIT_CODES = """\
exit codes:
  0  done
  1  the server refused the request, or the work failed
  2  the command is wrong
  3  no token, or it may not do this
  4  the server cannot be reached, or has no time
"""
ASK = """\
examples:
  finley ask cash-flow since=2026-01-01 by=party
  finley ask relationships party="Acme Ltd" min_amount=100 --all --json
  finley ask cases as_of=2026-03-31
  finley ask entities/7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f
All questions and their parameters: docs/api.md, or /api/docs/ of the server.
"""
type Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def parser() -> argparse.ArgumentParser:
    """Return the parser. The chosen command's name is in `command`."""
    root = argparse.ArgumentParser(
        prog="finley",
        description="Ask a finley server, export its graph, import files, sync, see failures.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_questions(commands)
    _add_files(commands)
    _add_work(commands)
    _add_setup(commands)
    return root


def _add(commands: Commands, name: str, text: str, epilog: str = "") -> argparse.ArgumentParser:
    formatter = argparse.RawDescriptionHelpFormatter
    return commands.add_parser(
        name, help=text, description=text, epilog=epilog, formatter_class=formatter
    )


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON, a list a row a line")


def _add_wait(command: argparse.ArgumentParser, default: float) -> None:
    text = f"for the outcome, at most (default {default:g})"
    command.add_argument("--wait", type=float, default=default, metavar="SECONDS", help=text)


def _add_questions(commands: Commands) -> None:
    ask = _add(commands, "ask", "Ask a question about the graph.", ASK)
    ask.add_argument("question", help="such as cash-flow, cases, entities/<id>")
    ask.add_argument("parameters", nargs="*", metavar="NAME=VALUE", help="its parameters")
    ask.add_argument("--all", action="store_true", help="all pages of a list, not only the first")
    _add_wait(ask, 600)
    _add_json(ask)
    export = _add(commands, "export", "Write the whole graph to a file.")
    export.add_argument("--format", choices=FORMATS, default="parquet", help="default: parquet")
    export.add_argument("--columns", help="columns of relationships, with commas; default: all")
    export.add_argument("--edges", choices=("all", "flow"), default="all", help="flow: no links")
    export.add_argument(
        "-o", "--output", type=Path, required=True, help="the file, or - for standard output"
    )


def _add_files(commands: Commands) -> None:
    text = "Send files of books, and import each when nothing about it is in doubt."
    epilog = "A file with an open doubt is not imported: decide it with --choose, or in the pages."
    upload = _add(commands, "import", text, epilog)
    upload.add_argument("files", nargs="+", type=Path, metavar="FILE")
    upload.add_argument(
        "--choose",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="decide how it is read: direction, date_order, decimal, currency, account, records, …",
    )
    upload.add_argument(
        "--preview", action="store_true", help="show how it would be read, and import nothing"
    )
    _add_wait(upload, 600)
    _add_json(upload)


def _add_work(commands: Commands) -> None:
    sync = _add(commands, "sync", "Sync a connection; without one, list the connections.")
    sync.add_argument("connection", nargs="?", help="a connection's id")
    sync.add_argument("--full", action="store_true", help="list everything again")
    _add_wait(sync, 0)
    _add_json(sync)
    failures = _add(commands, "failures", "List jobs that failed for good, or replay them (staff).")
    failures.add_argument("--status", choices=STATES, default="current", help="default: current")
    failures.add_argument("--search", help="an id, or a text in it")
    failures.add_argument("--replay", nargs="+", metavar="ID", help="start these jobs again")
    _add_json(failures)


def _add_setup(commands: Commands) -> None:
    text = "Store the server's address and a token, which is read from standard input."
    configure = _add(commands, "configure", text)
    configure.add_argument("--server", required=True, help="such as https://finley.example.com")
    completion = _add(
        commands,
        "completion",
        "Print a script that completes commands.",
        'examples:\n  eval "$(finley completion bash)"\n  finley completion fish | source\n',
    )
    completion.add_argument("shell", choices=SHELLS)
