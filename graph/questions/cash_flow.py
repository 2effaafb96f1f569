"""Money in and out, month by month, what is owed beside it, and what is expected ahead."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from graph import sql
from graph.questions import days, open_items
from graph.reading import rows

Answer = dict[str, Any]


def cash_flow(
    user_id: UUID,
    *,
    party: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    by: Literal["month", "party"] = "month",
    today: date | None = None,
) -> Answer:
    """Months with money in and out per currency, obligations, and predicted months' ranges.

    Payments and fees count, each once (`graph.enrich.canonical`); invoices never do: what is open
    of them stands beside, as receivable and payable. Where accounts' statements reach, cash is what
    they say, and payments that only other sources tell are summed apart as `off_statement`.

    Seen from `party` (an id or a part of a name) all its payments count, whoever tells them;
    without one, those of all departments and accounts, so that what moves between two of them is
    neither in nor out. `by="party"` splits each month by who paid or was paid. Raises NotFound for
    a party that is none, ViewMissing, ViewUnpopulated.
    """
    day = today or days.today(user_id)
    with rows.snapshot(user_id) as reader:
        parties = open_items.meant(user_id, party)
        whose = {"user_id": user_id, "parties": parties, "today": day}
        within = {"since": since, "until": until, "by": by}
        owed = open_items.read(reader, user_id, day, parties, only_owed=True)
        return {
            "today": day,
            "books": days.books(reader, user_id, day),
            "months": reader.rows(sql.read("questions/cash_flow"), whose | within),
            "obligations": open_items.obligations(owed),
            "expected": reader.rows(sql.read("questions/cash_flow_expected"), whose),
        }
