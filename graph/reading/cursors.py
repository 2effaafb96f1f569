"""Pages of a list that is ordered by time, and the cursors between them. A cursor is a
(timestamp, id), so new rows do not shift later pages."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet

Position = tuple[datetime, UUID]


def page[Row: Model](
    rows: QuerySet[Row],
    by: str,
    most: int,
    after: Position | None,
    read: Callable[[QuerySet[Row]], list[Row]] = list,
) -> tuple[list[Row], Position | None]:
    """Return at most `most` rows, newest first by the column `by`, and the position of the next
    page."""
    if after is not None:
        rows = rows.filter(beyond(by, *after))
    found_rows = read(rows.order_by(f"-{by}", "-pk")[: most + 1])
    if len(found_rows) <= most:
        return found_rows, None
    last: Any = found_rows[most - 1]
    return found_rows[:most], (getattr(last, by), last.pk)


def beyond(by: str, when: datetime, row_id: UUID) -> Q:
    """Return the condition that selects the rows after a position, newest first by the column `by`.

    Its first part is redundant, but lets PostgreSQL use the index.
    """
    return Q(**{f"{by}__lte": when}) & (Q(**{f"{by}__lt": when}) | Q(pk__lt=row_id))


def cursor(position: Position | None) -> str | None:
    """Return the position as an opaque text, which `position` parses; None for None."""
    if position is None:
        return None
    when, row_id = position
    return base64.urlsafe_b64encode(f"{when.isoformat()} {row_id}".encode()).decode().rstrip("=")


def position(text: str) -> Position:
    """Return the position that the text encodes. Raises ValueError if `cursor` did not make the
    text."""
    when, _, row_id = base64.urlsafe_b64decode(f"{text}==").decode("ascii").partition(" ")
    parsed = datetime.fromisoformat(when), UUID(row_id)
    if cursor(parsed) != text or parsed[0].tzinfo is None:
        raise ValueError(f"not a cursor: {text!r}")
    return parsed
