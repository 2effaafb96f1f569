"""What tells whether a payment repeats another: keys of parties, numbers and amounts."""

import re
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import numbers
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import codes, groups, having, unlike
from graph.enrich.columns.name_similarity import core
from graph.enrich.columns.payments import Ints, Payments, Texts

Flags = NDArray[np.bool_]

_SUFFIX = re.compile(
    r"^(?:(?P<apart>.*[0-9][A-Z]?)[\s/_.\-]+"
    r"(?:[0-9]{1,2}|[A-Z]|DUP|DUPL|DUPLICATE|COPY|REV|R[0-9]|BIS)"
    r"|(?P<joined>.*[0-9][A-Z]?)(?:[A-Z]|DUP|COPY))$"
)
LABEL = 3  # days on which a party is paid one amount under one number: of more it is a label,
OFTEN = 12  # or on which it bears that number at all
UNLIKE = 3  # sums of days under one number, from which on it is a case's or a contract's
CASE = 4  # days of a number with two unlike sums, from which on it is one, too
BESIDE = 2  # times as far from a number as the two that are compared: next to it
MASK = 5  # parties of one name, from which on it is a mask: nobody knows who is behind it


class Columns:
    """What the ways look at, for rows with an amount: `rows` have a number, `unnumbered` none (but
    for purchases by card: shops have prices, and equal purchases).

    `is_about`: rows whose repeats are sought, all at first; the ways look only at rows that have a
    key in common with these.
    """

    def __init__(self, payments: Payments, accounts: Texts) -> None:
        side = sides(payments)
        self.payments, self.accounts, self.party = payments, accounts, side.party
        self.raw = [_plain(document) for document in payments.document]
        self.number = np.array(numbers.of_documents(payments), dtype=object)
        self.stem = np.array([stem(document) for document in self.raw], dtype=object)
        self.numbered = codes(self.number)
        self.book = codes(payments.source, payments.currency, side.outgoing)
        self.payee = codes(self.book, side.party)
        self.bears = codes(self.payee, self.numbered)
        self.alike = codes(self.payee, payments.amount)
        self.often = np.bincount(self.alike)
        has_digit = np.array([_has_digit(text) for text in self.number], dtype=bool)
        usable = (payments.amount > 0) & ~self._masks()
        self.rows = np.flatnonzero(usable & has_digit & ~self._labels())
        dated = (payments.precision == "day") | (payments.precision == "second")
        self.unnumbered = np.flatnonzero(
            usable & ~has_digit & dated & (payments.platform != "card")
        )
        self.is_about = np.ones(len(payments), dtype=bool)

    def seek(self, about: Ints) -> None:
        """Only the repeats of these rows are sought from now on."""
        self.is_about = np.zeros(len(self.payments), dtype=bool)
        self.is_about[about] = True

    def concerned(self, key: Ints, rows: Ints) -> Ints:
        """Those of the rows whose key any row that it is about has, too."""
        return rows[having(key, self.is_about)[rows]]

    def _labels(self) -> Flags:
        """Rows whose number their party bears on many days: a contract, a mandate."""
        label = _days_of(self.same_number, self.payments.day) > LABEL
        case = (self.unlike_sums >= UNLIKE) | ((self.unlike_sums > 1) & (self.days >= CASE))
        return label | (self.days > OFTEN) | case

    @cached_property
    def days(self) -> Ints:
        """On how many days the party bears each row's number."""
        return _days_of(self.bears, self.payments.day)

    @cached_property
    def same_number(self) -> Ints:
        """One party, number and amount."""
        return codes(self.bears, self.payments.amount)

    @cached_property
    def shape_of_number(self) -> Ints:
        """One party and amount, and a number of the same letters and digits."""
        shape = np.array([_shape(number) for number in self.raw], dtype=object)
        return codes(self.payee, shape, self.payments.amount)

    @cached_property
    def shape_of_amount(self) -> Ints:
        """One party and number, and an amount of the same digits."""
        shape = [_shape(str(amount)) for amount in self.payments.amount.tolist()]
        return codes(self.bears, np.array(shape, dtype=object))

    @cached_property
    def of_anybody(self) -> Ints:
        """One number and amount, whoever is paid."""
        return codes(self.book, self.numbered, self.payments.amount)

    @cached_property
    def bearers(self) -> Ints:
        """How many parties of its books bear each row's number."""
        number = codes(self.book, self.numbered)
        return unlike(number, self.party)[number]

    @cached_property
    def purpose(self) -> Ints:
        """One party, paid by one of ours and for the same."""
        return codes(self.payee, sides(self.payments).own, self.payments.description)

    @cached_property
    def unlike_amounts(self) -> Ints:
        """How many different amounts each row's party is paid."""
        return unlike(self.payee, self.payments.amount)[self.payee]

    @cached_property
    def unlike_sums(self) -> Ints:
        """How many unlike sums the party is paid under each row's number, a day's lines together.

        An invoice has one, or a few parts; under a case's or a contract's number there are many.
        """
        invoice = codes(self.bears, self.payments.day)
        sums = np.zeros(int(invoice.max()) + 1, dtype=np.int64)
        np.add.at(sums, invoice, self.payments.amount)
        return unlike(self.bears, sums[invoice])[self.bears]

    def has_neighbour(self, later: int, first: int) -> bool:
        """Whether the party is paid the amount under a third number that is about as near to the
        two as these are to each other: then they are in series."""
        values = {value(self.number[row]) for row in self._of_amount[int(self.alike[later])]}
        ends = value(self.number[later]), value(self.number[first])
        reach = BESIDE * abs(ends[0] - ends[1])
        return any(
            0 < min(abs(other - end) for end in ends) <= reach for other in values - set(ends)
        )

    @cached_property
    def _of_amount(self) -> dict[int, list[int]]:
        """The rows with a number of each payee and amount."""
        return {int(self.alike[rows[0]]): rows.tolist() for rows in groups(self.alike, self.rows)}

    def _masks(self) -> Flags:
        """Rows of a name that many parties have."""
        entities = self.payments.entities
        name = codes(np.array([core(name) for name in entities.name], dtype=object))
        parties = np.unique(self.party)
        return np.asarray(np.bincount(name[parties], minlength=len(name))[name[self.party]] >= MASK)

    def gap(self, later: int, original: int) -> int:
        """Days from the original to the later row."""
        return int(self.payments.day[later] - self.payments.day[original])


def _days_of(code: Ints, day: Ints) -> Ints:
    """On how many days rows of each row's code are."""
    return unlike(code, day)[code]


@lru_cache(maxsize=200_000)
def _plain(document: str) -> str:
    return document.strip().upper()


@lru_cache(maxsize=200_000)
def _has_digit(number: str) -> bool:
    return any(map(str.isdigit, number))


@lru_cache(maxsize=200_000)
def _shape(text: str) -> str:
    return "".join(sorted(text))


def value(number: str) -> int:
    """The number's digits as one whole number; 0 without any."""
    return int("".join(filter(str.isdecimal, number))[:18] or 0)


@lru_cache(maxsize=200_000)
def stem(number: str) -> str:
    """The number without a suffix (-1, /A, R, DUP), in its normal form; "" without one.

    Some numbers end like that by themselves (a year, a letter): a suffix counts only if another row
    has the number without it.
    """
    match = _SUFFIX.match(number)
    return numbers.normal(match["apart"] or match["joined"]) if match else ""
