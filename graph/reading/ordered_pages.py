"""Pages of a tenant's relationships, ordered by oldest first or by amount.

Such a page reads all rows that match; `graph.reading.newest_pages` does not.
"""

import base64
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from graph.errors import QuestionError
from graph.models import TenantRelationship
from graph.reading.current_rows import Reader

ORDERS = {"oldest": "occurred_at", "amount": "amount"}
Rows = QuerySet[TenantRelationship]


def page(
    reader: Reader, rows: Rows, order: str, most: int, after: str | None
) -> tuple[list[TenantRelationship], str | None]:
    """Return at most `most` rows in one of ORDERS, and the text at which the next page begins, or
    None.

    The oldest rows come first, or the greatest amounts, with rows without an amount last. Raises
    QuestionError if `after` is not a text of this order.
    """
    column = ORDERS[order]
    if after is not None:
        rows = rows.filter(_beyond(order, *_position(order, after)))
    by = F(column).asc() if order == "oldest" else F(column).desc(nulls_last=True)
    fetched = reader.relationships(rows.order_by(by, "pk")[: most + 1])
    if len(fetched) <= most:
        return fetched, None
    last = fetched[most - 1]
    return fetched[:most], _text(order, getattr(last, column), last.pk)


def _beyond(order: str, value: Any, row_id: UUID) -> Q:
    if value is None:
        return Q(amount__isnull=True, pk__gt=row_id)
    column, side = ORDERS[order], "gt" if order == "oldest" else "lt"
    later = Q(**{f"{column}__{side}": value}) | Q(**{column: value, "pk__gt": row_id})
    return later if order == "oldest" else later | Q(amount__isnull=True)


def _text(order: str, value: Any, row_id: UUID) -> str:
    shown = value.isoformat() if isinstance(value, datetime) else str(value)
    return base64.urlsafe_b64encode(f"{order} {shown} {row_id}".encode()).decode().rstrip("=")


def _position(order: str, text: str) -> tuple[Any, UUID]:
    try:
        name, shown, row_id = base64.urlsafe_b64decode(f"{text}==").decode("ascii").split(" ")
        value = _value(name, shown)
        if name != order or _text(order, value, UUID(row_id)) != text:
            raise ValueError(text)
    except (ValueError, ArithmeticError):
        raise QuestionError(
            "This is not a cursor. Use the `next` of an answer of the same order.", "cursor"
        ) from None
    return value, UUID(row_id)


def _value(order: str, shown: str) -> datetime | Decimal | None:
    if order == "oldest":
        when = datetime.fromisoformat(shown)
        if when.tzinfo is None:
            raise ValueError(shown)
        return when
    value = None if shown == "None" else Decimal(shown)
    if value is not None and not value.is_finite():
        raise ValueError(shown)
    return value
