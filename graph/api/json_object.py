"""JSON objects that are text already, as the database has written them."""

import json
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


class JsonObject(str):
    """The text of a JSON object with at least one field."""

    __slots__ = ()

    def beside(self, **fields: Any) -> "JsonObject":
        """Return a JsonObject that has `fields` added after its own fields."""
        further = json.dumps(
            fields, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
        return JsonObject(f"{self[:-1]},{further[1:]}")


class ObjectRenderer(JSONRenderer):
    """Renders a JsonObject as it is, and everything else as the REST framework does."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        return (
            data.encode() if isinstance(data, JsonObject) else super().render(data, *args, **kwargs)
        )
