"""Money in and out, month by month, and what is expected ahead."""

from datetime import datetime
from typing import Any
from uuid import UUID

from graph import sql
from graph.enrich import canonical
from graph.errors import NotFound
from graph.questions.search import standing_for
from graph.reading import rows

Answer = dict[str, Any]


def cash_flow(
    user_id: UUID,
    *,
    party: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Answer:
    """Months with money in and out per currency, and the predicted months with their ranges.

    Seen from `party` (an id or a part of a name); without one, from all departments and accounts
    together, so that what moves between two of them is neither in nor out. A payment that several
    sources tell counts once. Raises NotFound for a party that is none, ViewMissing,
    ViewUnpopulated.
    """
    counted_elsewhere = [one for one, best in canonical.of_tenant(user_id).items() if one != best]
    within = {"since": since, "until": until, "others": counted_elsewhere}
    with rows.snapshot(user_id) as reader:
        whose = {"user_id": user_id, "parties": None if party is None else _meant(user_id, party)}
        return {
            "months": reader.rows(sql.read("questions/cash_flow"), whose | within),
            "expected": reader.rows(sql.read("questions/cash_flow_expected"), whose),
        }


def _meant(user_id: UUID, party: str) -> list[UUID]:
    found = standing_for(user_id, party)
    if not found:
        raise NotFound("No entity of your graph has this id or a name like this.", "party")
    return found
