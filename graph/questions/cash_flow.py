"""Money in and out by month, what is owed, and what is expected."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from graph import sql
from graph.models.kept_queries import CASH_FLOW, CASH_FLOW_EXPECTED
from graph.questions import days, open_items
from graph.questions.expected import months
from graph.reading import current_rows

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
    """Return the money in and out per month and currency, obligations, and ranges of expected
    months (`graph.questions.expected.months`).

    Payments and fees count once each (`graph.enrich.canonical`). Invoices do not count; their open
    amounts are listed as receivable and payable. If an account has statements, its cash is what
    they state, and payments that only other sources have are summed as `off_statement`.

    With `party` (an id or a part of a name), all payments of the party count, from its point of
    view. Without it, all payments of departments and accounts count, so that a transfer between two
    of them is neither in nor out. `by="party"` splits each month by counterparty. Raises NotFound
    for an unknown party, ViewMissing, ViewUnpopulated.
    """
    day = today or days.today(user_id)
    with current_rows.snapshot(user_id) as reader:
        parties = open_items.entities_named(user_id, party)
        whose = {"user_id": user_id, "parties": parties, "today": day}
        within = {"since": since, "until": until, "by": by}
        owed = open_items.read(reader, user_id, day, parties, only_owed=True)
        return {
            "today": day,
            "books": days.books(reader, user_id, day),
            "months": reader.kept_rows(CASH_FLOW, whose | within),
            "obligations": open_items.obligations(owed),
            "expected": months.by_month(reader.kept_rows(CASH_FLOW_EXPECTED, whose), day),
        }


def payments_of(
    user_id: UUID,
    currency: str,
    way: str,
    *,
    party: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Answer]:
    """Return the payments that `cash_flow` sums, newest first: money that comes `in` or goes `out`,
    or the payments that are `off_statement`, as `way` says.

    Each has the relationship's `id`, `currency` and `amount`, and whether it `comes_in`. Raises
    NotFound for an unknown party, ViewMissing, ViewUnpopulated.
    """
    with current_rows.snapshot(user_id) as reader:
        parameters = {
            "user_id": user_id,
            "parties": open_items.entities_named(user_id, party),
            "since": since,
            "until": until,
            "currency": currency,
            "way": way,
        }
        return reader.rows(_with_counted_payments("questions/cash_flow_payments"), parameters)


def _with_counted_payments(query: str) -> str:
    """Return the text of the SQL file `query` after a WITH clause that selects the payments that
    count, each once."""
    return f"{sql.read('questions/cash_flow_counted')}{sql.read(query)}"
