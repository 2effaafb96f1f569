"""Writes the reliability of each layer as Markdown: its confidence, and how often it was right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

HEAD = ("| layer | stated → right (n), by tenths of confidence | error |", "|---|---|---|")


def markdown(as_json: dict[str, Any]) -> str:
    """A table for each set of books with reliability data."""
    return (
        "\n".join(line for name, scores in as_json.items() for line in _table(name, scores)) + "\n"
    )


def _table(name: str, scores: dict[str, Any]) -> Iterator[str]:
    layers = scores.get("reliability") or {}
    if layers:
        yield from (f"**{name}**", "", *HEAD)
    for layer, bins in sorted(layers.items()):
        count = sum(n for _, _, n in bins)
        error = sum(n * abs(stated - right) for stated, right, n in bins) / count
        text = ", ".join(f"{stated:.2f} → {right:.2f} ({n:,})" for stated, right, n in bins)
        yield f"| `{layer}` | {text} | {error:.3f} |"
    if layers:
        yield ""
