"""Prints answers: as JSON for programs, as aligned columns for people."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WIDEST = 40  # characters of a cell for people
Row = Mapping[str, Any]


def as_json(value: Any) -> None:
    """Print the value as JSON, one line for each item of a list."""
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def as_table(rows: Sequence[Row], columns: Sequence[str] | None = None) -> None:
    """Print the rows in aligned columns. By default the columns are the keys of the first row whose
    values are no lists or objects without a name."""
    if not rows:
        sys.stdout.write("Nothing found.\n")
        return
    names = list(columns or _columns(rows[0]))
    cells = [[cell(row.get(name)) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    for line in (names, *cells):
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def as_fields(answer: Row) -> None:
    """Print an object as a line for each value, and each list in it as a table."""
    single = {name: value for name, value in answer.items() if not _is_rows(value)}
    width = max(map(len, single), default=0)
    for name, value in single.items():
        sys.stdout.write(f"{name.ljust(width)}  {cell(value, widest=200)}\n")
    for name, value in answer.items():
        if _is_rows(value):
            sys.stdout.write(f"\n{name}\n")
            as_table(value)


def cell(value: Any, *, widest: int = WIDEST) -> str:
    """Return the value as the text of a cell, without control characters."""
    if isinstance(value, Mapping):
        value = value.get("name", value.get("id", json.dumps(value, ensure_ascii=False)))
    elif isinstance(value, list):
        value = ", ".join(map(str, value))
    text = "" if value is None else str(value)
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= widest else shown[: widest - 1] + "…"


def _columns(row: Row) -> Iterable[str]:
    return [
        name
        for name, value in row.items()
        if not isinstance(value, list) and (not isinstance(value, Mapping) or "name" in value)
    ]


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)
