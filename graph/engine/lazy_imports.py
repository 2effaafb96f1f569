"""Imports libraries that load slowly, when a question first needs them."""

from functools import cache
from typing import Any


@cache
def networkit() -> Any:
    """Import and return the module networkit. The first import loads all its algorithms."""
    import networkit as nk  # noqa: PLC0415

    return nk


@cache
def pypdf() -> Any:
    """Import and return the module pypdf. The first import takes 0.2 s, with Pillow and
    fontTools."""
    import pypdf as reader  # noqa: PLC0415

    return reader
