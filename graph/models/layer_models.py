"""The model of each layer's table."""

from typing import Any

from django.apps import apps

from graph.layers import Layer


def model_of(layer: Layer) -> Any:
    """Return the model of the layer's table. Raises LookupError if no model has this table."""
    for model in apps.get_app_config("graph").get_models():
        if model._meta.db_table == layer.table:
            return model
    raise LookupError(f"No model of graph.models has the layer {layer.name}'s table {layer.table}.")


def statuses_of(layer: Layer) -> tuple[str, ...]:
    """Return the values that the layer's column `status` may have in the view, or () without that
    column."""
    for field in model_of(layer)._meta.concrete_fields:
        if field.name == "status" and field.choices:
            values = sorted(str(value) for value, _ in field.choices)
            return tuple(value for value in values if value != layer.hidden_status)
    return ()
