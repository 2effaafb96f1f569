"""Runs a command, and turns errors into sentences and exit codes."""

import getpass
import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from finley.cli import arguments, commands, completion, server_access
from finley.remote import ProblemError, QuestionFailed, Session, Unreachable

REFUSED, WRONG_USE, NO_ACCESS, AWAY = 1, 2, 3, 4
INTERRUPTED = 130  # as shells say it of SIGINT
CODES: dict[type[Exception], int] = {
    commands.WrongUse: WRONG_USE,
    server_access.NoAccess: NO_ACCESS,
    QuestionFailed: REFUSED,
    Unreachable: AWAY,
    OSError: REFUSED,
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the command that the words state, by default those of the process. Return the exit
    code."""
    options = arguments.parser().parse_args(words)
    try:
        return _run(options)
    except ProblemError as error:
        return _refused(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except tuple(CODES) as error:
        sys.stderr.write(f"{error}\n")
        return next(code for kind, code in CODES.items() if isinstance(error, kind))


def _run(options: Namespace) -> int:
    if options.command == "completion":
        sys.stdout.write(completion.script(options.shell))
        return commands.OK
    if options.command == "configure":
        return _configure(options.server)
    access = server_access.read(os.environ)
    with Session(access.server, access.token) as session:
        return commands.COMMANDS[options.command](options, session)


def _configure(server: str) -> int:
    """Ask the server with the token before it is stored."""
    token = getpass.getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline()
    named = {"FINLEY_SERVER": server, "FINLEY_TOKEN": token.strip()}
    access = server_access.read({**os.environ, **named})
    with Session(access.server, access.token) as session:
        session.get("graph/stats/")
    path = server_access.write(os.environ, access)
    sys.stdout.write(f"Stored in {path}.\n")
    return commands.OK


def _refused(error: ProblemError) -> int:
    for name, text in error.fields.items():
        sys.stderr.write(f"{name}: {text}\n")
    if not error.fields:
        sys.stderr.write(f"{error.detail}\n")
    if error.request_id:
        sys.stderr.write(f"(request {error.request_id})\n")
    if error.status in {401, 403}:
        return NO_ACCESS
    return AWAY if error.status in {429, 502, 503, 504} else REFUSED
