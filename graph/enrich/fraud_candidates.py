"""Payments that repeat another: the ways in which one invoice is entered, or paid, again.

Each way is a key that the repetition shares with its original and that few others share, plus a
check (after the tests of M. Nigrini, "Forensic Analytics", 2nd ed. 2020, ch. 11-12: same-same-same
and same-same-different). All keys are hashed, so no way compares all pairs.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import numbers
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import codes, groups
from graph.enrich.columns.name_similarity import core
from graph.enrich.columns.payments import UNIT, Ints, Payments, Texts

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
PARTLY = 0.6  # of the confidence where the number was once paid another sum, too
NEXT = 0.4  # of the confidence where the party is paid the amount under a number next to it, too
BESIDE = 2  # times as far from a number as the two that are compared: next to it
MASK = 5  # parties of one name, from which on it is a mask: nobody knows who is behind it
SOON = 100  # days within which an invoice that is entered with a slip comes again
CROWD = 60  # rows of one key; of more, none tells the others apart
TRIFLE = 0.6  # of the confidence, for less than one of its currency: nobody is paid a penny
WEEKS = 45  # days within which an amount without a number comes again
KNOWN, RARELY = 6, 0.9  # payments of a party that is known; the share of its amounts unlike others
KEPT, ABOUT = 0.8, 0.15  # of a party's steps that are periods of it; of a period, give or take
NEXT_BUT, EARLY = 3, 0.75  # periods of one step at most; of a period, after which the next may come
PARTS = 6  # of an invoice that is entered again in parts


@dataclass(frozen=True, slots=True)
class Repeat:
    """Places of the later payment and of the original that it may repeat; kind: how."""

    later: int
    original: int
    kind: str
    confidence: float


class Columns:
    """What the ways look at, for rows with an amount: `rows` have a number, `unnumbered` none (but
    for purchases by card: shops have prices, and equal purchases)."""

    def __init__(self, payments: Payments, accounts: Texts) -> None:
        side = sides(payments)
        self.payments, self.accounts, self.party = payments, accounts, side.party
        self.raw = [document.strip().upper() for document in payments.document]
        self.number = np.array(numbers.of_documents(payments), dtype=object)
        self.stem = np.array([stem(document) for document in self.raw], dtype=object)
        self.book = codes(payments.source, payments.currency, side.outgoing)
        self.payee = codes(self.book, side.party)
        self.alike = codes(self.payee, payments.amount)
        self.often = np.bincount(self.alike)
        has_digit = np.array([any(map(str.isdigit, text)) for text in self.number], dtype=bool)
        usable = (payments.amount > 0) & ~self._masks()
        self.rows = np.flatnonzero(usable & has_digit & ~self._labels())
        dated = (payments.precision == "day") | (payments.precision == "second")
        self.unnumbered = np.flatnonzero(
            usable & ~has_digit & dated & (payments.platform != "card")
        )

    def _labels(self) -> Flags:
        """Rows whose number their party bears on many days: a contract, a mandate."""
        bears, day = codes(self.payee, self.number), self.payments.day
        label = _days_of(codes(bears, self.payments.amount), day) > LABEL
        days = _days_of(bears, day)
        case = (self.unlike_sums >= UNLIKE) | ((self.unlike_sums > 1) & (days >= CASE))
        return label | (days > OFTEN) | case

    @cached_property
    def unlike_sums(self) -> Ints:
        """How many unlike sums the party is paid under each row's number, a day's lines together.

        An invoice has one, or a few parts; under a case's or a contract's number there are many.
        """
        bears = codes(self.payee, self.number)
        invoice, rows = np.unique(codes(bears, self.payments.day), return_inverse=True)
        sums = np.zeros(len(invoice), dtype=np.int64)
        np.add.at(sums, rows, self.payments.amount)
        distinct = np.unique(np.stack([bears, sums[rows]], axis=1), axis=0)
        return np.asarray(np.bincount(distinct[:, 0], minlength=len(bears))[bears], dtype=np.int64)

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
        return int(self.payments.day[later] - self.payments.day[original])


def _days_of(code: Ints, day: Ints) -> Ints:
    """On how many days rows of each row's code are."""
    distinct = np.unique(np.stack([code, day], axis=1), axis=0)
    return np.asarray(
        np.bincount(distinct[:, 0], minlength=int(code.max()) + 1)[code], dtype=np.int64
    )


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


def find(payments: Payments, accounts: Texts) -> list[Repeat]:
    """Every way's repeats, of each payment the surest one, by place.

    `accounts`: the bank account that each payment's row states ("" for none).
    """
    if not len(payments):
        return []
    columns = Columns(payments, accounts)
    best: dict[int, Repeat] = {}
    for way in WAYS:
        for repeat in way(columns):
            previous = best.get(repeat.later)
            if previous is None or repeat.confidence > previous.confidence:
                best[repeat.later] = repeat
    return [best[later] for later in sorted(best)]


def _pairs(columns: Columns, key: Ints) -> Iterator[tuple[int, int]]:
    """Each row with every earlier one of its key."""
    for group in groups(key, columns.rows):
        if len(group) <= CROWD:
            rows = group.tolist()
            yield from ((later, first) for at, later in enumerate(rows) for first in rows[:at])


def _same_number(columns: Columns) -> Iterator[Repeat]:
    """One party, number and amount on another day, line by line; the zeros may differ."""
    amount = columns.payments.amount
    for group in groups(codes(columns.payee, columns.number, amount), columns.rows):
        days = columns.payments.day[group]
        firsts = group[days == days[0]]
        for day in sorted(set(days.tolist()) - {int(days[0])}):
            for at, later in enumerate(group[days == day].tolist()):
                first = int(firsts[min(at, len(firsts) - 1)])
                kind = "paid_twice" if _exactly(columns, later, first) else "leading_zeros"
                sure = _of_gap(columns.gap(later, first))
                sure *= 1.0 if amount[later] >= UNIT else TRIFLE
                sure *= PARTLY if columns.unlike_sums[later] > 1 else 1.0
                yield Repeat(later, first, kind, sure)


def _exactly(columns: Columns, later: int, first: int) -> bool:
    return numbers.plain(columns.raw[later]) == numbers.plain(columns.raw[first])


def _of_gap(days: int) -> float:
    return 0.97 if days <= SOON else 0.85 if days <= 400 else 0.7


def _suffix(columns: Columns) -> Iterator[Repeat]:
    """One party and amount, and the number with a suffix."""
    for bare, marked in _bare_and_marked(columns, columns.alike):
        for one in marked:
            for other in bare:
                later, first = max(one, other), min(one, other)
                if columns.gap(later, first) <= SOON:
                    yield Repeat(later, first, "number_suffix", _alone(columns, later, 0.92))


def _bare_and_marked(columns: Columns, of: Ints) -> Iterator[tuple[list[int], list[int]]]:
    """Of each code in `of`: the rows of one number, and the rows of that number with a suffix."""
    marked = columns.rows[columns.stem[columns.rows] != ""]
    number = np.concatenate([columns.number[columns.rows], columns.stem[marked]])
    rows = np.concatenate([columns.rows, marked])
    bare = len(columns.rows)
    for group in groups(codes(of[rows], number)):
        if group[0] < bare <= group[-1] and len(group) <= CROWD:
            yield rows[group[group < bare]].tolist(), rows[group[group >= bare]].tolist()


def _transposed_number(columns: Columns) -> Iterator[Repeat]:
    """One party and amount, and two digits of the number swapped; not where several invoices of
    one day are all so like those of another: a slip of the pen happens once.
    """
    shape = np.array(["".join(sorted(number)) for number in columns.raw], dtype=object)
    key = codes(columns.payee, shape, columns.payments.amount)
    pairs = [
        (later, first)
        for later, first in _pairs(columns, key)
        if columns.gap(later, first) <= SOON and swapped(columns.raw[later], columns.raw[first])
    ]
    together = Counter(_batch(columns, *pair) for pair in pairs)
    for later, first in pairs:
        if together[_batch(columns, later, first)] == 1:  # several are the next of a sequence
            sure = _alone(columns, later, 0.9)
            sure *= NEXT if columns.has_neighbour(later, first) else 1.0
            yield Repeat(later, first, "transposed_number", sure)


def _batch(columns: Columns, later: int, first: int) -> tuple[int, int, int]:
    day = columns.payments.day
    return int(columns.payee[later]), int(day[later]), int(day[first])


def _transposed_amount(columns: Columns) -> Iterator[Repeat]:
    """One party and number, and two digits of the amount swapped; lines of a day are none, nor
    are those of a number that is there on many days: a mandate's, whose amounts vary.
    """
    days = _days_of(codes(columns.payee, columns.number), columns.payments.day)
    shape = np.array(["".join(sorted(str(a))) for a in columns.payments.amount], dtype=object)
    amount = columns.payments.amount
    for later, first in _pairs(columns, codes(columns.payee, columns.number, shape)):
        close = 0 < columns.gap(later, first) <= SOON and days[later] <= LABEL
        if close and swapped(str(amount[later]), str(amount[first])):
            yield Repeat(later, first, "transposed_amount", 0.9)


def _split(columns: Columns) -> Iterator[Repeat]:
    """One party's invoice once more in parts: marked numbers whose amounts add up to it."""
    amount = columns.payments.amount
    for whole, parts in _bare_and_marked(columns, columns.payee):
        if len(whole) != 1 or not 2 <= len(parts) <= PARTS:
            continue
        if len({columns.raw[part] for part in parts}) < len(parts):
            continue  # one number paid in parts is paid once
        gap = columns.gap(min(parts), whole[0])
        if 0 <= gap <= SOON and sum(amount[part] for part in parts) == amount[whole[0]]:
            yield from (Repeat(part, whole[0], "split", 0.93) for part in parts)


def _same_account(columns: Columns) -> Iterator[Repeat]:
    """Another party's number and amount, to be paid to one bank account."""
    key = codes(columns.book, columns.number, columns.payments.amount)
    bearers = _bearers(columns)
    for later, first in _pairs(columns, key):
        account = columns.accounts[later]
        if columns.party[later] != columns.party[first] and columns.gap(later, first) <= SOON:
            if account and account == columns.accounts[first]:
                yield Repeat(later, first, "same_account", 0.95)
            elif (
                bearers[later] == 2
                and columns.gap(later, first) > 0
                and len(columns.number[later]) >= 6
                and not (account and columns.accounts[first])
            ):
                yield Repeat(later, first, "other_vendor", _alone(columns, later, 0.6))


def _bearers(columns: Columns) -> Ints:
    """How many parties of its books bear each row's number."""
    number = codes(columns.book, columns.number)
    distinct = np.unique(np.stack([number, columns.party], axis=1), axis=0)
    return np.asarray(np.bincount(distinct[:, 0])[number], dtype=np.int64)


def _same_amount(columns: Columns) -> Iterator[Repeat]:
    """Without numbers: one party paid the same odd amount twice, by one of ours and for the same,
    within weeks, where it is hardly ever paid an amount twice; not where both are in turn."""
    payments, own = columns.payments, sides(columns.payments).own
    distinct = np.unique(np.stack([columns.payee, payments.amount], axis=1), axis=0)
    unlike = np.bincount(distinct[:, 0])[columns.payee]
    count = np.bincount(columns.payee)[columns.payee]
    odd = (payments.amount % UNIT != 0) & (count >= KNOWN) & (unlike >= RARELY * count)
    rows = columns.unnumbered[odd[columns.unnumbered]]
    purpose = codes(columns.payee, own, payments.description)
    for group in groups(codes(columns.alike, purpose), rows):
        first, later = int(group[0]), int(group[-1])
        twice = len(group) == 2 == columns.often[columns.alike[later]]
        if twice and 0 < columns.gap(later, first) <= WEEKS:
            days = payments.day[purpose == purpose[later]]
            if not all(is_in_turn(days, int(payments.day[row])) for row in (first, later)):
                yield Repeat(later, first, "same_amount", 0.65)


def is_in_turn(days: Ints, day: int) -> bool:
    """Whether payments on these days (in order) keep a period, and the one of `day` has its place
    in it: none comes soon before or after it. Wages are equal by chance."""
    steps = np.diff(days)
    if len(days) < KNOWN or not (period := float(np.median(steps))):
        return False
    passed = steps / period
    kept = (np.abs(passed - np.round(passed)) <= ABOUT) & (np.round(passed) >= 1)
    near = np.abs(days - day) < EARLY * period
    return bool((kept & (passed < NEXT_BUT + ABOUT)).mean() >= KEPT and near.sum() == 1)


WAYS: tuple[Callable[[Columns], Iterator[Repeat]], ...] = (
    _same_number,
    _suffix,
    _transposed_number,
    _transposed_amount,
    _split,
    _same_account,
    _same_amount,
)


def _alone(columns: Columns, row: int, confidence: float) -> float:
    """Half of it where the party is often paid this amount: like numbers are then in series."""
    return confidence / 2 if columns.often[columns.alike[row]] > 3 else confidence


def swapped(one: str, other: str) -> bool:
    """The two differ by one swap of neighbouring digits."""
    if len(one) != len(other):
        return False
    unlike = [at for at in range(len(one)) if one[at] != other[at]]
    if len(unlike) != 2 or unlike[1] != unlike[0] + 1:
        return False
    pair = one[unlike[0] : unlike[1] + 1]
    return pair.isdigit() and pair[::-1] == other[unlike[0] : unlike[1] + 1]
