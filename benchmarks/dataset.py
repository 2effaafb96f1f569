"""Seeded books in a database of their own, which is dropped after the measurement."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString, NoReturn, cast
from uuid import UUID

from django.core.management import call_command
from django.db import ProgrammingError, connections
from django.db.utils import OperationalError
from psycopg.sql import SQL, Identifier, Literal

from graph.database import arrow
from graph.view import refresh

DATABASE = "finley_bench"
BOOKS = Path(__file__).with_name("books.sql")


@contextmanager
def database(name: str = DATABASE) -> Iterator[None]:
    """Connect both aliases to a new, migrated database on the configured server.

    The database of a run that was killed is replaced. The database is dropped at the end, also
    after Ctrl-C and SIGTERM. Ends the program with a sentence if the server allows no new database.
    """
    usual = {alias: connections[alias].settings_dict["NAME"] for alias in connections}
    previous = signal.signal(signal.SIGTERM, _interrupt)
    _create(name)
    try:
        _turn_to(dict.fromkeys(usual, name))
        call_command("migrate", verbosity=0)
        yield
    finally:
        _turn_to(usual)
        _maintain(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))
        disconnect()
        signal.signal(signal.SIGTERM, previous)


@contextmanager
def kept(name: str, made_of: str, fill: Callable[[], None]) -> Iterator[None]:
    """Connect both aliases to a database that stays after the run. `fill` fills it unless its label
    is `made_of` already."""
    usual = {alias: connections[alias].settings_dict["NAME"] for alias in connections}
    if _label(name) != made_of:
        _create(name)
    try:
        _turn_to(dict.fromkeys(usual, name))
        if _label(name) != made_of:
            call_command("migrate", verbosity=0)
            fill()
            _maintain(SQL("COMMENT ON DATABASE {} IS {}").format(Identifier(name), made_of))
        yield
    finally:
        _turn_to(usual)


def fill(user_id: UUID, edges: int, entities: int, seed: int) -> None:
    """Write the tenant's books to the tables and refresh the view.

    The rows' ids depend on the seed alone, so two tenants of one database need two seeds.
    """
    books = SQL(cast(LiteralString, BOOKS.read_text())).format(
        user=Literal(user_id),
        edges=Literal(edges),
        entities=Literal(entities),
        seed=Literal(seed),
    )
    with connections["owner"].cursor() as cursor:
        cursor.execute(books)
    refresh.refresh(concurrently=False)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")


def disconnect() -> None:
    """Close every connection of this process, including those of the pools."""
    arrow.close_all()
    for alias in connections:
        connections[alias].close()
        connections[alias].close_pool()


def _turn_to(names: dict[str, str]) -> None:
    disconnect()
    for alias, name in names.items():
        connections[alias].settings_dict["NAME"] = name


def _label(name: str) -> str | None:
    """The label that was written on the database of this name when it was complete; None if there
    is no label or no such database."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [name],
        )
        row = cursor.fetchone()
    return row and row[0]


def _create(name: str) -> None:
    try:
        _maintain(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))
        _maintain(SQL("CREATE DATABASE {}").format(Identifier(name)))
    except OperationalError as error:
        sys.exit(f"The database {name} is in use, by another measuring perhaps: {error}")
    except ProgrammingError as error:
        sys.exit(f"Measuring needs a role that may create databases: {error}")


def _maintain(statement: SQL) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
