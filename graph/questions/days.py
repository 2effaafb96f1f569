"""Which day is today for a question, and until which day each source's books reach."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from graph import sql
from graph.database.tenancy import Query, tenant_row, tenant_rows
from graph.models.kept_queries import BOOKS
from graph.questions import source_names
from graph.reading.current_rows import Reader
from graph.view import version
from graph.view.version import Moment

Answer = dict[str, Any]


def today(user_id: UUID) -> date:
    """Return the current day in the tenant's time zone, or in the service's if the tenant has set
    none."""
    return datetime.now(time_zone(user_id)).date()


def time_zone(user_id: UUID) -> ZoneInfo:
    """Return the tenant's time zone, or the service's if the tenant has set none."""
    return _zone(tenant_row(user_id, Query(f"SELECT {version.ZONE}", (user_id,))))


def today_and_version(user_id: UUID) -> tuple[date, str]:
    """Return the current day and the version of the tenant's data, by one round trip."""
    row = version.version_row(user_id)
    return _in_zone(row), version.of_row(row)


def unchanged(user_id: UUID, moment: Moment, day: date | None, zone: str | None) -> bool:
    """Return whether the tenant's data is as it was at that moment, `day` is still the current
    day, and `zone` the tenant's time zone. A `day` or `zone` of None is not compared."""
    row = version.unchanged_row(user_id, moment)
    is_same_zone = zone is None or _zone(row).key == zone
    return row["unchanged"] and is_same_zone and (day is None or _in_zone(row) == day)


def _in_zone(row: Mapping[str, Any]) -> date:
    return datetime.now(_zone(row)).date()


def _zone(row: Mapping[str, Any]) -> ZoneInfo:
    return ZoneInfo(row["time_zone"] or settings.TIME_ZONE)


def later(day: date, by: timedelta) -> date:
    """Return `day` plus `by`, at most the last day that a date can express."""
    return day + min(by, date.max - day)


def reach(user_id: UUID, today: date) -> list[Answer]:
    """Return what `books` returns, by one round trip of its own."""
    query = Query("SELECT * FROM books_of(%s, %s)", (user_id, today))
    return named(user_id, tenant_rows(user_id, query))


def books(reader: Reader, user_id: UUID, today: date) -> list[Answer]:
    """Return each source with its name and the last day of its books. Days after `today` do not
    count.

    They are read each time, because a new event, or one that changes its source, changes them
    without changing the version of the data.
    """
    parameters = {"user_id": user_id, "today": today}
    return named(user_id, reader.kept_rows(BOOKS, parameters))


def named(user_id: UUID, rows: list[Answer]) -> list[Answer]:
    """Return the rows of the query BOOKS with each source's `name`."""
    name_of = source_names.among(user_id, [row["source"] for row in rows])
    return [{**row, "name": name_of[row["source"]]} for row in rows]


def first(reader: Reader, user_id: UUID) -> date | None:
    """Return the first day of all books, or None if there are none."""
    (row,) = reader.rows(sql.read("questions/books_begin"), {"user_id": user_id})
    day: date | None = row["day"]
    return day
