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

LABEL = 3  # days of a number, from more of which on its amounts vary: a mandate
PARTLY = 0.6  # of the confidence where the number was once paid another sum, too
NEXT = 0.4  # of the confidence where the party is paid the amount under a number next to it, too
SOON = 100  # days within which an invoice that is entered with a slip comes again
CROWD = 60  # rows of one key; of more, none tells the others apart
TRIFLE = 0.6  # of the confidence, for less than one of its currency: nobody is paid a penny
WEEKS = 45  # days within which an amount without a number comes again
KNOWN, RARELY = 6, 0.9  # payments of a party that is known; the share of its amounts unlike others
KEPT, ABOUT = 0.8, 0.15  # of a party's steps that are periods of it; of a period, give or take
NEXT_BUT, EARLY = 3, 0.75  # periods of one step at most; of a period, after which the next may come
PARTS = 6  # of an invoice that is entered again in parts
# Confidence of a slip in the number or amount: all 144 of the three generators' seeds 1 to 3 are
# right; a sceptic's seven count against them.
SLIP = 0.95


@dataclass(frozen=True, slots=True)
class Repeat:
    """The places of the later payment and of the original that it may repeat, the kind and the
    confidence."""

    later: int
    original: int
    kind: str
    confidence: float


def find(payments: Payments, accounts: Texts, about: Ints | None = None) -> list[Repeat]:
    """Return the repeats that all ways find, by place. For each payment only the most certain one
    is returned.

    `accounts` is the bank account that each payment's row states ("" for none). With `about` at
    least the repeats that contain any of these rows are returned, and all under the numbers of
    their splits. The others are not searched for.
    """
    if not len(payments):
        return []
    columns = Columns(payments, accounts)
    if about is None:
        return _ordered(_surest(columns, {}))
    columns.seek(about)
    best = _surest(columns, {})
    columns.seek(_beside(columns, _ordered(best)))
    return _ordered(_surest(columns, best))


_Best = dict[int, tuple[float, int, int, Repeat]]  # by the later row


def _surest(columns: Columns, best: _Best) -> _Best:
    """The most certain repeat of each row, of those in `best` and of those that the ways find. Of
    equally certain ones that of the first way, then the one with the earliest original."""
    for place, way in enumerate(WAYS):
        for repeat in way(columns):
            rank = (repeat.confidence, -place, -repeat.original)
            if repeat.later not in best or rank > best[repeat.later][:3]:
                best[repeat.later] = (*rank, repeat)
    return best


def _ordered(best: _Best) -> list[Repeat]:
    return [best[later][-1] for later in sorted(best)]


def _beside(columns: Columns, repeats: list[Repeat]) -> Ints:
    """The later rows of these repeats, and all rows that have the number of a split."""
    later = [repeat.later for repeat in repeats]
    split = {columns.number[repeat.later] for repeat in repeats if repeat.kind == "split"}
    alike = [at for at in columns.rows.tolist() if columns.number[at] in split] if split else []
    return np.array(later + alike, dtype=np.int64)


def _pairs(columns: Columns, key: Ints, rows: Ints | None = None) -> tuple[Ints, Ints]:
    """Each row with every earlier row that has the same key, up to SOON days before it, of `rows`
    or of those concerned."""
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
    """Same party, number and amount on another day, line by line. Leading zeros may differ."""
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
    """Same party and amount, and the number with a suffix."""
    for bare, marked in _bare_and_marked(columns, columns.alike):
        for one in marked:
            for other in bare:
                later, first = max(one, other), min(one, other)
                if columns.gap(later, first) <= SOON:
                    yield Repeat(later, first, "number_suffix", _alone(columns, later, SLIP))


def _bare_and_marked(columns: Columns, of: Ints) -> Iterator[tuple[list[int], list[int]]]:
    """For each code in `of`, yield the rows with a number, and the rows with this number and a
    suffix."""
    marked = columns.rows[columns.stem[columns.rows] != ""]
    number, bare_number = columns.with_and_without_suffix
    number = np.concatenate([number[columns.rows], bare_number[marked]])
    rows = np.concatenate([columns.rows, marked])
    bare, code = len(columns.rows), codes(of[rows], number)
    for group in groups(code, np.flatnonzero(having(code, columns.is_about[rows]))):
        if group[0] < bare <= group[-1] and len(group) <= CROWD:
            yield rows[group[group < bare]].tolist(), rows[group[group >= bare]].tolist()


def _transposed_number(columns: Columns) -> Iterator[Repeat]:
    """Same party and amount, and two neighbouring digits of the number swapped.

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
    """All pairs of the same payees that resemble each other like these, searched for or not."""
    if columns.is_about.all() or not pairs:
        return pairs
    payees = columns.payee[[later for later, _ in pairs]]
    rows = columns.rows[np.isin(columns.payee[columns.rows], payees)]
    return _slips(columns, *_pairs(columns, key, rows))


def _batch(columns: Columns, later: int, first: int) -> tuple[int, int, int]:
    day = columns.payments.day
    return int(columns.payee[later]), int(day[later]), int(day[first])


def _transposed_amount(columns: Columns) -> Iterator[Repeat]:
    """Same party and number, and two neighbouring digits of the amount swapped.

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
    """A party's invoice entered again in parts: numbers with suffixes, whose amounts add up to
    it."""
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
    """Another party's number and amount, to be paid to one bank account."""
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
    """Without a number: a party was paid the same odd amount twice within weeks, by one of the
    tenant's parties and with the same text. It is hardly ever paid an amount twice, and the two are
    not in turn."""
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
    """Return whether payments on these days (in order) recur, and none comes soon before or after
    the one of `day`. Two wages may be equal by chance."""
    steps = np.diff(days)
    if len(days) < KNOWN or not (period := float(np.median(steps))):
        return False
    passed = steps / period
    kept = (np.abs(passed - np.round(passed)) <= ABOUT) & (np.round(passed) >= 1)
    near = np.abs(days - day) < EARLY * period
    return bool((kept & (passed < NEXT_BUT + ABOUT)).mean() >= KEPT and near.sum() == 1)


WAYS: tuple[Callable[[Columns], Iterator[Repeat]], ...] = (  # of equally sure ones the first counts
    _same_number,
    _same_account,
    _split,
    _suffix,
    _transposed_number,
    _transposed_amount,
    _same_amount,
)


def _alone(columns: Columns, row: int, confidence: float) -> float:
    """The confidence, halved if the party is often paid this amount. Similar numbers then count
    up."""
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
