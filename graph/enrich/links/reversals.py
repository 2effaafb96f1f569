"""What takes a payment back: a credit note, a refund, a returned payment, in part or wholly.

Candidates are payments of one source, one currency and one party in opposite directions, the later
one of no greater amount. Each has odds of being the other's reversal, by what they say of each
other (`_odds`). Whole ones, and those that name a number, are assigned one to one (`pairing`);
then partial ones, the surest first, while their sum leaves something of the original.

A reversal goes against its party's usual direction: what is paid after a return is paid anew. A
party to whom and from whom money goes all the time (a payout and its fee) reverses nothing by
that: there only a number, or the whole amount within days, is taken for a reversal.

Where two sources saw both payments, the odds of both views count for each of them.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import numbers
from graph.enrich.columns.counterparties import Sides, joined, sides
from graph.enrich.columns.grouping import codes
from graph.enrich.columns.name_similarity import likeness
from graph.enrich.columns.payments import UNIT, Ints, Payments
from graph.enrich.links import fees, same_transaction
from graph.enrich.links.assignment import assign
from graph.enrich.links.fees import Fees
from graph.enrich.links.same_transaction import Pairs
from graph.enrich.write.counts import Counts
from graph.enrich.write.links import Link, write

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

METHOD = "reversal"
NEAR = 25  # payments before a reversal that are considered
WHOLE, PART = 180, 60  # days until the whole amount, or a part of it, is given back
NUMBERED = 400  # days where the reversal names the original's number
SOON = 10  # days
SHARE = 0.35  # of a party's payments that go the other way; more is traffic in both directions
KEEPERS = ("employee", "account")  # parties on the books' own side that money goes back to
MOST_OWNERS = 20.0  # the most that one party on the books' own side counts for
FEW = 6  # payments of a party; of fewer no share can be told
CLAIM = 1 / 3  # confidence of a partial one that is stated; less is a guess among many
MANY, ALIKE = 60, 0.5  # rows of one amount that are looked at; names that are one party's
OPEN = 120  # days within which what is left of an invoice is paid
LEFT = 30.0  # the odds of a payment of just what is left


@dataclass(frozen=True)
class Reversals:
    """Places of the reversal and its original, what is taken back wholly, and why."""

    reversal: Ints
    original: Ints
    whole: Flags
    named: Flags
    confidence: Floats

    def __len__(self) -> int:
        return len(self.reversal)

    def only(self, kept: NDArray[np.generic]) -> "Reversals":
        """Those of a mask or of places."""
        return Reversals(**{name: values[kept] for name, values in vars(self).items()})


def enrich(user_id: UUID, payments: Payments, found: Reversals | None = None) -> Counts:
    """The tenant's reversal links become what is found now."""
    reversed_by = found if found is not None else known(user_id, payments)[2]
    return write(user_id, METHOD, links(payments, reversed_by))


def known(user_id: UUID, payments: Payments) -> tuple[Pairs, Fees, Reversals]:
    """What reversals rest on, and these."""
    pairs = same_transaction.known(user_id, payments)
    charges = fees.find(payments)
    return pairs, charges, find(payments, pairs, charges)


def find(payments: Payments, same: Pairs, charges: Fees) -> Reversals:
    """The reversals. `same`: the payments that two sources saw; what one tells, the other knows.

    `charges` are no reversals of what they charge for.
    """
    side, twin = _sides(payments, same), _twins(same)
    candidates = _candidates(payments, side, charges)
    odds = _with_twins(payments, candidates, _odds(payments, side, candidates), twin)
    return _told_over(payments, _chosen(payments, candidates, odds), twin)


def links(payments: Payments, found: Reversals) -> Iterator[Link]:
    """From the reversal's posting to the original's, both on the other party's account."""
    outgoing = sides(payments).outgoing
    event = np.where(outgoing, payments.payee_event, payments.payer_event)
    for at in range(len(found)):
        later, first = int(found.reversal[at]), int(found.original[at])
        reason = _reason(payments, found, at)
        yield Link(event[later], event[first], "reversal", float(found.confidence[at]), reason)


def _reason(payments: Payments, found: Reversals, at: int) -> str:
    later, first = int(found.reversal[at]), int(found.original[at])
    what = "wholly" if found.whole[at] else "in part"
    named = f", naming its number {payments.document[first]}" if found.named[at] else ""
    return (
        f"row {payments.external_id[later]} takes back {payments.amount[later] / UNIT:,.2f} of the "
        f"{payments.amount[first] / UNIT:,.2f} {payments.currency[first]} of row "
        f"{payments.external_id[first]} {what}, "
        f"{payments.day[later] - payments.day[first]} days later{named}"
    )


def _sides(payments: Payments, same: Pairs) -> Sides:
    """The sides; parties that are alike and of one payment count as one here."""
    side, alike = sides(payments), same.alike >= same_transaction.SURE
    party = joined(side.party, same.one[alike], same.other[alike])
    return Sides(party, side.own, side.outgoing)


def _candidates(payments: Payments, side: Sides, charges: Fees) -> Reversals:
    """Pairs that are not impossible: near each other in time, of the whole amount, or named."""
    found = [*_by_party(payments, side), _by_number(payments)]
    later, first = (np.concatenate([pair[side] for pair in found]) for side in (0, 1))
    pairs = np.unique(np.stack([later, first], axis=1), axis=0)
    later, first = pairs[:, 0], pairs[:, 1]
    is_fee = np.zeros(len(payments), dtype=bool)
    is_fee[charges.fee] = True
    fits = (side.outgoing[later] != side.outgoing[first]) & (side.party[later] == side.party[first])
    fits &= (payments.source[later] == payments.source[first]).astype(bool)
    fits &= (payments.currency[later] == payments.currency[first]).astype(bool)
    fits &= (payments.amount[later] <= payments.amount[first]) & (payments.amount[later] > 0)
    fits &= (payments.day[later] >= payments.day[first]) & (later != first) & ~is_fee[later]
    later, first = later[fits], first[fits]
    named = _named(payments, later, first)
    nothing = np.zeros(len(later))
    return Reversals(later, first, payments.amount[later] == payments.amount[first], named, nothing)


def _by_party(payments: Payments, side: Sides) -> Iterator[tuple[Ints, Ints]]:
    """Each payment with those of the opposite direction before it: all of its amount, and any."""
    account = codes(payments.source, payments.currency, side.party)
    yield _before(payments, account, side.outgoing)
    yield _before(payments, codes(account, payments.amount), side.outgoing)


def _before(payments: Payments, group: Ints, outgoing: Flags) -> tuple[Ints, Ints]:
    """Each payment with up to NEAR of its group's before it, of the other direction."""
    both = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    width = len(payments) + 1
    for way in (True, False):
        firsts = np.flatnonzero(outgoing == way)
        laters = np.flatnonzero(outgoing != way)
        ordered = firsts[np.argsort(group[firsts], kind="stable")]
        keys = group[ordered] * width + ordered  # the rows' order is the days' order
        end = np.searchsorted(keys, group[laters] * width + _last_of_day(payments)[laters])
        for step in range(1, NEAR + 1):
            at = end - step
            fits = at >= 0
            fits[fits] = group[ordered[at[fits]]] == group[laters[fits]]
            both[0].append(laters[fits])
            both[1].append(ordered[at[fits]])
    return np.concatenate(both[0]), np.concatenate(both[1])


def _last_of_day(payments: Payments) -> Ints:
    """Behind all rows of the same day: within a day the order says nothing."""
    return np.asarray(np.searchsorted(payments.day, payments.day, side="right"), dtype=np.int64)


def _by_number(payments: Payments) -> tuple[Ints, Ints]:
    """Each payment with those whose own number it names."""
    pairs = numbers.mentions(payments)
    pairs = pairs.only((pairs.owners <= NEAR) & (pairs.by != pairs.owner))
    return pairs.by, pairs.owner


def _named(payments: Payments, later: Ints, first: Ints) -> Flags:
    """Whether the later one names the number of the first, or both the same."""
    own, named = numbers.of_documents(payments), numbers.named(payments)
    each = (
        bool(own[b]) and (own[b] in named[a] or bool(named[a] & named[b]))
        for a, b in zip(later.tolist(), first.tolist(), strict=True)
    )
    return np.fromiter(each, dtype=bool, count=len(later))


def _odds(payments: Payments, side: Sides, pairs: Reversals) -> Floats:
    """Of each candidate. Factors: a number that is named 500, another that is named 1/20; the
    whole amount 20; another source pays just what is left 30; money goes back to the card or
    account that it came from: one of them, of as many as the party deals with, their number,
    another 1/10; one department up to 4; and the days.
    """
    later, first = pairs.reversal, pairs.original
    days = (payments.day[later] - payments.day[first]).astype(np.float64)
    odds = np.where(pairs.whole, 20.0, 1.0) * _of_days(payments, pairs)
    odds *= np.where(_is_left_paid(payments, side, pairs), LEFT, 1.0)
    odds *= np.where(pairs.named, 500.0, np.where(_names_another(payments)[later], 0.05, 1.0))
    kept = np.isin(payments.entities.kind[side.own[first]].astype(str), KEEPERS)
    owners = np.minimum(_owners(payments, side)[first], np.where(kept, MOST_OWNERS, 4.0))
    odds *= np.where(side.own[later] == side.own[first], owners, np.where(kept, 0.1, 1.0))
    late = days > np.where(pairs.named, NUMBERED, np.where(pairs.whole, WHOLE, PART))
    traffic = _is_traffic(payments, side)[later] & ~pairs.named & ~(pairs.whole & (days <= SOON))
    return np.asarray(np.where(late | traffic | _is_usual(payments, side)[later], 0.0, odds))


def _is_left_paid(payments: Payments, side: Sides, pairs: Reversals) -> Flags:
    """Whether another source then has a payment, to a party named alike, of just what is left of
    the original; or one that names it among others and is less than these by what was credited."""
    cell = codes(payments.currency, side.outgoing)
    by_sum: dict[tuple[int, int], list[int]] = {}
    for row, key in enumerate(zip(cell.tolist(), payments.amount.tolist(), strict=True)):
        by_sum.setdefault(key, []).append(row)
    less, names = _less_than_named(payments), likeness(payments.entities)
    found = pairs.named & False
    for at in np.flatnonzero(~pairs.whole & ~pairs.named).tolist():
        later, first = int(pairs.reversal[at]), int(pairs.original[at])
        left = int(payments.amount[first] - payments.amount[later])
        rows = np.array(by_sum.get((int(cell[first]), left), [])[:MANY], dtype=np.int64)
        gap = payments.day[rows] - payments.day[first]
        rows = rows[(payments.source[rows] != payments.source[first]) & (gap > 0) & (gap <= OPEN)]
        alike = names.of(side.party[rows], np.full(len(rows), side.party[first]))
        found[at] = bool((alike >= ALIKE).any()) or int(payments.amount[later]) in less[first]
    return found


def _less_than_named(payments: Payments) -> dict[int, set[int]]:
    """Each row whose own number a row of another source names → by how much this one is less than
    all that it names."""
    pairs = numbers.mentions(payments)
    elsewhere = (payments.source[pairs.owner] != payments.source[pairs.by]).astype(bool)
    pairs = pairs.only(elsewhere & (pairs.rank < NEAR))
    less = -payments.amount
    np.add.at(less, pairs.by, payments.amount[pairs.owner])
    found: dict[int, set[int]] = defaultdict(set)
    credited = pairs.only(less[pairs.by] > 0)
    for owner, by in zip(credited.owner.tolist(), less[credited.by].tolist(), strict=True):
        found[owner].add(by)
    return found


def _owners(payments: Payments, side: Sides) -> Floats:
    """For each row, with how many of the books' own its party deals: one over this one's share."""
    party = codes(payments.source, side.party)
    both = codes(party, side.own)
    return np.asarray(np.minimum(np.bincount(party)[party] / np.bincount(both)[both], MOST_OWNERS))


def _names_another(payments: Payments) -> Flags:
    """Rows that name a number which some row before them has."""
    later, first = _by_number(payments)
    named = np.zeros(len(payments), dtype=bool)
    named[later[payments.day[later] >= payments.day[first]]] = True
    return named


def _this_way(payments: Payments, side: Sides) -> tuple[Ints, Floats]:
    """How many payments a row's party has in all, and the share of them of the row's direction."""
    group = codes(payments.source, payments.currency, side.party)
    every = np.bincount(group)[group]
    out = np.bincount(group, weights=side.outgoing)[group]
    return every, np.where(side.outgoing, out, every - out) / np.maximum(every, 1)


def _is_usual(payments: Payments, side: Sides) -> Flags:
    """Rows that go their party's usual way."""
    return np.asarray(_this_way(payments, side)[1] > 0.5)


def _is_traffic(payments: Payments, side: Sides) -> Flags:
    """Rows of a party whose payments go both ways as a habit."""
    every, share = _this_way(payments, side)
    return np.asarray((every >= FEW) & (share > SHARE))


def _twins(same: Pairs) -> dict[int, int]:
    """Each row that another source saw as well → that source's row."""
    ends = same.one.tolist(), same.other.tolist()
    return dict(zip(*ends, strict=True)) | dict(zip(*reversed(ends), strict=True))


def _of_days(payments: Payments, pairs: Reversals) -> Floats:
    """1/e each month; a part that is given back takes some days: a gamma density of shape 2 whose
    mean is 20 days, 1 at its top (14 days to withdraw and 14 to pay back are the law in the EU).
    """
    days = np.minimum(payments.day[pairs.reversal] - payments.day[pairs.original], 1e4)
    part = (days + 1) / 10 * np.exp(1 - (days + 1) / 10)
    return np.asarray(np.where(pairs.whole | pairs.named, np.exp(-days / 30), part))


def _with_twins(payments: Payments, pairs: Reversals, odds: Floats, twin: dict[int, int]) -> Floats:
    """Times the odds that the other source's views of both rows have; the days count once."""
    keys = list(zip(pairs.reversal.tolist(), pairs.original.tolist(), strict=True))
    timeless = odds / np.maximum(_of_days(payments, pairs), 1e-12)
    known = dict(zip(keys, timeless.tolist(), strict=True))
    others = [known.get((twin.get(a, -1), twin.get(b, -1)), 1.0) for a, b in keys]
    return np.asarray(odds * np.array(others))


def _told_over(payments: Payments, found: Reversals, twin: dict[int, int]) -> Reversals:
    """What one source's rows say is so of the other's views, too: the surer view decides."""
    original = dict(zip(found.reversal.tolist(), found.original.tolist(), strict=True))
    by = {later: at for at, later in enumerate(found.reversal.tolist())}
    told = set[int]()
    for at in np.argsort(-found.confidence, kind="stable").tolist():
        later, first = int(found.reversal[at]), int(found.original[at])
        also, its = twin.get(later, -1), twin.get(first, -1)
        if later not in told and also >= 0 and its >= 0 and _is_view(payments, also, its):
            original[also], by[also] = its, at
            told |= {later, also}
    rows = sorted(original)
    kept = found.only(np.array([by[row] for row in rows], dtype=np.int64))
    laters = np.array(rows, dtype=np.int64)
    firsts = np.array([original[row] for row in rows], dtype=np.int64)
    return Reversals(laters, firsts, kept.whole, kept.named, kept.confidence)


def _is_view(payments: Payments, later: int, first: int) -> bool:
    return bool(
        payments.source[later] == payments.source[first]
        and payments.currency[later] == payments.currency[first]
        and payments.amount[later] <= payments.amount[first]
    )


def _chosen(payments: Payments, pairs: Reversals, odds: Floats) -> Reversals:
    weight = np.log(np.maximum(odds, 1e-12))
    sure = pairs.whole | pairs.named
    chosen = assign(pairs.reversal, pairs.original, np.where(sure & pairs.whole, weight, 0.0))
    left = payments.amount.copy()
    left[pairs.original[chosen]] = 0
    done = set(pairs.reversal[chosen].tolist())
    for at in np.lexsort((pairs.original, pairs.reversal, -odds)).tolist():
        later, first = int(pairs.reversal[at]), int(pairs.original[at])
        if odds[at] > 0.05 and later not in done and payments.amount[later] <= left[first]:
            left[first] -= payments.amount[later]
            done.add(later)
            chosen[at] = True
    return _confident(pairs, odds, chosen)


def _confident(pairs: Reversals, odds: Floats, chosen: Flags) -> Reversals:
    """Each one's odds over those of all the originals that it may have."""
    size = int(pairs.reversal.max(initial=0)) + 1
    every = np.bincount(pairs.reversal, weights=odds, minlength=size)
    confidence = odds / (0.05 + every[pairs.reversal])
    found = Reversals(**{**vars(pairs), "confidence": confidence})
    return found.only(np.flatnonzero(chosen & (pairs.whole | (confidence >= CLAIM))))
