"""The document numbers that payments state, in one normal form for their many spellings."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import grouping, ragged
from graph.enrich.columns.column_cache import by_row, once
from graph.enrich.columns.payments import Extended, Ints, Payments, Texts, fixed

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_.\-]*")
_NOT_LETTER = re.compile(r"[^A-Z0-9]+")
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_DATE = re.compile(r"[0-9]{1,4}([./\-])[0-9]{1,2}\1[0-9]{2,4}")
_MONEY = re.compile(r"[0-9]{1,3}(?:,?[0-9]{3})*\.[0-9]{2}")
SHORTEST = 4  # characters of a number that identifies something by itself
MOST = 40  # numbers per text
MOST_OWNERS = 60  # rows per number that are compared


@lru_cache(maxsize=200_000)
def plain(number: str) -> str:
    """Return the number's letters and digits in capitals: 'inv-0017/a' → 'INV0017A'."""
    return _NOT_LETTER.sub("", number.upper())


@lru_cache(maxsize=200_000)
def normal(number: str) -> str:
    """Return `plain` without zeros before a run of digits, so that 'inv-0017' and 'INV 17' are
    equal."""
    return "".join(_ZEROS.sub("", part) for part in _NOT_LETTER.split(number.upper()))


@lru_cache(maxsize=200_000)
def within(text: str) -> frozenset[str]:
    """Return the document numbers that occur in a text, in normal form. They have at least three
    digits and are not dates."""
    tokens = (token.rstrip("./-_") for token in _TOKEN.findall(text)[:MOST])
    return frozenset(normal(token) for token in tokens if _is_number(token))


def _is_number(token: str) -> bool:
    if sum(map(str.isdigit, token)) < 3 or len(normal(token)) < SHORTEST:
        return False
    return not _DATE.fullmatch(token) and not _MONEY.fullmatch(token)


@by_row
def of_documents(payments: Payments) -> list[object]:
    """Return each payment's own document number in normal form, or ""."""
    return [normal(number) if number else "" for number in payments.document]


@by_row
def have_digits(payments: Payments) -> list[object]:
    """Return, for each payment, whether its own document number has a digit."""
    return [has_digit(number) for number in of_documents(payments)]


@lru_cache(maxsize=200_000)
def has_digit(number: str) -> bool:
    return any(map(str.isdigit, number))


@by_row
def named(payments: Payments) -> list[object]:
    """Return, for each payment, a frozenset of all numbers that it states: its own document number,
    numbers within that, and those in its description."""
    return list(map(_named, payments.document, payments.description))


@lru_cache(maxsize=200_000)
def _named(document: str, text: str) -> frozenset[str]:
    number = normal(document) if _says_something(document.strip()) else ""
    own = {number} if len(number) >= SHORTEST else set()
    return within(document) | within(text) | own


def _says_something(document: str) -> bool:
    """Return whether the text identifies a document. 'various', dates and sums do not, because
    unrelated documents have them."""
    is_other = _DATE.fullmatch(document) or _MONEY.fullmatch(document)
    return not is_other and any(map(str.isdigit, document))


@dataclass(frozen=True)
class Mentions:
    """Pairs of payments: row `by` states a number that row `owner` has as its own document number.

    `owners` is how many rows have that number as their own, and `rank` how many of them come before
    this owner. Only the first MOST_OWNERS owners of a number are in pairs.
    """

    by: Ints
    owner: Ints
    rank: Ints
    owners: Ints

    def only(self, mask: NDArray[np.bool_]) -> "Mentions":
        return Mentions(**{name: values[mask] for name, values in vars(self).items()})


@once
def mentions(payments: Payments) -> Mentions:
    """Return all pairs of a payment that states a number and a payment that has it as its own."""
    numbers, size = stated(payments), len(stated(payments).texts)
    own = _own_codes(payments)
    of = np.where(own < 0, size, own)
    owners, begin = np.argsort(of, kind="stable"), ragged.cut(of, size + 1)
    end = np.minimum(begin[1:], begin[:-1] + MOST_OWNERS)[numbers.codes]
    places, at = ragged.between(begin[numbers.codes], end)
    code = numbers.codes[at]
    return Mentions(numbers.rows[at], owners[places], places - begin[code], np.diff(begin)[code])


@once
def _own_codes(payments: Payments) -> Ints:
    """Return, for each payment, the code of its own document number among the codes of `stated`, or
    -1."""
    own, code_of = of_documents(payments), grouping.code_by_text(stated(payments).texts)
    if not isinstance(payments, Extended):
        return np.array([code_of.get(number, -1) for number in own.tolist()], dtype=np.int64)
    new = [code_of.get(number, -1) for number in of_documents(payments.new).tolist()]
    code = np.insert(_own_codes(payments.old), payments.before, new)
    known = grouping.code_by_text(stated(payments.old).texts)
    added = [number for number in stated(payments.new).texts.tolist() if number not in known]
    rows = np.flatnonzero(grouping.are(own, *added))
    code[rows] = [code_of[number] for number in own[rows].tolist()]
    return code


@dataclass(frozen=True, eq=False)
class Stated:
    """All numbers that payments state, one after the other in the order of the payments' rows.

    Row i's numbers are at begin[i] up to, but not including, begin[i + 1]. `codes` and `rows` have
    each number's code and row.
    """

    texts: Texts
    begin: Ints

    @cached_property
    def codes(self) -> Ints:
        return grouping.codes_of_texts(self.texts)

    @cached_property
    def rows(self) -> Ints:
        return np.repeat(np.arange(len(self.begin) - 1, dtype=np.int64), np.diff(self.begin))


@once
def stated(payments: Payments) -> Stated:
    """Return the numbers in `named` of all payments as columns."""
    if not isinstance(payments, Extended):
        every = named(payments)
        lengths = np.fromiter(map(len, every), dtype=np.int64, count=len(every))
        texts = np.array(list(chain.from_iterable(every)), dtype=object)
        return Stated(fixed(texts), ragged.begins(lengths))
    old, new = stated(payments.old), stated(payments.new)
    lengths = np.insert(np.diff(old.begin), payments.before, np.diff(new.begin))
    before = np.repeat(old.begin[payments.before], np.diff(new.begin))
    return Stated(grouping.inserted(old.texts, before, new.texts), ragged.begins(lengths))


class Index:
    """The numbers of all payments, prepared for comparing many pairs of payments at once."""

    def __init__(self, payments: Payments) -> None:
        numbers = stated(payments)
        self._size = np.int64(len(numbers.texts) + 1)
        self._begin, self._codes = numbers.begin, numbers.codes
        self._keys = np.sort(numbers.rows * self._size + self._codes)

    def share(self, one: Ints, other: Ints) -> NDArray[np.bool_]:
        """Return, for each pair of rows one[i] and other[i], whether some number is stated by
        both."""
        places, of = ragged.taken(self._begin, one)
        keys = other[of] * self._size + self._codes[places]
        at = np.searchsorted(self._keys, keys)
        at[at == len(self._keys)] = 0
        shared = np.zeros(len(one), dtype=bool)
        if len(self._keys):
            shared[of[self._keys[at] == keys]] = True
        return shared


@once
def index(payments: Payments) -> Index:
    return Index(payments)


def rows_by(numbers: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    """Return number → the row numbers that state it, in order. `numbers` has the numbers of each
    row."""
    rows: dict[str, list[int]] = {}
    for row, row_numbers in enumerate(numbers):
        for number in row_numbers:
            rows.setdefault(number, []).append(row)
    return rows
