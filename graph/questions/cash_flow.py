"""Money in and out by month, what is owed, and what is expected."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from graph import sql
from graph.models.kept_queries import BOOKS, CASH_FLOW, COUNTED
from graph.questions import days, open_items
from graph.questions.expected import months
from graph.reading import current_rows

Answer = dict[str, Any]
SUMS = {
    "months": (
        "money_in",
        "money_out",
        "transferred",
        "off_statement_in",
        "off_statement_out",
    ),
    "obligations": ("open", "overdue"),
}
QUERIES = (CASH_FLOW, BOOKS)
PAYMENTS = "".join(map(sql.read, (*COUNTED, "questions/cash_flow_payments")))
EXPECTED_DAYS = ("expected_from", "expected_to", "stale_from")


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
    parts = written(user_id, party=party, since=since, until=until, by=by, today=today)
    return {**parts, **{name: _rows(parts[name], amounts) for name, amounts in SUMS.items()}}


def written(
    user_id: UUID,
    *,
    party: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    by: Literal["month", "party"] = "month",
    today: date | None = None,
) -> Answer:
    """Return the answer of `cash_flow` with `months` and `obligations` as JSON arrays that the
    database has written."""
    day = today or days.today(user_id)
    parameters = {
        "user_id": user_id,
        "parties": None,
        "since": since,
        "until": until,
        "by": by,
        "today": day,
    }
    (parts,), books = _read(user_id, party, parameters)
    predictions = _rows(parts["expected"], ("amount_low", "amount_high"))
    for row in predictions:
        for name in EXPECTED_DAYS:
            row[name] = row[name] and date.fromisoformat(row[name])
    return {
        "today": day,
        "books": days.named(user_id, books),
        **parts,
        "expected": months.by_month(predictions, day),
    }


def _read(user_id: UUID, party: str | None, parameters: Answer) -> list[list[Answer]]:
    """Return the rows of QUERIES, read in one snapshot."""
    if party is None:
        at_once = current_rows.rows_at_once(user_id, QUERIES, parameters)
        if at_once is not None:
            return at_once
    with current_rows.snapshot(user_id) as reader, open_items.hashed(reader):
        of_parties = {**parameters, "parties": open_items.entities_named(user_id, party)}
        return [reader.kept_rows(query, of_parties) for query in QUERIES]


def _rows(text: str, amounts: Sequence[str]) -> list[Answer]:
    """Return the rows of a JSON array of the database, with these amounts as Decimals."""
    rows: list[Answer] = json.loads(text)
    for row in rows:
        for name in amounts:
            row[name] = None if row[name] is None else Decimal(row[name])
    return rows


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
        return reader.rows(PAYMENTS, parameters)
