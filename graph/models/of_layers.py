"""The model of each layer's table."""

from typing import Any

from django.apps import apps

from graph.layers import Layer


def model_of(layer: Layer) -> Any:
    """The model whose table the layer's declaration names. Raises LookupError without one."""
    for model in apps.get_app_config("graph").get_models():
        if model._meta.db_table == layer.table:
            return model
    raise LookupError(f"No model of graph.models has the layer {layer.name}'s table {layer.table}.")


def statuses_of(layer: Layer) -> tuple[str, ...]:
    """The values of its column `status` that the view shows; none for a layer without statuses."""
    for field in model_of(layer)._meta.concrete_fields:
        if field.name == "status" and field.choices:
            values = sorted(str(value) for value, _ in field.choices)
            return tuple(value for value in values if value != layer.hidden_status)
    return ()
