"""Tables of the replaced system beside finley's own, in a schema that is dropped afterwards."""

from collections.abc import Callable, Iterator
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg
import pytest
from django.db import connections
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from graph import models
from graph.adopting.adoption_counts import Adopted, Table
from graph.models.tenant_row import TenantRow
from graph.view import refresh
from tests.graph.adopting.replaced import Replaced

SCHEMA = "Replaced System"  # a name that has to be quoted
ELSEWHERE = "test_replaced"
USER, OTHER = UUID(int=11), UUID(int=12)


@pytest.fixture
def old(committed) -> Iterator[Replaced]:
    """An empty Replaced, whose rows the fixture `put` writes to the schema of the replaced system.
    The schema is dropped afterwards."""
    yield Replaced()
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{SCHEMA}" CASCADE')


@pytest.fixture
def address(committed) -> str:
    """The conninfo with which the owner connects to the database."""
    connections["owner"].ensure_connection()
    names = ("host", "port", "user", "password", "dbname")
    parameters = connections["owner"].get_connection_params()
    return make_conninfo(**{name: parameters[name] for name in names if name in parameters})


@pytest.fixture
def raw(address: str) -> Iterator[psycopg.Connection]:
    """A connection as the owner, for SQL."""
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


@pytest.fixture
def put(old: Replaced, raw: psycopg.Connection) -> Callable[..., None]:
    """A function that writes the old rows, then runs the given statements in the old schema."""

    def write(*statements: str) -> None:
        with raw.transaction():
            old.write(raw, SCHEMA)
            raw.execute(SQL("SET LOCAL search_path = {}").format(Identifier(SCHEMA)))
            for statement in statements:
                raw.execute(cast(LiteralString, statement))

    return write


@pytest.fixture
def elsewhere(address: str, raw: psycopg.Connection) -> Iterator[str]:
    """The conninfo of another database, which is empty and dropped afterwards."""
    raw.execute(f"CREATE DATABASE {ELSEWHERE}")
    yield make_conninfo(address, dbname=ELSEWHERE)
    raw.execute(f"DROP DATABASE {ELSEWHERE} WITH (FORCE)")


def shown(user: UUID) -> dict[UUID, dict[str, Any]]:
    """Refresh the view. Return the tenant's rows of it: relationship's id → columns."""
    refresh.refresh()
    result = models.EnrichedRelationship.objects.using("owner").filter(user_id=user).values()
    by_id = {row["id"]: row for row in result}
    assert len(by_id) == len(result)
    return by_id


def table(done: Adopted, name: str) -> Table:
    return next(item for item in done.tables if item.name == name)


def rows(model: type[TenantRow], user: UUID = USER) -> list[Any]:
    return list(model.objects.using("owner").filter(user_id=user).order_by("id"))


def written() -> int:
    """The number of rows in all of finley's tables of the graph."""
    return sum(
        model.objects.using("owner").count()
        for model in models.__dict__.values()
        if isinstance(model, type) and model._meta.managed and model is not models.ViewRefresh
    )
