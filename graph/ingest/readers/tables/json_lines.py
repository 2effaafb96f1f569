"""Reads JSON lines, or one JSON array of objects, as a table like that of a CSV.

Row n is the file's line n, or the array's n-th object. The fields of an inner object become columns
with both names ("amount_value"). A list stays JSON.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graph.ingest.decode import LedgerFileError
from graph.ingest.ledger_rows import Reject
from graph.ingest.readers import content
from graph.ingest.readers.checked import UNFIT, shown
from graph.ingest.readers.parts import Table, TableFormat
from graph.ingest.readers.tables.cells import one_line
from graph.ingest.readers.tables.scratch import Scratch

ARRAY = 64 * 1024 * 1024  # bytes of a file that is one array
COLUMNS = 1000
DEPTH = 8
Numbered = Iterator[tuple[int, dict[str, str] | Reject | None]]


def fits(start: bytes) -> bool:
    """Return whether the bytes begin an object with a name, or an array of objects."""
    text = start.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip()
    if text.startswith(b"["):
        text = text[1:].lstrip()
    return text.startswith(b"{") and text[1:].lstrip().startswith(b'"')


def tables(path: Path) -> list[Table]:
    """Return the file's only table. Raises LedgerFileError."""
    scratch = Scratch()
    names: dict[str, None] = {}
    for _, record in _records(path):
        if isinstance(record, dict):
            names.update(dict.fromkeys(record))
        if len(names) > COLUMNS:
            raise LedgerFileError(f"{path.name} has more than {COLUMNS:,} different names")
    if not names:
        raise LedgerFileError(f"{path.name} holds no JSON object that can be read")
    file, rejects = scratch.path / "1.csv", []
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        for _, record in _records(path):
            if isinstance(record, Reject):
                rejects.append(record)
            cells = record if isinstance(record, dict) else {}
            writer.writerow([cells.get(name, "") for name in names])
    return [Table(scratch.named(file.name, path), scratch, before=1, rejects=rejects)]


FORMAT = TableFormat("json", "JSON lines or a JSON array of objects", fits, tables)


def _records(path: Path) -> Numbered:
    if content.start(path).removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip()[:1] == b"[":
        yield from _of_array(path)
        return
    for line, text in content.lines(path):
        yield line, _record(line, text.removeprefix("\ufeff")) if text.strip() else None


def _of_array(path: Path) -> Numbered:
    try:
        values = _loads(content.whole(path, ARRAY))
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise LedgerFileError(f"{path.name} is no JSON, or is cut off: {reason}") from error
    if not isinstance(values, list):
        raise LedgerFileError(f"{path.name} is one JSON value, not lines or an array of objects")
    for number, value in enumerate(values, 1):
        yield number, _checked(number, value, str(value))


def _record(line: int, text: str) -> dict[str, str] | Reject:
    try:
        value = _loads(text)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        return Reject(line, None, f"not JSON: {reason}", shown(text))
    return _checked(line, value, text)


def _loads(text: str | bytes) -> Any:
    """Return the parsed JSON. Numbers stay texts as written, because a binary fraction cannot
    hold 0.10."""
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)


def _checked(number: int, value: Any, text: str) -> dict[str, str] | Reject:
    if not isinstance(value, dict):
        return Reject(number, None, "not a JSON object", shown(text))
    try:
        cells = dict(_flat(value, "", DEPTH))
    except (ValueError, RecursionError) as error:
        return Reject(number, None, str(error), shown(text))
    for name, cell in cells.items():
        if UNFIT.search(cell) or UNFIT.search(name):
            return Reject(number, shown(name), "a control character in the text", shown(text))
    return cells


def _flat(value: dict[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    if not depth:
        raise ValueError(f"objects within objects, more than {DEPTH} deep")
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{name}_", depth - 1)
        elif isinstance(inner, bool):
            yield prefix + name, "true" if inner else "false"
        elif isinstance(inner, list):
            yield prefix + name, json.dumps(inner, ensure_ascii=False)
        else:
            yield prefix + name, one_line(inner)
