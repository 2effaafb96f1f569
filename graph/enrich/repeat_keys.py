"""Computes the keys by which repeated payments are found: keys of parties, numbers and amounts."""

import re
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import numbers
from graph.enrich.columns.column_cache import by_row
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import are, codes, groups, having, unlike
from graph.enrich.columns.name_similarity import core
from graph.enrich.columns.payments import Ints, Payments, Texts

Flags = NDArray[np.bool_]

_SUFFIX = re.compile(
    r"^(?:(?P<apart>.*[0-9][A-Z]?)[\s/_.\-]+"
    r"(?:[0-9]{1,2}|[A-Z]|DUP|DUPL|DUPLICATE|COPY|REV|R[0-9]|BIS)"
    r"|(?P<joined>.*[0-9][A-Z]?)(?:[A-Z]|DUP|COPY))$"
)
LABEL = 3  # most days of one party, amount and number; with more, the number is a label
OFTEN = 12  # most days of one party and number; with more, it is a label, too
UNLIKE = 3  # different sums under one number; with more, it belongs to a case or a contract
CASE = 4  # days of a number with two different sums; from these on, it is a case's, too
BESIDE = 2  # factor of the distance between the two numbers within which a third one is near
MASK = 5  # parties with one name; with more, the name is a mask and identifies nobody


class Columns:
    """Keys and counts of payments by which `fraud_candidates` finds repeats, one value per row.

    `rows` are the row numbers of payments with a document number, `unnumbered` of those without.
    Purchases by card are not among `unnumbered`, because shops have fixed prices and equal
    purchases are common. `is_about` marks the rows whose repeats are searched for, all at first.
    """

    def __init__(self, payments: Payments, accounts: Texts) -> None:
        side = sides(payments)
        self.payments, self.accounts, self.party = payments, accounts, side.party
        self.raw, self.stem = _raw(payments), _stems(payments)
        self.number = numbers.of_documents(payments)
        self.numbered = codes(self.number)
        self.book = codes(payments.source, payments.currency, side.outgoing)
        self.payee = codes(self.book, side.party)
        self.bears = codes(self.payee, self.numbered)
        self.alike = codes(self.payee, payments.amount)
        self.often = np.bincount(self.alike)
        has_digit = numbers.have_digits(payments).astype(bool)
        usable = (payments.amount > 0) & ~self._masks()
        self.rows = np.flatnonzero(usable & has_digit & ~self._labels())
        dated = are(payments.precision, "day", "second")
        self.unnumbered = np.flatnonzero(
            usable & ~has_digit & dated & ~are(payments.platform, "card")
        )
        self.is_about = np.ones(len(payments), dtype=bool)

    def seek(self, about: Ints) -> None:
        """Search only for the repeats of these rows from now on."""
        self.is_about = np.zeros(len(self.payments), dtype=bool)
        self.is_about[about] = True
        vars(self).pop("_of_amount", None)

    def concerned(self, key: Ints, rows: Ints) -> Ints:
        """Return those of `rows` whose key a row whose repeats are searched for has as well."""
        return rows[having(key, self.is_about)[rows]]

    def _labels(self) -> Flags:
        """Return one boolean per row: whether its number is a label that recurs, such as the number
        of a contract or a mandate, because the party has it on many days or with many sums."""
        label = _days_of(self.same_number, self.payments.day) > LABEL
        case = (self.unlike_sums >= UNLIKE) | ((self.unlike_sums > 1) & (self.days >= CASE))
        return label | (self.days > OFTEN) | case

    @cached_property
    def with_and_without_suffix(self) -> tuple[Ints, Ints]:
        """Return two codes for each row: of its number, and of its number without a suffix. Equal
        texts have equal codes in both."""
        code = codes(np.concatenate([self.number, self.stem]))
        return code[: len(self.number)], code[len(self.number) :]

    @cached_property
    def days(self) -> Ints:
        """Return, for each row, on how many days its party has rows with its number."""
        return _days_of(self.bears, self.payments.day)

    @cached_property
    def same_number(self) -> Ints:
        """Return a code per row, equal for rows of the same party, number and amount."""
        return codes(self.bears, self.payments.amount)

    @cached_property
    def shape_of_number(self) -> Ints:
        """Return a code per row, equal for rows of the same party and amount whose numbers have the
        same characters in any order."""
        return codes(self.payee, _shapes_of_numbers(self.payments), self.payments.amount)

    @cached_property
    def shape_of_amount(self) -> Ints:
        """Return a code per row, equal for rows of the same party and number whose amounts have the
        same digits in any order."""
        return codes(self.bears, _shapes_of_amounts(self.payments))

    @cached_property
    def of_anybody(self) -> Ints:
        """Return a code per row, equal for rows of the same number and amount, of any party."""
        return codes(self.book, self.numbered, self.payments.amount)

    @cached_property
    def bearers(self) -> Ints:
        """Return, for each row, how many parties of its source have its number."""
        number = codes(self.book, self.numbered)
        return unlike(number, self.party)[number]

    @cached_property
    def purpose(self) -> Ints:
        """Return a code per row, equal for rows of the same party, paid by the same of the tenant's
        parties, with the same text."""
        return codes(self.payee, sides(self.payments).own, self.payments.description)

    @cached_property
    def unlike_amounts(self) -> Ints:
        """Return, for each row, how many different amounts its party is paid."""
        return unlike(self.payee, self.payments.amount)[self.payee]

    @cached_property
    def unlike_sums(self) -> Ints:
        """Return, for each row, how many different sums its party is paid under its number, after
        adding up the lines of each day.

        An invoice has one sum, or a few if it is paid in parts. The number of a case or a contract
        has many.
        """
        invoice = codes(self.bears, self.payments.day)
        sums = np.zeros(int(invoice.max()) + 1, dtype=np.int64)
        np.add.at(sums, invoice, self.payments.amount)
        return unlike(self.bears, sums[invoice])[self.bears]

    def has_neighbour(self, later: int, first: int) -> bool:
        """Return whether the party is paid the same amount under a third number that is about as
        close to the numbers of these two rows as they are to each other.

        Then the numbers are probably consecutive, and neither is a typing error of the other.
        """
        values = {value(self.number[row]) for row in self._of_amount[int(self.alike[later])]}
        ends = value(self.number[later]), value(self.number[first])
        reach = BESIDE * abs(ends[0] - ends[1])
        return any(
            0 < min(abs(other - end) for end in ends) <= reach for other in values - set(ends)
        )

    @cached_property
    def _of_amount(self) -> dict[int, list[int]]:
        """Return code of payee and amount → the rows with a number that have it, for the rows whose
        repeats are searched for."""
        rows = self.concerned(self.alike, self.rows)
        return {int(self.alike[some[0]]): some.tolist() for some in groups(self.alike, rows)}

    def _masks(self) -> Flags:
        """Return one boolean per row: whether at least MASK parties have its party's name, which
        then hides who they are."""
        entities = self.payments.entities
        name = codes(np.array([core(name) for name in entities.name], dtype=object))
        parties = np.unique(self.party)
        return np.asarray(np.bincount(name[parties], minlength=len(name))[name[self.party]] >= MASK)

    def gap(self, later: int, original: int) -> int:
        """Return the days from the row `original` to the row `later`."""
        return int(self.payments.day[later] - self.payments.day[original])


def _days_of(code: Ints, day: Ints) -> Ints:
    """Return, for each row, on how many days rows with its code occur."""
    return unlike(code, day)[code]


@by_row
def _raw(payments: Payments) -> list[object]:
    return [document.strip().upper() for document in payments.document]


@by_row
def _stems(payments: Payments) -> list[object]:
    return [stem(document) for document in _raw(payments)]


@by_row
def _shapes_of_numbers(payments: Payments) -> list[object]:
    return [_shape(document) for document in _raw(payments)]


@by_row
def _shapes_of_amounts(payments: Payments) -> list[object]:
    return [_shape(str(amount)) for amount in payments.amount.tolist()]


@lru_cache(maxsize=200_000)
def _shape(text: str) -> str:
    return "".join(sorted(text))


def value(number: str) -> int:
    """Return the number's first 18 digits as an integer, or 0 if it has none."""
    return int("".join(filter(str.isdecimal, number))[:18] or 0)


@lru_cache(maxsize=200_000)
def stem(number: str) -> str:
    """Return the number without its suffix (-1, /A, R, DUP) in normal form, or "" if it has no
    suffix.

    Some numbers end like that by themselves (a year, a letter). A suffix counts only if another row
    has the number without it.
    """
    match = _SUFFIX.match(number)
    return numbers.normal(match["apart"] or match["joined"]) if match else ""
