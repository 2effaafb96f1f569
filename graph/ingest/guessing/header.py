"""Finds a file's header, which may stand below titles, and stands above the rows that fit it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from graph.errors import LedgerError
from graph.ingest.csv_dialect import Layout, body, layout
from graph.ingest.csv_records import Record, fits
from graph.ingest.guessing.headerless import starts_with_data
from graph.ingest.guessing.profile import Column, amount_of
from graph.ingest.guessing.title_scores import likeness, roles
from graph.ingest.mappings.mapping import FileRule

PREAMBLE = 40  # records in which to look for the header
_KNOWN = 0.6
_RANGE = re.compile(r"[<>]?\s*[0-9]{1,3}\s*(?:\+|[-\u2013]\s*[0-9]{1,3})(?:\s*\w+)?")  # age in days


class GuessError(LedgerError):
    """No mapping can be guessed. The message says what is missing, and which columns there are."""


class MissingError(GuessError):
    """No column has a role that every row needs. `what` is "amount" or "party"."""

    def __init__(self, what: str, words: str) -> None:
        super().__init__(words)
        self.what = what


@dataclass(frozen=True, slots=True)
class HeaderPlace:
    """Where a file's header is (`shape`), and the cells above it."""

    shape: Layout
    above: tuple[str, ...]


def found(path: Path) -> HeaderPlace:
    """Return the place of the header line.

    The header has words only, is as wide as most rows below it, and has as many known names as
    possible. The file has no header if its first line is a row like those below. Raises GuessError
    if no line qualifies, and LedgerFileError for a file that cannot be read.
    """
    shape = layout(path, FileRule())
    first = Record(shape.line, "", list(shape.header), None)
    nearby = [first, *islice(body(path, replace(shape, header=()), None), PREAMBLE)]
    lines = [r for r in nearby if r.cells and "".join(r.cells).strip()]
    if lines[0].cells and lines[0].cells[0].strip('"') in {"EXTF", "DTVF"}:
        raise GuessError(
            f"{path.name} is a DATEV file (EXTF): its rows are postings between two accounts; "
            "export the account as a CSV, or write a mapping (docs/formats.md)"
        )
    best = max(enumerate(lines), key=lambda at: (_fitness(lines, at[0]), -at[0]))[0]
    if _fitness(lines, best) <= 0 and starts_with_data(lines):
        rule = FileRule(shape.encoding, shape.delimiter, header_line=0)
        return HeaderPlace(layout(path, rule), ())
    if _fitness(lines, best) <= 0:
        raise GuessError(
            f"{path.name}: no line near the top looks like column names (line {shape.line} is "
            f"{', '.join(shape.header[:6])}); add a header, or write a mapping (docs/formats.md)"
        )
    above = tuple(cell.strip() for r in lines[:best] for cell in r.cells or () if cell.strip())
    record = lines[best]
    if record.line == shape.line:
        return HeaderPlace(shape, above)
    rule = FileRule(shape.encoding, shape.delimiter, True, record.line)
    return HeaderPlace(layout(path, rule), above)


def _fitness(lines: list[Record], at: int) -> float:
    cells = [cell.strip() for cell in lines[at].cells or ()]
    if not _looks_like_names(cells):
        return 0.0
    below = [r.cells for r in lines[at + 1 :] if r.cells]
    width = sum(fits(row, len(cells)) for row in below)
    if below and width == 0:
        return 0.0
    known_cells = sum(_is_known(cell) for cell in cells if cell)
    return 1 + 4 * known_cells + (width / len(below) if below else 0)


def _is_known(title: str) -> bool:
    return any(likeness(role, title) >= _KNOWN for role in roles())


def _looks_like_names(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell]
    column = Column(0, "", "", tuple(c for c in filled if not _RANGE.fullmatch(c)), len(filled))
    numbers = sum(amount_of(cell, ".") is not None for cell in column.values) + column.dates.hits
    return len(filled) >= max(2, 0.4 * len(cells)) and numbers == 0


def rows(path: Path, shape: Layout) -> Iterator[list[str]]:
    """Yield the rows below the header that are as wide as it and not blank, with stripped cells."""
    for record in body(path, shape):
        if record.cells and fits(record.cells, len(shape.header)) and "".join(record.cells).strip():
            yield [cell.strip() for cell in record.cells][: len(shape.header)]
