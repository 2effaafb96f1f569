"""The commands. Each takes the parsed arguments and a session, and returns the exit code."""

import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from finley.cli import printing
from finley.remote import Session, uploads

OK, FAILED, USAGE = 0, 1, 2
LOOK_EVERY = 1.0  # seconds between two looks at a sync
LISTS = ("results", "months", "groups")
CONNECTION = ("id", "provider", "state", "last_synced_at")
FAILURE = ("id", "status", "function", "provider", "last_failed_at", "error")


class WrongUse(Exception):
    """The command's arguments are wrong. The message says which, and what is right."""


def ask(arguments: Namespace, session: Session) -> int:
    parameters = named(arguments.parameters)
    if arguments.all:
        path = f"graph/{arguments.question.strip('/')}/"
        pages: Iterable[Any] = session.pages(path, **parameters)
        answer: Any = [row for page in pages for row in page.get("results", [])]
        (printing.as_json if arguments.json else printing.as_table)(answer)
        return OK
    answer = session.ask(arguments.question, wait=arguments.wait, **parameters)
    if arguments.json:
        printing.as_json(answer)
    else:
        _for_people(answer)
    return OK


def _for_people(answer: dict[str, Any]) -> None:
    rows = next((answer[name] for name in LISTS if answer.get(name)), None)
    others = {name: value for name, value in answer.items() if value is not rows}
    if rows is None:
        printing.as_fields(answer)
        return
    printing.as_table(rows)
    if others.get("next") is not None:
        sys.stderr.write("There are more: add --all.\n")


def export(arguments: Namespace, session: Session) -> int:
    """Write the export to the file when it is complete, so that no file is half of one."""
    parameters = {
        "format": arguments.format,
        "columns": arguments.columns,
        "edges": arguments.edges,
    }
    target: Path = arguments.output
    with session.stream("graph/export/", **parameters) as response:
        if str(target) == "-":
            for piece in response.iter_bytes():
                sys.stdout.buffer.write(piece)
            return OK
        part = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with part.open("wb") as file:
                for piece in response.iter_bytes():
                    file.write(piece)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return OK


def import_files(arguments: Namespace, session: Session) -> int:
    choices = named(arguments.choose)
    missing = [str(path) for path in arguments.files if not path.is_file()]
    if missing:
        raise WrongUse(f"There is no file {', '.join(missing)}.")
    states = [_imported(arguments, session, path, choices) for path in arguments.files]
    if arguments.json:
        printing.as_json(states)
    else:
        printing.as_table([_summary(upload) for upload in states])
        for upload in states:
            _explain(upload)
    good = "ready" if arguments.preview else "done"
    return OK if all(upload["state"] == good for upload in states) else FAILED


def _imported(
    arguments: Namespace, session: Session, path: Path, choices: dict[str, str]
) -> dict[str, Any]:
    key = uploads.send(session, path)["id"]
    upload = uploads.settled(session, key, arguments.wait)
    if choices and upload["state"] in {"ready", "refused"}:
        session.post(f"uploads/{key}/choices/", choices)
        upload = uploads.settled(session, key, arguments.wait)
    if arguments.preview or upload["state"] != "ready" or _open_doubts(upload):
        return upload
    session.post(f"uploads/{key}/confirm/")
    return uploads.settled(session, key, arguments.wait)


def _open_doubts(upload: dict[str, Any]) -> list[dict[str, Any]]:
    return [doubt for part in upload["parts"] for doubt in part["doubts"] if doubt["blocking"]]


def _summary(upload: dict[str, Any]) -> dict[str, Any]:
    outcome = upload["outcome"] or {}
    counts = {name: outcome.get(f"rows_{name}") for name in ("stored", "updated", "rejected")}
    return {"file": upload["name"], "state": upload["state"], **counts, "id": upload["id"]}


def _explain(upload: dict[str, Any]) -> None:
    if upload["error"]:
        sys.stderr.write(f"{upload['name']}: {upload['error']}\n")
    for doubt in _open_doubts(upload) if upload["state"] == "ready" else ():
        values = " or ".join(doubt["values"])
        sys.stderr.write(f"{upload['name']}: {doubt['text']} Decide: {values}.\n")


def sync(arguments: Namespace, session: Session) -> int:
    if arguments.connection is None:
        connections = session.get("connections/")["results"]
        if arguments.json:
            printing.as_json(connections)
        else:
            printing.as_table(connections, CONNECTION)
        return OK
    body = {"connection": arguments.connection, "full": arguments.full}
    run = session.post("syncs/", body)
    until = time.monotonic() + arguments.wait
    while run["finished_at"] is None and time.monotonic() < until:
        time.sleep(LOOK_EVERY)
        run = session.get(f"syncs/{run['id']}/")
    if arguments.json:
        printing.as_json(run)
    else:
        printing.as_fields({name: run[name] for name in ("id", "status", "error")})
    return FAILED if run["status"] in {"failed", "cancelled"} else OK


def failures(arguments: Namespace, session: Session) -> int:
    if arguments.replay:
        answer = session.post("job-failures/replay/", {"ids": arguments.replay})
        (printing.as_json if arguments.json else printing.as_fields)(answer)
        return OK
    rows = list(
        session.rows("job-failures/", status=arguments.status, search=arguments.search, limit=200)
    )
    if arguments.json:
        printing.as_json(rows)
    else:
        printing.as_table(rows, FAILURE)
    return OK


def named(words: Iterable[str]) -> dict[str, str]:
    """Return NAME=VALUE words by name. Raises WrongUse for another word, or for a name twice."""
    values: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise WrongUse(f"{word!r} is not NAME=VALUE.")
        if name in values:
            raise WrongUse(f"{name} is given twice.")
        values[name] = value
    return values


COMMANDS: dict[str, Callable[[Namespace, Session], int]] = {
    "ask": ask,
    "export": export,
    "import": import_files,
    "sync": sync,
    "failures": failures,
}
