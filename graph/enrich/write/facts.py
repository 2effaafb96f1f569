"""Writes facts to their table, one row per relationship. Rows that are not found any more are
removed."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Model
from psycopg.sql import SQL

from graph import sql
from graph.database.bulk import AS_USUAL, IN_BULK
from graph.database.tenancy import tenant_transaction
from graph.enrich.write import column_sql
from graph.enrich.write.column_sql import type_of
from graph.enrich.write.counts import Counts

Row = Mapping[str, Any]


_JSON = json.JSONEncoder(default=str)
STAGING = "CREATE TEMPORARY TABLE given_facts ({fields}) ON COMMIT DROP"
STAGE = "COPY given_facts (relationship_id, {names}) FROM STDIN"


def write(user_id: UUID, model: type[Model], columns: Sequence[str], rows: Iterable[Row]) -> Counts:
    """Make the layer's rows of the tenant equal to `rows`, in one transaction. Return how many were
    added, changed and removed.

    Each row has `relationship_id` and the columns. A row with unchanged columns is not touched.
    """
    parts = column_sql.parts(model, "relationship_id", columns)
    staging, stage, insert = (
        SQL(text).format(**parts) for text in (STAGING, STAGE, sql.read("enrich/facts"))
    )
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(staging.as_string(connection.connection))
        with connection.connection.cursor() as copying, copying.copy(stage) as copy:
            for row in _texts(model, ("relationship_id", *columns), rows):
                copy.write_row(row)
        cursor.execute("ANALYZE given_facts")
        cursor.execute(IN_BULK)
        cursor.execute(insert.as_string(connection.connection), {"user_id": user_id})
        counts = Counts(*cursor.fetchone())
        cursor.execute("DROP TABLE given_facts")
        cursor.execute(AS_USUAL)
    return counts


def _texts(
    model: type[Model], columns: Sequence[str], rows: Iterable[Row]
) -> Iterator[tuple[Any, ...]]:
    """Yield each row's values in the order of the columns, with JSON as text."""
    is_json = [type_of(model, name) == "jsonb" for name in columns]
    for row in rows:
        yield tuple(
            _JSON.encode(row[name]) if as_json else row[name]
            for name, as_json in zip(columns, is_json, strict=True)
        )
