"""Lists in pages: a place in a list is a moment and an id, so that what is new since moves none."""

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
    """At most `most` rows, the newest by that column first, and where the next page begins.

    None: there is no next page. `read` evaluates the queryset.
    """
    if after is not None:
        rows = rows.filter(_beyond(by, *after))
    found = read(rows.order_by(f"-{by}", "-pk")[: most + 1])
    if len(found) <= most:
        return found, None
    last: Any = found[most - 1]
    return found[:most], (getattr(last, by), last.pk)


def _beyond(by: str, when: datetime, row_id: UUID) -> Q:
    """The first condition is the index's."""
    return Q(**{f"{by}__lte": when}) & (Q(**{f"{by}__lt": when}) | Q(pk__lt=row_id))


def cursor(position: Position | None) -> str | None:
    """An opaque text that `position` reads; None where there is no next page."""
    if position is None:
        return None
    when, row_id = position
    return base64.urlsafe_b64encode(f"{when.isoformat()} {row_id}".encode()).decode().rstrip("=")


def position(text: str) -> Position:
    """Raises ValueError for a text that `cursor` did not make."""
    when, _, row_id = base64.urlsafe_b64decode(f"{text}==").decode("ascii").partition(" ")
    found = datetime.fromisoformat(when), UUID(row_id)
    if cursor(found) != text or found[0].tzinfo is None:
        raise ValueError(f"no cursor: {text!r}")
    return found
