"""Imports libraries that load slowly, when a question first needs them."""

from functools import cache
from typing import Any


@cache
def networkit() -> Any:
    """The networkit module. Its import loads all its algorithms, and plotting if installed."""
    import networkit as nk  # noqa: PLC0415

    return nk


@cache
def pypdf() -> Any:
    """The pypdf module. Its import takes 0.2 s, with Pillow and fontTools."""
    import pypdf as reader  # noqa: PLC0415

    return reader
