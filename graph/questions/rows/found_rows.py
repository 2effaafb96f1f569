"""Finds rows of the books by words of their text or document number, by amount and by day."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connections
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.questions.rows import search_text

WAYS = ("words", "amount", "day")
TEXT_CHARACTERS = 200  # of a search
WORDS = 10  # of a text; further ones are ignored
NEWEST = 10  # events that are read for each row of a page, which has at most two of them
PART = re.compile(r"\d+|[^\W\d_]+")  # of a word: digits, or letters


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to find: rows with all words of `text`, rows with one of `amounts` (whatever their
    sign), and rows of the days in `spans`, each a first and a last day."""

    text: str = ""
    amounts: Sequence[Decimal] = ()
    spans: Sequence[tuple[date, date]] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The ids of payments and invoices that were found by their words, amount or day, each list
    with the newest first."""

    words: list[UUID] = field(default_factory=list)
    amount: list[UUID] = field(default_factory=list)
    day: list[UUID] = field(default_factory=list)


def read(text: str) -> Wanted:
    """Return what the text wants: rows with its words, and rows of the amounts and days that it may
    mean."""
    return Wanted(text, search_text.amounts(text), search_text.days(text))


def ids(user_id: UUID, text: str, way: str | None = None) -> list[UUID]:
    """Return the ids of all payments and invoices that `find` finds for the text, in any of WAYS or
    in one, each once."""
    found = find(user_id, read(text))
    lists = [getattr(found, name) for name in WAYS if way in (None, name)]
    return list(dict.fromkeys(id_ for some in lists for id_ in some))


def find(user_id: UUID, wanted: Wanted, *, most: int | None = None) -> Found:
    """Return the payments and invoices that are found by words, by amount and by day, each with the
    `most` newest first (None: all).

    Words are looked for in the description, the document number and the party's name as the source
    writes it. A word may be written in another case, with or without punctuation: `INV-2041` is
    found as `inv2041`, and the other way round. It may be the beginning of a longer one, but a
    number is not found inside a longer number. A text that is the number of a row in the books
    finds that row.
    """
    events = None if most is None else most * NEWEST
    rows = _rows(user_id, wanted, events)
    found = Found(*([id_ for name, id_ in rows if name == way and id_][:most] for way in WAYS))
    full = [way for way, id_ in rows if id_ is None]
    if most is None or all(len(getattr(found, way)) == most for way in full):
        return found
    # The newest events were no payments, so older ones have to be read.
    every = find(user_id, wanted)
    return Found(*(getattr(every, way)[:most] for way in WAYS))


def _rows(user_id: UUID, wanted: Wanted, events: int | None) -> list[tuple[str, UUID | None]]:
    """Return the rows of `questions/rows_found.sql`: pairs of a way and an id."""
    words = parts_of(wanted.text)
    likes, forms = patterns(words)
    parameters: dict[str, Any] = {
        "user_id": user_id,
        "text": wanted.text,
        "numbers": [f"%{part}%" for parts in words for part in parts if part.isdigit()],
        "likes": likes,
        "forms": forms,
        "amounts": [sign * amount for amount in wanted.amounts for sign in (1, -1)],
        "days": Multirange([_range(*span) for span in wanted.spans]),
        "most": events,
    }
    with tenant_transaction(user_id), connections["default"].cursor() as cursor:
        cursor.execute(sql.read("questions/rows_found"), parameters)
        return [(way, id_) for way, id_, _ in cursor.fetchall()]


def _range(first: date, last: date) -> Range[datetime]:
    return Range(
        datetime.combine(first, time.min, UTC), datetime.combine(last, time.max, UTC), "[]"
    )


def parts_of(text: str) -> list[list[str]]:
    """Return the parts of each word of the text: numbers, and runs of letters. Words without a part
    are left out."""
    return [parts for word in text.split() if (parts := PART.findall(word))][:WORDS]


def patterns(words: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    """Return a LIKE pattern for every word, which is given by its parts, and the regular
    expressions that its words need beside it.

    A text has the words if all match. The LIKE pattern is quick, but matches more, except for a
    word of ASCII letters only, which needs no regular expression.
    """
    likes = [f"%{'%'.join(map(_like, parts))}%" for parts in words]
    return likes, [_form(parts) for parts in words if not _is_plain(parts)]


def _is_plain(parts: Sequence[str]) -> bool:
    return len(parts) == 1 and parts[0].isascii() and parts[0].isalpha()


def _like(part: str) -> str:
    """Return the part as a LIKE pattern, with `_` for letters that the database compares in
    their own case only."""
    return re.sub(r"[^\x00-\x7f]", "_", part)


def _form(parts: Sequence[str]) -> str:
    """Return a regular expression for the parts in order, with at most three other characters
    between two of them, and at least one between two numbers."""
    form = ""
    for before, part in zip(("", *parts), parts, strict=False):
        if before:
            least = 1 if before.isdigit() and part.isdigit() else 0
            form += rf"[^[:alnum:]]{{{least},3}}"
        elif part.isdigit():
            form += r"(?<![0-9])"
        form += re.sub(r"[^\x00-\x7f]", lambda at: f"[{at[0].lower()}{at[0].upper()}]", part)
    return form
