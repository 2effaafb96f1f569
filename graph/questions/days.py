"""Which day is today for a question, and until which day each source's books reach."""

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.models import TenantPreference
from graph.reading import current_rows
from graph.reading.current_rows import Reader

Answer = dict[str, Any]


def today(user_id: UUID) -> date:
    """The current day in the tenant's time zone, or in the service's if the tenant has set none."""
    with tenant_transaction(user_id):
        zone = (
            TenantPreference.objects.filter(user_id=user_id)
            .values_list("time_zone", flat=True)
            .first()
        )
    return datetime.now(ZoneInfo(zone or settings.TIME_ZONE)).date()


def reach(user_id: UUID, today: date) -> list[Answer]:
    """As `books`, in a transaction of its own."""
    with current_rows.snapshot(user_id) as reader:
        return books(reader, user_id, today)


def books(reader: Reader, user_id: UUID, today: date) -> list[Answer]:
    """Each source with the last day of its books. Days after `today` do not count."""
    return reader.rows(sql.read("questions/books"), {"user_id": user_id, "today": today})
