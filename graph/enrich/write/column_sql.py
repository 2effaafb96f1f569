"""Parts of SQL for a layer's columns, with the types that its model declares."""

from collections.abc import Sequence
from typing import Any

from django.db import connections
from django.db.models import Model
from psycopg.sql import SQL, Composable, Identifier


def parts(model: type[Model], key: str, columns: Sequence[str]) -> dict[str, Composable]:
    """Return the parts of SQL, by name, with which the layers' statements are filled.

    table    the model's table
    names    the columns
    fields   key and columns with their types
    given    the columns as found now, known: as they are stored
    changes  the assignments of an UPDATE from given
    """
    types = {name: type_of(model, name) for name in (key, *columns)}
    names = [Identifier(name) for name in columns]
    return {
        "table": Identifier(model._meta.db_table),
        "names": SQL(", ").join(names),
        "fields": SQL(", ").join(
            SQL("{} {}").format(Identifier(name), SQL(kind)) for name, kind in types.items()
        ),
        "given": SQL(", ").join(SQL("given.{}").format(name) for name in names),
        "known": SQL(", ").join(SQL("known.{}").format(name) for name in names),
        "changes": SQL(", ").join(SQL("{0} = given.{0}").format(name) for name in names),
    }


def type_of(model: type[Model], column: str) -> Any:
    """Return the column's PostgreSQL type, as the model declares it."""
    fields = model._meta.concrete_fields
    field = next(candidate for candidate in fields if candidate.column == column)
    return field.db_type(connections["default"])
