"""Libraries of algorithms that take long to load: loaded when a question first needs them."""

from functools import cache
from typing import Any


@cache
def networkit() -> Any:
    """The module; it loads every algorithm that it has, and what draws them where that is there."""
    import networkit as nk  # noqa: PLC0415

    return nk
