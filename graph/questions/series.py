"""The payments of recurring series: each amount, and how it changed over time."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from graph import sql
from graph.questions import whole_graph
from graph.questions.decisions import predictions
from graph.questions.lasting_changes import price_changes
from graph.reading import current_rows

Answer = dict[str, Any]
History = list[tuple[date, Decimal]]


def histories(user_id: UUID, relationship_ids: Sequence[UUID]) -> dict[UUID, History]:
    """Return relationship → the (day, amount) pairs of the series that it belongs to, oldest first.

    A series has one source, so no payment is in it twice. Raises ViewMissing, ViewUnpopulated.
    """
    histories: defaultdict[UUID, History] = defaultdict(list)
    for row in _rows(user_id, relationship_ids):
        histories[row["relationship_id"]].append((row["day"], row["amount"]))
    return dict(histories)


def payments(user_id: UUID, relationship_id: UUID) -> list[Answer]:
    """Return the payments of the series that a relationship belongs to, oldest first: `id`, `day`,
    `amount`.

    The list is empty if the relationship belongs to no series. Raises ViewMissing, ViewUnpopulated.
    """
    return _rows(user_id, [relationship_id])


def series(user_id: UUID, relationship_id: UUID | str, *, today: date) -> Answer:
    """Return the series that a relationship belongs to: its `payments`, the lasting changes of its
    price (`prices`), and the `expected` payment, None if there is none.

    The lists are empty if the relationship belongs to no series. Raises NotFound, ViewMissing,
    ViewUnpopulated.
    """
    row = whole_graph.relationship(user_id, relationship_id)
    rows = payments(user_id, row["id"])
    return {
        "today": today,
        "payments": rows,
        "prices": price_changes([(row["day"], row["amount"]) for row in rows]),
        "expected": predictions.of_payments(user_id, [row["id"] for row in rows], today),
    }


def bills_paid(user_id: UUID, relationship_ids: Sequence[UUID]) -> dict[UUID, list[Decimal]]:
    """Return payment → what it pays of each bill that it settles, the greatest first.

    Raises ViewMissing, ViewUnpopulated.
    """
    bills: defaultdict[UUID, list[Decimal]] = defaultdict(list)
    if relationship_ids:
        parameters = {"user_id": user_id, "relationships": list(relationship_ids)}
        with current_rows.snapshot(user_id) as reader:
            for row in reader.rows(sql.read("questions/bills_paid"), parameters):
                bills[row["id"]].append(row["allocated"])
    return dict(bills)


def _rows(user_id: UUID, relationship_ids: Sequence[UUID]) -> list[Answer]:
    if not relationship_ids:
        return []
    with current_rows.snapshot(user_id) as reader:
        return reader.rows(
            sql.read("questions/series_histories"),
            {"user_id": user_id, "relationships": list(relationship_ids)},
        )
