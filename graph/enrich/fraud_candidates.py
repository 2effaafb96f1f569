"""Finds payments that repeat another, by the ways in which an invoice is entered or paid twice.

Each way is a key that the repetition shares with its original and with few other rows, plus a
check. The ways follow the tests of M. Nigrini, "Forensic Analytics", 2nd ed. 2020, ch. 11-12:
same-same-same and same-same-different. All keys are hashed, so no way compares all pairs.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from graph.enrich.columns import numbers, ragged
from graph.enrich.columns.grouping import codes, codes_of_texts, groups, having
from graph.enrich.columns.payments import UNIT, Ints, Payments, Texts
from graph.enrich.repeat_keys import Columns

LABEL = 3  # most days with one number; with more, it is a mandate's, and its amounts vary
PARTLY = 0.6  # factor of the confidence if another sum was once paid for the number, too
NEXT = 0.4  # factor of the confidence if the number before or after it has the same amount
SOON = 100  # days within which an invoice that is entered with a slip comes again
CROWD = 60  # most rows of one key; a key with more tells no repeat from other rows
TRIFLE = 0.6  # factor of the confidence for amounts below one unit of the currency
WEEKS = 45  # days within which an amount without a number comes again
KNOWN = 6  # least payments of a party whose habits are known
RARELY = 0.9  # least share of its amounts that differ from each other
KEPT = 0.8  # least share of the steps between its payments that are whole periods
ABOUT = 0.15  # share of a period by which such a step may deviate
NEXT_BUT = 3  # most periods of one step
EARLY = 0.75  # share of a period within which no other payment comes
PARTS = 6  # most parts of an invoice that is entered again in parts
# Confidence of a slip in the number or amount: all 144 in the three generators' seeds 1 to 3 are
# right, and seven doubtful ones count against them.
SLIP = 0.95


@dataclass(frozen=True, slots=True)
class Repeat:
    """A payment that may repeat another one: the row numbers of both, the kind of repetition,
    and the confidence (0..1)."""

    later: int
    original: int
    kind: str
    confidence: float


def find(payments: Payments, accounts: Texts, about: Ints | None = None) -> list[Repeat]:
    """Return the most certain repeat of each payment that any of the WAYS finds, ordered by row.

    `accounts` has the bank account that each payment's row states ("" for none). With `about`, only
    repeats that involve these rows are searched for, along with repeats that share the number of a
    split invoice with them.
    """
    if not len(payments):
        return []
    columns = Columns(payments, accounts)
    if about is None:
        return _ordered(_surest(columns, {}))
    columns.seek(about)
    best = _surest(columns, {})
    columns.seek(_related_rows(columns, _ordered(best)))
    return _ordered(_surest(columns, best))


_Best = dict[int, tuple[float, int, int, Repeat]]  # by the later row


def _surest(columns: Columns, best: _Best) -> _Best:
    """Return later row → its most certain repeat, of those in `best` and those that the ways find.

    Of equally certain ones it is that of the first way, then the one with the earliest original.
    `best` is changed.
    """
    for place, way in enumerate(WAYS):
        for repeat in way(columns):
            rank = (repeat.confidence, -place, -repeat.original)
            if repeat.later not in best or rank > best[repeat.later][:3]:
                best[repeat.later] = (*rank, repeat)
    return best


def _ordered(best: _Best) -> list[Repeat]:
    return [best[later][-1] for later in sorted(best)]


def _related_rows(columns: Columns, repeats: list[Repeat]) -> Ints:
    """Return the later rows of these repeats, and all rows that have the number of a split invoice
    among them."""
    later = [repeat.later for repeat in repeats]
    split = {columns.number[repeat.later] for repeat in repeats if repeat.kind == "split"}
    alike = [at for at in columns.rows.tolist() if columns.number[at] in split] if split else []
    return np.array(later + alike, dtype=np.int64)


def _pairs(columns: Columns, key: Ints, rows: Ints | None = None) -> tuple[Ints, Ints]:
    """Return (later rows, earlier rows): all pairs with the same key and at most SOON days between
    them.

    The pairs are among `rows`; None stands for all rows whose repeats are searched for. Keys that
    more than CROWD rows have are only compared with their first row.
    """
    among = columns.concerned(key, columns.rows) if rows is None else rows
    order = among[np.argsort(key[among], kind="stable")]
    new = np.diff(key[order], prepend=-1) != 0
    begin, of = np.flatnonzero(new), np.cumsum(new) - 1
    size = np.diff(begin, append=len(order))
    place = np.arange(len(order), dtype=np.int64)
    earlier, later = ragged.between(begin[of], np.where(size[of] <= CROWD, place, 0))
    first, later = order[earlier], order[later]
    soon = columns.payments.day[later] - columns.payments.day[first] <= SOON
    return later[soon], first[soon]


def _same_number(columns: Columns) -> Iterator[Repeat]:
    """Yield rows with the party, number and amount of an earlier day's row, paired line by line.
    Leading zeros of the number may differ."""
    amount, key = columns.payments.amount, columns.same_number
    for group in groups(key, columns.concerned(key, columns.rows)):
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
    """Yield pairs of one party and amount of which one has the other's number with a suffix."""
    for bare, marked in _bare_and_marked(columns, columns.alike):
        for one in marked:
            for other in bare:
                later, first = max(one, other), min(one, other)
                if columns.gap(later, first) <= SOON:
                    yield Repeat(later, first, "number_suffix", _alone(columns, later, SLIP))


def _bare_and_marked(columns: Columns, of: Ints) -> Iterator[tuple[list[int], list[int]]]:
    """Yield (rows that have a number, rows that have the same number with a suffix), for each code
    in `of` and each number."""
    marked = columns.rows[columns.stem[columns.rows] != ""]
    number, bare_number = columns.with_and_without_suffix
    number = np.concatenate([number[columns.rows], bare_number[marked]])
    rows = np.concatenate([columns.rows, marked])
    bare, code = len(columns.rows), codes(of[rows], number)
    for group in groups(code, np.flatnonzero(having(code, columns.is_about[rows]))):
        if group[0] < bare <= group[-1] and len(group) <= CROWD:
            yield rows[group[group < bare]].tolist(), rows[group[group >= bare]].tolist()


def _transposed_number(columns: Columns) -> Iterator[Repeat]:
    """Yield pairs of one party and amount whose numbers differ by two swapped neighbouring digits.

    If several invoices of one day resemble those of another day like this, none is a repeat,
    because such a slip happens once.
    """
    key = columns.shape_of_number
    pairs = _slips(columns, *_pairs(columns, key))
    together = Counter(_batch(columns, *pair) for pair in _of_payees(columns, key, pairs))
    for later, first in pairs:
        if together[_batch(columns, later, first)] == 1:  # several are the next of a sequence
            sure = _alone(columns, later, SLIP)
            sure *= NEXT if columns.has_neighbour(later, first) else 1.0
            yield Repeat(later, first, "transposed_number", sure)


def _slips(columns: Columns, later: Ints, first: Ints) -> list[tuple[int, int]]:
    raw, code = columns.raw, codes_of_texts(columns.raw)
    unlike = code[later] != code[first]
    return [
        pair
        for pair in zip(later[unlike].tolist(), first[unlike].tolist(), strict=True)
        if swapped(raw[pair[0]], raw[pair[1]])
    ]


def _of_payees(columns: Columns, key: Ints, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return all pairs of the payees in `pairs` that have equal keys and numbers that differ by
    one swap, also those that are not searched for."""
    if columns.is_about.all() or not pairs:
        return pairs
    payees = columns.payee[[later for later, _ in pairs]]
    rows = columns.rows[np.isin(columns.payee[columns.rows], payees)]
    return _slips(columns, *_pairs(columns, key, rows))


def _batch(columns: Columns, later: int, first: int) -> tuple[int, int, int]:
    day = columns.payments.day
    return int(columns.payee[later]), int(day[later]), int(day[first])


def _transposed_amount(columns: Columns) -> Iterator[Repeat]:
    """Yield pairs of one party and number whose amounts differ by two swapped neighbouring digits.

    Lines of one day are left out. So are numbers that occur on many days, such as a mandate's,
    because their amounts vary.
    """
    amount, day = columns.payments.amount, columns.payments.day
    laters, firsts = _pairs(columns, columns.shape_of_amount)
    fits = (day[laters] > day[firsts]) & (columns.days[laters] <= LABEL)
    fits &= amount[laters] != amount[firsts]
    for later, first in zip(laters[fits].tolist(), firsts[fits].tolist(), strict=True):
        if swapped(str(amount[later]), str(amount[first])):
            yield Repeat(later, first, "transposed_amount", SLIP)


def _split(columns: Columns) -> Iterator[Repeat]:
    """Yield the parts of a party's invoice that was entered again in parts: rows with its number
    and a suffix whose amounts add up to its amount."""
    amount = columns.payments.amount
    for whole, parts in _bare_and_marked(columns, columns.payee):
        if len(whole) != 1 or not 2 <= len(parts) <= PARTS:
            continue
        if len({columns.raw[part] for part in parts}) < len(parts):
            continue  # an invoice paid in parts under its own number is paid once
        gap = columns.gap(min(parts), whole[0])
        if 0 <= gap <= SOON and sum(amount[part] for part in parts) == amount[whole[0]]:
            yield from (Repeat(part, whole[0], "split", SLIP) for part in parts)


def _same_account(columns: Columns) -> Iterator[Repeat]:
    """Yield pairs of one number and amount of two parties: those paid to one bank account, and
    those whose number only these two parties have."""
    laters, firsts = _pairs(columns, columns.of_anybody)
    apart = columns.party[laters] != columns.party[firsts]
    for later, first in zip(laters[apart].tolist(), firsts[apart].tolist(), strict=True):
        account = columns.accounts[later]
        if account and account == columns.accounts[first]:
            yield Repeat(later, first, "same_account", SLIP)
        elif (
            columns.bearers[later] == 2
            and columns.gap(later, first) > 0
            and len(columns.number[later]) >= 6
            and not (account and columns.accounts[first])
        ):
            yield Repeat(later, first, "other_vendor", _alone(columns, later, 0.6))


def _same_amount(columns: Columns) -> Iterator[Repeat]:
    """Yield pairs without a number: one of the tenant's parties paid a party the same odd amount
    twice within WEEKS, with the same text.

    The party must hardly ever be paid an amount twice, and the two must not be regular payments
    (`is_in_turn`).
    """
    payments, purpose = columns.payments, columns.purpose
    count = np.bincount(columns.payee)[columns.payee]
    odd = (payments.amount % UNIT != 0) & (count >= KNOWN)
    odd &= columns.unlike_amounts >= RARELY * count
    rows, key = columns.unnumbered[odd[columns.unnumbered]], codes(columns.alike, purpose)
    for group in groups(key, columns.concerned(key, rows)):
        first, later = int(group[0]), int(group[-1])
        twice = len(group) == 2 == columns.often[columns.alike[later]]
        if twice and 0 < columns.gap(later, first) <= WEEKS:
            days = payments.day[purpose == purpose[later]]
            if not all(is_in_turn(days, int(payments.day[row])) for row in (first, later)):
                yield Repeat(later, first, "same_amount", 0.65)


def is_in_turn(days: Ints, day: int) -> bool:
    """Return whether the payment of `day` is one of regular payments on `days` (in order): they
    recur, and no other one comes much too soon before or after it.

    Two equal wages, for example, are in turn.
    """
    steps = np.diff(days)
    if len(days) < KNOWN or not (period := float(np.median(steps))):
        return False
    passed = steps / period
    kept = (np.abs(passed - np.round(passed)) <= ABOUT) & (np.round(passed) >= 1)
    near = np.abs(days - day) < EARLY * period
    return bool((kept & (passed < NEXT_BUT + ABOUT)).mean() >= KEPT and near.sum() == 1)


WAYS: tuple[Callable[[Columns], Iterator[Repeat]], ...] = (  # the first wins a tie
    _same_number,
    _same_account,
    _split,
    _suffix,
    _transposed_number,
    _transposed_amount,
    _same_amount,
)


def _alone(columns: Columns, row: int, confidence: float) -> float:
    """Return the confidence, or half of it if the row's party is often paid this amount, because
    similar numbers are then consecutive ones."""
    return confidence / 2 if columns.often[columns.alike[row]] > 3 else confidence


def swapped(one: str, other: str) -> bool:
    """Return whether the two texts differ by one swap of neighbouring digits."""
    if len(one) != len(other):
        return False
    unlike = [at for at in range(len(one)) if one[at] != other[at]]
    if len(unlike) != 2 or unlike[1] != unlike[0] + 1:
        return False
    pair = one[unlike[0] : unlike[1] + 1]
    return pair.isdigit() and pair[::-1] == other[unlike[0] : unlike[1] + 1]
