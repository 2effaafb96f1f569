"""Which rows of an imported file are payments that other books hold already."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from graph.questions import relationships
from graph.questions.rows import of_file

Answer = dict[str, Any]


def sightings(
    user_id: UUID, parts: Iterable[Mapping[str, str]], most: int
) -> tuple[int, list[Answer]]:
    """Return the number of payments of a file that other books have already, and the newest `most`
    of them as pairs of relationship ids.

    `row` is the file's relationship, `twin` the one in other books; `reason` and `confidence` say
    why they are one payment, which counts once. `parts` are the file's parts, each with its
    `source` and with the `file` that its rows name.
    """
    values = {**of_file.parameters(user_id, parts), "most": most}
    pairs = of_file.rows(user_id, "questions/rows_elsewhere", values)
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
