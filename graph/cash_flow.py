"""Money in and out, month by month, and what is expected ahead."""

from datetime import datetime
from typing import Any
from uuid import UUID

from graph.enrich import canonical
from graph.errors import NotFound
from graph.parties import rows
from graph.search import standing_for
from graph.tenancy import tenant_transaction

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
    parties = None if party is None else _meant(user_id, party)
    counted_elsewhere = [one for one, best in canonical.of_tenant(user_id).items() if one != best]
    asked = {"parties": parties, "since": since, "until": until, "others": counted_elsewhere}
    return {
        "months": rows(user_id, "cash_flow", asked),
        "expected": rows(user_id, "cash_flow_expected", {"parties": parties}),
    }


def _meant(user_id: UUID, party: str) -> list[UUID]:
    with tenant_transaction(user_id):
        found = standing_for(user_id, party)
    if not found:
        raise NotFound("No entity of your graph has this id or a name like this.", "party")
    return found
