"""Finds what takes a payment back, in part or wholly: a credit note, a refund, a returned payment.

Candidates are payments of one source, currency and party in opposite directions, where the later
amount is not greater. Each has odds that it is the other's reversal, from what the two rows state
(`_odds`). Whole reversals, and those that name a number, are assigned one to one (`assignment`).
Then partial ones follow, the most certain first, as long as something of the original is left.

A reversal goes against its party's usual direction; a payment after a return is a new payment. If a
party's money goes both ways all the time (a payout and its fee), the direction says nothing. Then
only a number, or the whole amount within days, makes a reversal.

If two sources recorded both payments, the odds from both sources count for each of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import invoices, numbers
from graph.enrich.columns.counterparties import Sides, joined, sides
from graph.enrich.columns.grouping import codes
from graph.enrich.columns.payments import UNIT, Ints, Payments
from graph.enrich.links import fees, refunds_together, same_transaction
from graph.enrich.links.assignment import assign
from graph.enrich.links.credit_remainders import are_left_paid
from graph.enrich.links.fees import Fees
from graph.enrich.links.returned_words import are_worded
from graph.enrich.links.sighting_pairs import Pairs
from graph.enrich.series.activity import FAR
from graph.enrich.write.counts import Counts
from graph.enrich.write.write_links import Link, write

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

METHOD = "reversal"
NEAR = 25  # earlier payments that are compared with a reversal
WHOLE, PART = 180, 60  # days until the whole amount, or a part of it, is given back
NUMBERED = 400  # days if the reversal names the original's number
SOON = 10  # days within which a reversal of the whole amount needs no number
SHARE = 0.35  # share of a party's payments in the other direction; more is traffic
MONEY_KEEPERS = ("employee", "account")  # the tenant's own parties to which money goes back
MOST_OWNERS = 20.0  # the most that one party on the books' own side counts for
ELSEWHERE = 0.002  # the odds if the money goes to another card or account than it came from
FEW = 6  # payments of a party; with fewer, its share says nothing
CLAIM = 1 / 3  # least confidence of a reversal; less is a guess among many
NONE = 0.08  # the odds that no candidate is right; a single one must exceed them, too
LEAST = 0.05  # least odds of a partial reversal
LEFT = 30.0  # the odds if a payment of exactly the rest exists
WORDED = 10.0  # the odds if the words say so
CONTRARY = 0.02  # share of a source's rows against their usual direction; more says less
ANEW, PAID_ANEW = 30, 30.0  # days until a returned payment is paid again; its odds


@dataclass(frozen=True)
class Reversals:
    """Reversals and the payments that they take back, as row numbers. `whole`: the whole amount
    is taken back. `named`: the reversal names a number of the original. `confidence`: 0..1."""

    reversal: Ints
    original: Ints
    whole: Flags
    named: Flags
    confidence: Floats

    def __len__(self) -> int:
        return len(self.reversal)

    def only(self, selection: NDArray[np.generic]) -> "Reversals":
        """Return the reversals that the mask or the positions select."""
        return Reversals(**{name: values[selection] for name, values in vars(self).items()})


def enrich(user_id: UUID, payments: Payments, pairs: Reversals | None = None) -> Counts:
    """Write the tenant's reversal links (`pairs` or new ones). Return the numbers of changes."""
    reversed_by = pairs if pairs is not None else known(user_id, payments)[2]
    return write(user_id, METHOD, links(payments, reversed_by))


def known(user_id: UUID, payments: Payments) -> tuple[Pairs, Fees, Reversals]:
    """Return the tenant's sightings and charges, which reversals rest on, and the reversals."""
    pairs = same_transaction.known(user_id, payments)
    charges = fees.find(payments)
    return pairs, charges, find(payments, pairs, charges)


def find(payments: Payments, same: Pairs, charges: Fees) -> Reversals:
    """Return the reversals. `same` has the payments that two sources recorded. What one sighting
    states also holds for the other.

    `charges` do not reverse the payments that they are for. A deduction on an invoice does not
    reverse another line of it. A reversal is not itself reversed.
    """
    side, twin = _sides(payments, same), _twins(same)
    candidates = _candidates(payments, side, charges)
    odds = _odds(payments, side, candidates)
    ends = candidates.reversal, candidates.original
    odds *= refunds_together.favour(payments, charges, *ends, odds)
    apart = payments.apart.among(METHOD, *ends)
    candidates, odds = candidates.only((odds > 0) & ~apart), odds[(odds > 0) & ~apart]
    odds = _with_twins(payments, candidates, odds, twin)
    return _without_chains(
        _shared_with_sightings(payments, _chosen(payments, candidates, odds), twin)
    )


def links(payments: Payments, pairs: Reversals) -> Iterator[Link]:
    """Yield links from the reversal's posting to the original's, on the counterparty's account."""
    outgoing = sides(payments).outgoing
    event = np.where(outgoing, payments.payee_event, payments.payer_event)
    for at in range(len(pairs)):
        later, first = int(pairs.reversal[at]), int(pairs.original[at])
        reason = _reason(payments, pairs, at)
        yield Link(event[later], event[first], "reversal", float(pairs.confidence[at]), reason)


def _reason(payments: Payments, pairs: Reversals, at: int) -> str:
    later, first = int(pairs.reversal[at]), int(pairs.original[at])
    what = "wholly" if pairs.whole[at] else "in part"
    naming = f", naming its number {payments.document[first]}" if pairs.named[at] else ""
    return (
        f"row {payments.external_id[later]} takes back {payments.amount[later] / UNIT:,.2f} of the "
        f"{payments.amount[first] / UNIT:,.2f} {payments.currency[first]} of row "
        f"{payments.external_id[first]} {what}, "
        f"{payments.day[later] - payments.day[first]} days later{naming}"
    )


def _sides(payments: Payments, same: Pairs) -> Sides:
    """Return the payments' sides. Parties with similar names that share a payment count as one."""
    side, alike = sides(payments), same.alike >= same_transaction.SURE
    party = joined(side.party, same.one[alike], same.other[alike])
    return Sides(party, side.own, side.outgoing)


def _candidates(payments: Payments, side: Sides, charges: Fees) -> Reversals:
    """Return the possible reversals: rows of the same party, book and currency in the other
    direction that are not larger, and near in time, of the whole amount or with the number."""
    may_take_back = (payments.amount > 0) & (~_is_usual(payments, side) | are_worded(payments))
    may_take_back[charges.fee] = False
    pairs = [*_by_party(payments, side, may_take_back), _by_number(payments)]
    later, first = (np.concatenate([pair[end] for pair in pairs]) for end in (0, 1))
    fits = may_take_back[later] & (later != first)
    fits &= (side.outgoing[later] != side.outgoing[first]) & (
        side.party[later] == side.party[first]
    )
    book = codes(payments.source, payments.currency)
    fits &= (book[later] == book[first]) & (payments.amount[later] <= payments.amount[first])
    fits &= payments.day[later] >= payments.day[first]
    key = np.sort(later[fits] * np.int64(len(payments)) + first[fits])
    later, first = np.divmod(key[np.diff(key, prepend=-1) != 0], max(len(payments), 1))
    deducted = invoices.of_lines(payments).are_netted(later, first)
    later, first = later[~deducted], first[~deducted]
    is_named = _named(payments, later, first)
    whole = payments.amount[later] == payments.amount[first]
    return Reversals(later, first, whole, is_named, np.zeros(len(later)))


def _by_party(payments: Payments, side: Sides, among: Flags) -> Iterator[tuple[Ints, Ints]]:
    """Yield (later rows of the mask `among`, earlier rows of the party in the other direction)
    twice: of any amount, and of the same amount."""
    account = codes(payments.source, payments.currency, side.party)
    yield _before(payments, account, side.outgoing, among)
    yield _before(payments, codes(account, payments.amount), side.outgoing, among)


def _before(payments: Payments, group: Ints, outgoing: Flags, among: Flags) -> tuple[Ints, Ints]:
    """Return (later rows of the mask `among`, up to NEAR earlier rows each of the same group in
    the other direction)."""
    both = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    width = len(payments) + 1
    for way in (True, False):
        firsts = np.flatnonzero(outgoing == way)
        laters = np.flatnonzero((outgoing != way) & among)
        ordered = firsts[np.argsort(group[firsts], kind="stable")]
        keys = group[ordered] * width + ordered  # rows are ordered by day
        end = np.searchsorted(keys, group[laters] * width + _last_of_day(payments)[laters])
        for step in range(1, NEAR + 1):
            at = end - step
            fits = at >= 0
            fits[fits] = group[ordered[at[fits]]] == group[laters[fits]]
            both[0].append(laters[fits])
            both[1].append(ordered[at[fits]])
    return np.concatenate(both[0]), np.concatenate(both[1])


def _last_of_day(payments: Payments) -> Ints:
    """Return, for each row, the row number after its day. The order within a day says nothing."""
    return np.asarray(np.searchsorted(payments.day, payments.day, side="right"), dtype=np.int64)


def _by_number(payments: Payments) -> tuple[Ints, Ints]:
    """Return (later rows, earlier rows): each row with the rows whose own number it names."""
    pairs = numbers.mentions(payments)
    pairs = pairs.only((pairs.owners <= NEAR) & (pairs.by != pairs.owner))
    return pairs.by, pairs.owner


def _named(payments: Payments, later: Ints, first: Ints) -> Flags:
    """Return, for each pair, whether `later` names the number of `first`, or both name the same."""
    has_own = numbers.of_documents(payments)[first] != ""
    return np.asarray(has_own & numbers.index(payments).share(later, first), dtype=bool)


def _odds(payments: Payments, side: Sides, pairs: Reversals) -> Floats:
    """Return the odds of each candidate; 0 if it is impossible.

    They are the product of these factors: a named number 500, a different one 1/100; the whole
    amount 20; another source pays exactly the rest 30; the money goes back to the card or account
    that it came from: the number of those that the party deals with, to a different one 1/500; the
    same department up to 4; the original is paid again 30; the days (`_of_days`).
    """
    later, first = pairs.reversal, pairs.original
    days = (payments.day[later] - payments.day[first]).astype(np.float64)
    late = days > np.where(pairs.named, NUMBERED, np.where(pairs.whole, WHOLE, PART))
    traffic = _is_traffic(payments, side)[later] & ~pairs.named & ~(pairs.whole & (days <= SOON))
    possible = ~(late | traffic | _is_second_of_two(payments, pairs))
    odds = np.where(pairs.whole, 20.0, 1.0) * _of_days(payments, pairs)
    odds *= np.where(pairs.named, 500.0, np.where(_names_another(payments)[later], 0.01, 1.0))
    keeps_money = np.isin(payments.entities.kind[side.own[first]].astype(str), MONEY_KEEPERS)
    owners = np.minimum(_owners(payments, side)[first], np.where(keeps_money, MOST_OWNERS, 4.0))
    odds *= np.where(
        side.own[later] == side.own[first], owners, np.where(keeps_money, ELSEWHERE, 1.0)
    )
    odds *= np.where(pairs.whole & _is_paid_anew(payments, side, pairs), PAID_ANEW, 1.0)
    in_part = np.flatnonzero(possible & ~pairs.whole & ~pairs.named)
    left_paid = are_left_paid(payments, side, later[in_part], first[in_part])
    odds[in_part] *= np.where(left_paid, LEFT, 1.0)
    odds *= np.where(are_worded(payments)[later], WORDED, 1.0)
    odds[in_part] /= np.maximum(_contrary(payments, side)[later[in_part]] / CONTRARY, 1.0)
    return np.asarray(np.where(possible, odds, 0.0))


def _is_paid_anew(payments: Payments, side: Sides, pairs: Reversals) -> Flags:
    """Return, for each candidate, whether the original's number is paid once more with the same
    amount within ANEW days after the reversal. The original had then come back."""
    later, first = pairs.reversal, pairs.original
    number = numbers.of_documents(payments)
    cell = codes(
        payments.source, payments.currency, side.party, side.outgoing, payments.amount, number
    )
    keys = np.sort(cell * FAR + payments.day)
    since = np.maximum(payments.day[later], payments.day[first] + 1)
    begin = np.searchsorted(keys, cell[first] * FAR + since)
    end = np.searchsorted(keys, cell[first] * FAR + payments.day[later] + ANEW, side="right")
    return np.asarray((end > begin) & (number[first] != ""), dtype=bool)


def _is_second_of_two(payments: Payments, pairs: Reversals) -> Flags:
    """Return, for each candidate, whether two rows of one day could reverse each other and the
    original is the later one. The first row then counts as the original."""
    second = pairs.whole & (pairs.reversal < pairs.original)
    some = np.flatnonzero(second)
    size = np.int64(len(payments))
    keys = pairs.reversal[pairs.whole] * size + pairs.original[pairs.whole]
    mirrors = pairs.original[some] * size + pairs.reversal[some]
    second[some] = np.isin(mirrors, keys)
    return second


def _owners(payments: Payments, side: Sides) -> Floats:
    """Return, for each row, one over the share of its party's rows that have the same own party,
    at most MOST_OWNERS: about the number of own parties that the party deals with."""
    party = codes(payments.source, side.party)
    both = codes(party, side.own)
    return np.asarray(np.minimum(np.bincount(party)[party] / np.bincount(both)[both], MOST_OWNERS))


def _names_another(payments: Payments) -> Flags:
    """Return one boolean per row: whether it names the own number of an earlier row."""
    later, first = _by_number(payments)
    result = np.zeros(len(payments), dtype=bool)
    result[later[payments.day[later] >= payments.day[first]]] = True
    return result


def _this_way(payments: Payments, side: Sides) -> tuple[Ints, Floats]:
    """Return, for each row, the number of its party's payments in its source and currency, and
    the share (0..1) of them that go in the row's direction."""
    group = codes(payments.source, payments.currency, side.party)
    every = np.bincount(group)[group]
    out = np.bincount(group, weights=side.outgoing)[group]
    return every, np.where(side.outgoing, out, every - out) / np.maximum(every, 1)


def _is_usual(payments: Payments, side: Sides) -> Flags:
    """Return one boolean per row: whether most payments of its party go in its direction."""
    return np.asarray(_this_way(payments, side)[1] > 0.5)


def _contrary(payments: Payments, side: Sides) -> Floats:
    """Return, for each row, the share (0..1) of its source's rows that go against their party's
    usual direction."""
    source = codes(payments.source)
    against = np.bincount(source, weights=~_is_usual(payments, side))
    return np.asarray((against / np.bincount(source))[source], dtype=np.float64)


def _is_traffic(payments: Payments, side: Sides) -> Flags:
    """Return one boolean per row: whether a good share of its party's many payments go its way."""
    every, share = _this_way(payments, side)
    return np.asarray((every >= FEW) & (share > SHARE))


def _twins(same: Pairs) -> dict[int, int]:
    """Return row → the row of the other source that records the same payment."""
    ends = same.one.tolist(), same.other.tolist()
    return dict(zip(*ends, strict=True)) | dict(zip(*reversed(ends), strict=True))


def _of_days(payments: Payments, pairs: Reversals) -> Floats:
    """Return the factor for the days between the rows of each candidate: it falls to 1/e in 30
    days. For a part it is a gamma density of shape 2 with a mean of 20 days, scaled to 1 at its
    top, because a partial refund takes some days (EU law gives 14 days to withdraw and 14 to pay
    back)."""
    days = np.minimum(payments.day[pairs.reversal] - payments.day[pairs.original], 1e4)
    part = (days + 1) / 10 * np.exp(1 - (days + 1) / 10)
    return np.asarray(np.where(pairs.whole | pairs.named, np.exp(-days / 30), part))


def _with_twins(payments: Payments, pairs: Reversals, odds: Floats, twin: dict[int, int]) -> Floats:
    """Return each candidate's odds times those of the other source's sightings of both rows
    (`twin` finds them). The factor of the days counts once."""
    keys = list(zip(pairs.reversal.tolist(), pairs.original.tolist(), strict=True))
    timeless = odds / np.maximum(_of_days(payments, pairs), 1e-12)
    by_pair = dict(zip(keys, timeless.tolist(), strict=True))
    others = [by_pair.get((twin.get(a, -1), twin.get(b, -1)), 1.0) for a, b in keys]
    return np.asarray(odds * np.array(others))


def _shared_with_sightings(payments: Payments, pairs: Reversals, twin: dict[int, int]) -> Reversals:
    """Return the reversals. If two sources disagree about a payment that both recorded, the
    reversal with the higher confidence decides for both."""
    original = dict(zip(pairs.reversal.tolist(), pairs.original.tolist(), strict=True))
    by = {later: at for at, later in enumerate(pairs.reversal.tolist())}
    rows_done = set[int]()
    for at in np.argsort(-pairs.confidence, kind="stable").tolist():
        later, first = int(pairs.reversal[at]), int(pairs.original[at])
        also, its = twin.get(later, -1), twin.get(first, -1)
        if later not in rows_done and also >= 0 and its >= 0 and _is_view(payments, also, its):
            original[also], by[also] = its, at
            rows_done |= {later, also}
    rows = sorted(original)
    selection = pairs.only(np.array([by[row] for row in rows], dtype=np.int64))
    laters = np.array(rows, dtype=np.int64)
    firsts = np.array([original[row] for row in rows], dtype=np.int64)
    return Reversals(laters, firsts, selection.whole, selection.named, selection.confidence)


def _is_view(payments: Payments, later: int, first: int) -> bool:
    return bool(
        payments.source[later] == payments.source[first]
        and payments.currency[later] == payments.currency[first]
        and payments.amount[later] <= payments.amount[first]
    )


def _chosen(payments: Payments, pairs: Reversals, odds: Floats) -> Reversals:
    weight = np.log(np.maximum(odds, 1e-12))
    sure = pairs.whole | pairs.named
    is_chosen = assign(pairs.reversal, pairs.original, np.where(sure & pairs.whole, weight, 0.0))
    open_amount = payments.amount.copy()
    open_amount[pairs.original[is_chosen]] = 0
    reversing = set(pairs.reversal[is_chosen].tolist())
    worth = np.flatnonzero(odds > LEAST)
    ranked = np.lexsort((pairs.original[worth], pairs.reversal[worth], -odds[worth]))
    for at in worth[ranked].tolist():
        later, first = int(pairs.reversal[at]), int(pairs.original[at])
        if later not in reversing and payments.amount[later] <= open_amount[first]:
            open_amount[first] -= payments.amount[later]
            reversing.add(later)
            is_chosen[at] = True
    return _confident(pairs, odds, is_chosen)


def _confident(pairs: Reversals, odds: Floats, is_chosen: Flags) -> Reversals:
    """Return the chosen reversals whose confidence is at least CLAIM. Confidence is their odds
    over the sum of the odds of all possible originals and of none."""
    size = int(pairs.reversal.max(initial=0)) + 1
    every = np.bincount(pairs.reversal, weights=odds, minlength=size)
    confidence = odds / (NONE + every[pairs.reversal])
    weighed = Reversals(**{**vars(pairs), "confidence": confidence})
    return weighed.only(np.flatnonzero(is_chosen & (confidence >= CLAIM)))


def _without_chains(pairs: Reversals) -> Reversals:
    """Return the reversals without those whose reversal is itself reversed, or whose original is
    a reversal. Of two such links the more certain one stays, so these links never form a cycle."""
    reversing, originals = set[int](), set[int]()
    places: list[int] = []
    for at in np.lexsort((pairs.original, pairs.reversal, -pairs.confidence)).tolist():
        later, first = int(pairs.reversal[at]), int(pairs.original[at])
        if later not in originals and first not in reversing:
            reversing.add(later)
            originals.add(first)
            places.append(at)
    return pairs.only(np.sort(np.array(places, dtype=np.int64)))
