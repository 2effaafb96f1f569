"""Files without a header: the rows show the roles of some columns, and a person is asked about the
others."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import pairwise

from graph.ingest.csv_records import Record
from graph.ingest.doubts import Doubt
from graph.ingest.guessing.direction import says
from graph.ingest.guessing.profile import Column, amount_of, dates
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.guessing.roles import score, typeness
from graph.ingest.guessing.sample import Sample
from graph.ingest.mappings.column_names import squash
from graph.ingest.parse_cells import EXCEL, timestamp

ALIKE = 3  # rows, the first among them, with dates and amounts in the same columns
_MOST = 0.8  # share of the rows near the top
_CENTS = re.compile(r"[.,][0-9]{2}\b")
_WORDED = ("currency", "status", "direction")  # roles that values alone can prove


def starts_with_data(lines: list[Record]) -> bool:
    """Return whether the first record is a row like those below, and so no header.

    It is if it is as wide, has a date and an amount in the same columns, and words that change from
    row to row.
    """
    table = [record.cells or [] for record in lines]
    first = table[0]
    days = [at for at, cell in enumerate(first) if _is_day(cell)]
    sums = [at for at, cell in enumerate(first) if _is_sum(cell)]
    alike = [row for row in table if len(row) == len(first) and _holds(row, days, sums)]
    return len(alike) >= max(ALIKE, _MOST * len(table)) and first in alike and _changes(alike)


def _changes(rows: list[list[str]]) -> bool:
    """Return whether at least one column of words has more than one value."""
    columns = [set(cells) for cells in zip(*rows, strict=True)]
    return any(len(cells) > 1 and any(map(_is_worded, cells)) for cells in columns)


def _is_worded(cell: str) -> bool:
    return any(map(str.isalpha, cell)) and not _is_day(cell) and not _is_sum(cell)


def _holds(row: list[str], days: list[int], sums: list[int]) -> bool:
    return any(_is_day(row[at]) for at in days) and any(_is_sum(row[at]) for at in sums)


def _is_day(cell: str) -> bool:
    profile = dates((cell.strip(),), month_first=False)
    return profile.hits == 1 and profile.formats != (EXCEL,)


def _is_sum(cell: str) -> bool:
    text = cell.strip()
    is_amount = amount_of(text, ".") is not None or amount_of(text, ",") is not None
    return bool(text) and is_amount and not _is_day(text)


def with_roles(sample: Sample, choices: Choices) -> tuple[Sample, tuple[Doubt, ...]]:
    """Return the sample with the roles that its rows prove, and doubts about the other roles."""
    days, texts, amounts = _days(sample), _texts(sample), _amounts(sample, choices)
    forced = dict(sample.forced)
    if days:
        forced.setdefault("date", days[0].name)
    if texts:
        forced.setdefault("counterparty", texts[0].name)
    balanced = _balanced(sample, amounts)
    if balanced:
        amounts = [balanced[0]]
        forced |= {"amount": balanced[0].name, "balance": balanced[1].name}
    closing = _closing(sample)
    doubts = (
        *_closing_doubts(closing),
        *([] if choices.date else _date_doubts(sample, days)),
        *([] if choices.payee else _text_doubts(texts)),
        *([] if choices.amount else _amount_doubts(sample, [*amounts, *(balanced or ())])),
        *([] if choices.direction or balanced else _direction_doubts(sample, amounts)),
    )
    return replace(sample, forced=forced, closing=closing.name if closing else ""), doubts


def _closing(sample: Sample) -> Column | None:
    """Return the column of words that only the last row leaves blank, or None.

    That row is then no payment but the account's balance, which a bank writes below the payments
    with another column blank as well. Returns None for a part of a file, whose last row says
    nothing.
    """
    if not sample.is_whole:
        return None
    last = sample.table[-1]
    blank = [c for c in sample.columns if not last[c.at] and len(c.values) == sample.rows - 1]
    texts = [column for column in blank if column.texty]
    return texts[0] if sample.rows > ALIKE and len(blank) > 1 and texts else None


def _closing_doubts(closing: Column | None) -> Iterator[Doubt]:
    if closing:
        text = f"only the last row has no {closing.title!r}: it is read as a balance and rejected"
        yield Doubt("status", text, "", (), 0.9)


def _days(sample: Sample) -> list[Column]:
    return [column for column in sample.columns if column.is_date and column.filled >= 0.9]


def _texts(sample: Sample) -> list[Column]:
    """Return the columns of words that change, those with the most values first."""
    proved = [sample.role(role) for role in _WORDED]
    columns = [
        column
        for column in sample.columns
        if column.texty and not column.is_date and not column.is_money and column.distinct > 1
        if typeness(column) < 0.5 and not any(column is other for other in proved)
    ]
    return sorted(columns, key=lambda column: (-column.distinct, column.at))


def _amounts(sample: Sample, choices: Choices) -> list[Column]:
    """Return the columns that can be the amount of every row, or only the one that a person
    chose."""
    title = squash(choices.amount)
    if title:
        return [column for column in sample.columns if squash(column.title) == title]
    return [column for column in sample.columns if score("amount", column) > 0]


def _balanced(sample: Sample, amounts: list[Column]) -> tuple[Column, Column] | None:
    """Return the amount, and the balance that it changes in every row, if exactly one such pair
    exists."""
    balances = [column for column in sample.columns if score("amount", column) > 0]
    pairs = [(a, b) for a in amounts for b in balances if a is not b and _moves(sample, a, b)]
    return pairs[0] if len(pairs) == 1 else None


def _moves(sample: Sample, amount: Column, balance: Column) -> bool:
    rows = list(zip(sample.amounts(amount), sample.amounts(balance), strict=True))
    steps = [
        (older, newer, at - before)
        for (older, before), (newer, at) in pairwise(rows)
        if older is not None and newer is not None and before is not None and at is not None
    ]
    oldest_first = all(move == newer for _, newer, move in steps)
    newest_first = all(move == -older for older, _, move in steps)
    return len(steps) == len(rows) - 1 >= ALIKE - 1 and (oldest_first or newest_first)


def _date_doubts(sample: Sample, days: list[Column]) -> Iterator[Doubt]:
    first = [_day(row[days[0].at], days[0]) for row in sample.table] if days else []
    for other in days[1:]:
        if [_day(row[other.at], other) for row in sample.table] != first:
            titles = (days[0].title, other.title)
            text = f"the file has no header, and {titles[0]!r} and {titles[1]!r} hold other dates"
            yield Doubt("date", text, "--date", titles, 0.5, blocking=True)
            return


def _day(text: str, column: Column) -> date | None:
    with suppress(ValueError):
        return timestamp(text, column.dates.formats).at.date()
    return None


def _text_doubts(texts: list[Column]) -> Iterator[Doubt]:
    if texts:
        titles = tuple(column.title for column in texts)
        is_one = len(texts) == 1 and texts[0].distinct >= ALIKE
        text = f"the file has no header; {titles[0]!r} is read as the other side"
        if len(texts) > 1:
            text += f", and {' and '.join(map(repr, titles[1:]))} could be it"
        yield Doubt("payee", text, "--payee", titles[:2], 0.85 if is_one else 0.5, not is_one)


def _amount_doubts(sample: Sample, known: list[Column]) -> Iterator[Doubt]:
    """Yield doubts about columns with amounts in some rows: a debit and a credit, a fee, a foreign
    amount."""
    rest = [
        column
        for column in sample.columns
        if len(known) < 2 or not sample.adds_up(column, known[0], known[-1])
        if column.share(_CENTS.search) > 0 and column.is_money and not column.is_date
        if not any(column is other for other in known)
    ]
    if known and rest:
        titles = (known[0].title, rest[0].title)
        text = f"the file has no header, and {titles[0]!r} and {titles[1]!r} hold amounts"
        yield Doubt("amount", text, "--amount", titles, 0.5, blocking=True)


def _direction_doubts(sample: Sample, amounts: list[Column]) -> Iterator[Doubt]:
    """Yield a doubt about what a positive amount is.

    Most rows of an account are negative, but those of a card may be positive.
    """
    coded = sample.role("direction")
    for column in amounts[:1]:
        positive = len(column.values) - column.negative
        is_coded = not column.signed and coded is not None and all(says(sample, coded))
        if not is_coded and not 0 < positive <= column.negative:
            text = f"the file has no header, and the signs in {column.title!r} do not say which "
            text += "amounts came in"
            yield Doubt("direction", text, "--direction", ("in", "out"), 0.5, blocking=True)
