"""Shows a file's first rows in two readings side by side, so that a person can choose one."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from graph.errors import LedgerError
from graph.ingest.doubts import Doubt
from graph.ingest.guessing.guess import guess
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.ledger_rows import LedgerRow, Reject
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.rows_from_file import read

SHOWN = 3  # rows that are shown
WIDTH = 60  # characters of a shown row
_FIELDS = {
    "--direction": "direction",
    "--date-order": "date_order",
    "--decimal": "decimal",
    "--currency": "currency",
    "--records": "records",
    "--payee": "payee",
    "--amount": "amount",
    "--date": "date",
    "--document": "document",
}


class UnsureError(LedgerError):
    """The file can be read in two ways. The message shows both, and the option that decides."""


def question(path: Path, mapping: Mapping) -> str:
    """Return a text that shows, for each blocking doubt, the file's first rows in both readings
    and the options that choose one."""
    lines = ["it can be read in two ways"]
    for doubt in mapping.doubts:
        if doubt.blocking:
            lines += _question(path, mapping, doubt)
    return "\n".join(lines)


def _question(path: Path, mapping: Mapping, doubt: Doubt) -> Iterator[str]:
    yield f"- {doubt.text} (confidence {doubt.confidence:.2f}). Decide with one of:"
    sides = [
        (
            f"{doubt.option} {value}",
            list(first_rows(path, with_choice(path, mapping, doubt, value))),
        )
        for value in doubt.values[:2]
    ]
    if len(sides) == 2:
        (one, left), (two, right) = sides
        for first, second in zip([one, *left], [two, *right], strict=False):
            yield f"    {first:<{WIDTH}}  {second}".rstrip()


def with_choice(path: Path, mapping: Mapping, doubt: Doubt, value: str) -> Mapping:
    """Return the file's mapping after a person's decision: the `value` of the doubt's option."""
    decided: Choices = replace(mapping.decided, **{_FIELDS[doubt.option]: value})
    return guess(path, choices=decided)


def first_rows(path: Path, mapping: Mapping) -> Iterator[str]:
    """Yield the file's first rows as they would be stored."""
    for row in islice(read(path, mapping), SHOWN):
        yield row_in_words(row)


def row_in_words(row: LedgerRow | Reject) -> str:
    """Return the row as text, '2026-03-05 Main -> North Mill 12.00 GBP', or why it is rejected."""
    if isinstance(row, Reject):
        return f"line {row.line} rejected: {row.reason}"[:WIDTH]
    payer, payee = (row.payer, row.payee) if row.amount >= 0 else (row.payee, row.payer)
    names = f"{payer.name[:18]} -> {payee.name[:18]}"
    return f"{row.occurred_at.date()} {names} {abs(row.amount)} {row.currency}"
