"""Invoices that are not settled, and payments that are not allocated, by age."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from graph.errors import NotFound
from graph.models.kept_queries import OPEN_ITEMS
from graph.questions import days
from graph.questions.search import representatives_of
from graph.reading import current_rows
from graph.reading.current_rows import Reader

Answer = dict[str, Any]

ITEMS = ("invoice", "claim", "credit_note", "refund", "overpayment", "payment_without_invoice")
DIRECTIONS = ("payable", "receivable")
OWED = ("invoice", "claim")  # the kinds of rows which state that one party owes the other money
NO_DUE_DAY = "no_due_day"
BUCKETS = ("not_due", "1-30", "31-60", "61-90", "over_90", NO_DUE_DAY)


def open_items(
    user_id: UUID,
    *,
    today: date | None = None,
    party: str | None = None,
    direction: str | None = None,
    item: str | None = None,
    currency: str | None = None,
    limit: int = 200,
) -> Answer:
    """Return the items that are open on `today`, and their sums by age.

    The earliest due day comes first; an item that states no due day is at its own day. Such an item
    is open, but never overdue: its `days_overdue` is None and its `age` is NO_DUE_DAY.

    The open amount of an invoice is its amount less settlements and credit notes. The open amount
    of a payment is the part that settles no invoice. The sums contain all items that pass the
    filters, whatever the `limit`. Amounts of different currencies are never added. Raises NotFound
    for an unknown party, ViewMissing, ViewUnpopulated.
    """
    day = today or days.today(user_id)
    with current_rows.snapshot(user_id) as reader:
        items = read(reader, user_id, day, entities_named(user_id, party))
        books = days.books(reader, user_id, day)
    filters = {"direction": direction, "item": item, "currency": currency}
    for name, value in filters.items():
        items = [row for row in items if value in (None, row[name])]
    return {
        "today": day,
        "books": books,
        "totals": totals(items),
        "count": len(items),
        "results": items[:limit],
    }


def read(reader: Reader, user_id: UUID, today: date, parties: list[UUID] | None) -> list[Answer]:
    """Return all items that are open on that day, each with its ageing bucket and `days_open`, the
    days since its own day."""
    parameters = {"user_id": user_id, "today": today, "parties": parties}
    with hashed(reader):
        items = reader.kept_rows(OPEN_ITEMS, parameters)
    return [_aged(row, today) for row in items]


def _aged(row: Answer, today: date) -> Answer:
    overdue = row["days_overdue"] if row["due_on"] else None
    age = {"days_overdue": overdue, "age": bucket(overdue)}
    return {**row, **age, "days_open": (today - row["day"]).days}


@contextmanager
def hashed(reader: Reader) -> Iterator[None]:
    """Turn nested loops off for the reader's queries inside, because the planner underestimates
    their rows.

    A kept query turns them off itself, so this does so only for corrected rows.
    """
    if not reader.corrects:
        yield
        return
    with reader.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_nestloop', 'off', true)")
        yield
        cursor.execute("SELECT set_config('enable_nestloop', 'on', true)")


def entities_named(user_id: UUID, party: str | None) -> list[UUID] | None:
    """Return the entities that the parameter `party` names (an id, or a part of a name).

    Returns None without the parameter. Raises NotFound if no entity has this id or name.
    """
    if party is None:
        return None
    parties = representatives_of(user_id, party)
    if not parties:
        raise NotFound("No entity of your graph has this id or a name like this.", "party")
    return parties


def bucket(days_overdue: int | None) -> str:
    """Return the ageing bucket for a number of days after the due day; None for an item that states
    no due day."""
    if days_overdue is None:
        return NO_DUE_DAY
    if days_overdue <= 0:
        return BUCKETS[0]
    return BUCKETS[min((days_overdue - 1) // 30, 3) + 1]


def totals(items: Iterable[Answer]) -> list[Answer]:
    """Return the open amounts by item, direction and currency, each also by age."""
    sums: dict[tuple[str, str, str], dict[str, Decimal]] = {}
    counts: dict[tuple[str, str, str], int] = {}
    for row in items:
        key = (row["direction"], row["item"], row["currency"])
        ages = sums.setdefault(key, dict.fromkeys(BUCKETS, Decimal(0)))
        ages[row["age"]] += row["open"]
        counts[key] = counts.get(key, 0) + 1
    return [
        {
            "direction": direction,
            "item": item,
            "currency": currency,
            "open": sum(ages.values(), Decimal(0)),
            "count": counts[direction, item, currency],
            "ages": ages,
        }
        for (direction, item, currency), ages in sorted(sums.items())
    ]
