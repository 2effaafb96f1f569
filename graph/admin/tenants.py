"""Shows tenants in admin lists by e-mail address, with the id on hover."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.utils.html import format_html

from graph import tenant_lookup


@admin.display(description="tenant", empty_value="-")
def tenant(row: Any) -> str | None:
    """Return the e-mail address of the row's tenant as HTML with the tenant's id on hover.

    Shows "no user" and the beginning of the id if there is no address. Returns None for a row
    without a tenant. Call `read_addresses` for the rows first.
    """
    if row.user_id is None:
        return None
    address = getattr(row, "tenant_address", "") or f"no user ({str(row.user_id)[:8]}…)"
    return format_html('<span title="{}">{}</span>', row.user_id, address)


def read_addresses(rows: Iterable[Any]) -> None:
    """Set `tenant_address` on each row that has a tenant: the tenant's e-mail address, or "".

    It takes one query for all rows. The function `tenant` shows the address.
    """
    of_tenants = [row for row in rows if getattr(row, "user_id", None) is not None]
    addresses = tenant_lookup.addresses({row.user_id for row in of_tenants})
    for row in of_tenants:
        row.tenant_address = addresses.get(row.user_id, "")
