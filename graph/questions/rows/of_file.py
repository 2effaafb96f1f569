"""The rows of an imported file, as the books have them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from graph import sql
from graph.database.tenancy import tenant_transaction

Answer = dict[str, Any]
Parts = Iterable[Mapping[str, str]]


def parameters(user_id: UUID, parts: Parts) -> dict[str, Any]:
    """Return the parameters of queries about the rows of these parts, each with its `source`, with
    the `file` that its rows name, and with the key of the `upload`, if one brought them."""
    stored = list(parts)
    return {
        "user_id": user_id,
        "sources": [part["source"] for part in stored],
        "files": [json.dumps([_place(part)]) for part in stored],
    }


def _place(part: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters by which rows state that they are from this part of a file."""
    return {name: part[name] for name in ("file", "upload") if part.get(name)}


def ids(user_id: UUID, parts: Parts, start: int, end: int) -> list[UUID]:
    """Return the ids of the relationships of the rows, newest first, from position `start` up
    to, but not including, `end`."""
    values = {**parameters(user_id, parts), "start": start, "most": end - start}
    return [row["id"] for row in rows(user_id, "questions/rows_of_file", values)]


def count(user_id: UUID, parts: Parts) -> int:
    """Return the number of all rows of `ids`."""
    return sum(row["rows"] for row in sums(user_id, parts))


def sums(user_id: UUID, parts: Parts) -> list[Answer]:
    """Return the sums of the rows by `payer_kind`, `payee_kind`, `records` and `currency`, each
    with `amount` and its number of `rows`."""
    return rows(user_id, "questions/rows_of_file_sums", parameters(user_id, parts))


def rows(user_id: UUID, query: str, values: Mapping[str, Any]) -> list[Answer]:
    """Return the rows of the SQL file `query` with these parameters, as dicts by column."""
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read(query), values)
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
