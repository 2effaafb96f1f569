"""Admin pages for layers' tables that have no page of their own, made from the layers'
declarations."""

from typing import Any

from django.contrib import admin

from graph.admin.table_admin import FactTable, PatternTable
from graph.layers import LAYERS, Layer
from graph.models.layer_models import model_of


def register() -> None:
    """Register each layer's model that is not registered yet."""
    for layer in LAYERS:
        if not admin.site.is_registered(model_of(layer)):
            admin.site.register(model_of(layer), _page(layer))


def _page(layer: Layer) -> type[Any]:
    """Return an admin page that lists the layer's columns. Columns with a list of choices are
    filters."""
    fields = {field.name: field for field in model_of(layer)._meta.concrete_fields}
    names = [column.name for column in layer.columns if column.name in fields]
    options: dict[str, Any] = {
        "list_display": (*_first(layer), *names, "user_id"),
        "list_filter": tuple(name for name in names if fields[name].choices),
    }
    if not layer.is_pattern and not layer.pick:  # one row a relationship: its unique key sorts
        options["ordering"] = ("user_id", "relationship_id")
    table = PatternTable if layer.is_pattern else FactTable
    return type(f"{model_of(layer).__name__}Admin", (table,), options)


def _first(layer: Layer) -> tuple[str, ...]:
    return ("key",) if layer.is_pattern else ("id", "relationship")


register()
