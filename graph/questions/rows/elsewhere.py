"""Which rows of an imported file are payments that other books hold already."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.questions import relationships

Answer = dict[str, Any]


def of_file(
    user_id: UUID, parts: Iterable[Mapping[str, str]], most: int
) -> tuple[int, list[Answer]]:
    """Return the number of payments of a file that other books have already, and the newest `most`
    of them as pairs of relationship ids.

    `row` is the file's relationship, `twin` the one in other books; `reason` and `confidence` say
    why they are one payment, which counts once. `parts` are the file's parts, each with its
    `source` and with the `file` that its rows name.
    """
    stored = list(parts)
    values: dict[str, Any] = {
        "user_id": user_id,
        "sources": [part["source"] for part in stored],
        "files": [json.dumps([{"file": part["file"]}]) for part in stored],
        "most": most,
    }
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("questions/rows_elsewhere"), values)
        columns = [column.name for column in cursor.description]
        pairs = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return pairs[0]["count"] if pairs else 0, pairs


def compared(user_id: UUID, pairs: Iterable[Answer]) -> list[Answer]:
    """Return the pairs, newest first, with both relationships in place of their ids.

    A pair with a relationship that is not in the view yet is left out.
    """
    listed = list(pairs)
    ids = [pair[end] for pair in listed for end in ("row", "twin")]
    rows = {row["id"]: row for row in relationships.with_ids(user_id, ids)}
    complete = [pair for pair in listed if {pair["row"], pair["twin"]} <= rows.keys()]
    full = [{**pair, "row": rows[pair["row"]], "twin": rows[pair["twin"]]} for pair in complete]
    return sorted(full, key=lambda pair: pair["row"]["occurred_at"], reverse=True)
