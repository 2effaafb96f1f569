"""Read-only fields of admin pages: JSON as text, an id as a link."""

import json
from functools import cache
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html

TENANT = ("user_id",)


@cache
def as_json(name: str) -> Any:
    """Return a read-only admin field that shows the JSON column `name` indented.

    Django requires a separate function per column.
    """

    @admin.display(description=name.replace("_", " "))
    def shown(row: Any) -> str:
        text = json.dumps(getattr(row, name), indent=2, ensure_ascii=False)
        return format_html("<pre>{}</pre>", text)

    shown.__name__ = f"{name}_as_json"
    return shown


def as_link(column: str, model: type[Model]) -> Any:
    """Return a read-only admin field that shows the id in `column` as a link to the admin page of
    that row of `model`."""

    @admin.display(description=column.replace("_", " "), empty_value="-")
    def shown(row: Any) -> str | None:
        value = getattr(row, column)
        if value is None:
            return None
        place = reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[value]
        )
        return format_html('<a href="{}">{}</a>', place, value)

    shown.__name__ = f"{column}_as_link"
    return shown
