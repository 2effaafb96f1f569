"""Which day is today for a question, and until which day each source's books reach."""

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from psycopg.sql import SQL, Composed, Literal

from graph import sql
from graph.database.tenancy import tenant_row
from graph.questions import source_names
from graph.reading import current_rows
from graph.reading.current_rows import Reader
from graph.view import version

Answer = dict[str, Any]


def today(user_id: UUID) -> date:
    """The current day in the tenant's time zone, or in the service's if the tenant has set none."""
    return _in_zone(tenant_row(user_id, SQL("SELECT ({}) AS time_zone").format(_zone(user_id))))


def today_and_version(user_id: UUID) -> tuple[date, str]:
    """The current day and the version of the tenant's data, by one round trip."""
    query = SQL("SELECT state.*, ({}) AS time_zone FROM ({}) AS state")
    row = tenant_row(user_id, query.format(_zone(user_id), version.query(user_id)))
    return _in_zone(row), version.of_row(row)


def _zone(user_id: UUID) -> Composed:
    return SQL("SELECT time_zone FROM tenant_preferences WHERE user_id = {}").format(
        Literal(user_id)
    )


def _in_zone(row: dict[str, Any]) -> date:
    return datetime.now(ZoneInfo(row["time_zone"] or settings.TIME_ZONE)).date()


def reach(user_id: UUID, today: date) -> list[Answer]:
    """As `books`, in a transaction of its own."""
    with current_rows.snapshot(user_id) as reader:
        return books(reader, user_id, today)


def books(reader: Reader, user_id: UUID, today: date) -> list[Answer]:
    """Each source with its name and the last day of its books. Days after `today` do not count."""
    rows = reader.rows(sql.read("questions/books"), {"user_id": user_id, "today": today})
    name_of = source_names.among(user_id, [row["source"] for row in rows])
    return [{**row, "name": name_of[row["source"]]} for row in rows]


def first(reader: Reader, user_id: UUID) -> date | None:
    """The first day of all books, or None if there are none."""
    (row,) = reader.rows(sql.read("questions/books_begin"), {"user_id": user_id})
    day: date | None = row["day"]
    return day
