"""Finds payments that two sources recorded: the ledger and the card feed, or the ledger and the
bank.

Candidates are rows of two sources with one currency and amount whose parties have similar names
(`name_similarity`). Not all pairs are compared: within an amount, parties are compared with
parties, and many equal rows of two parties only if they are near in time. Each pair has odds (I.
Fellegi, A. Sunter, "A theory for record linkage", JASA 64, 1969). They are the likelihood of its
days apart (`day_lags`), its names, its document numbers and its direction for one payment, divided
by that for two payments. The pairs are the one-to-one assignment with the greatest likelihood
(`assignment`). Days, direction, and which kinds of rows have a sighting in the other source are
learned. First they are learned from pairs without rival, then twice from the pairs found
(expectation and maximization, as hard assignments).

An invoice with a due day after its date is a claim, not a payment; `settlements` handles it. Rows
of two accounts' statements are two payments (`other_accounts`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from uuid import UUID

import numpy as np

from graph.enrich.columns import numbers, ragged, stated_fields
from graph.enrich.columns.counterparties import Sides, sides
from graph.enrich.columns.grouping import are, codes, cut, having
from graph.enrich.columns.name_similarity import Likeness, likeness
from graph.enrich.columns.payments import UNIT, Ints, Payments
from graph.enrich.links import card_bills, day_lags
from graph.enrich.links.assignment import assign
from graph.enrich.links.coincidences import price
from graph.enrich.links.near_in_time import near
from graph.enrich.links.other_accounts import Statements
from graph.enrich.links.sighting_pairs import Flags, Floats, Pairs, consistent, joined
from graph.enrich.write.counts import Counts
from graph.enrich.write.write_links import Link, write

METHOD = "same_transaction"
PARTIES = 4_000  # pairs of parties with one amount up to which all names are compared
CHUNK = 500_000  # pairs of parties that are compared in one chunk
ALIKE = 0.35  # similarity below which names are not compared further
SURE = 0.6  # least similarity of names in the pairs that are learned from first
AGAIN = 0.02  # the probability that a party's next payment has the same amount but is another one
ROUNDS = 2
LEAST = 3.0  # least odds of a pair that becomes a link
NUMBERED = 100.0  # odds if both rows state the same document number
OTHERWISE = 20.0  # weight, in sure pairs, of the assumption that one payment has one number
AGREED = 0.1  # share of sure pairs with the same number; above it, the sources use the same numbers
COVERED = 0.1  # share of its numbered rows in sure pairs: it has its own numbers
CONFLICT = 1e-4  # the odds of different numbers if neither source has numbers of its own
OWN = 3.0  # odds if the tenant's own party is the same as well
LATEST = 4_000  # days; a longer lag counts as this many
SAMPLES = 16  # pairs of sources whose samples are cached
SAMPLE, STRIDE = 100_000, 7_919  # pairs of parties; the stride (a prime) spreads them over all


def enrich(user_id: UUID, payments: Payments, computed: Pairs | None = None) -> Counts:
    """Write the tenant's same_transaction links (`computed` or new). Return the numbers of
    changes."""
    pairs = computed if computed is not None else known(user_id, payments)
    return write(user_id, METHOD, links(payments, pairs))


def known(user_id: UUID, payments: Payments) -> Pairs:
    """Return the pairs that `find` finds in the payments and in the further fields of their
    rows."""
    return find(payments, stated_fields.load(user_id, payments))


def find(payments: Payments, kinds: stated_fields.Fields | None = None) -> Pairs:
    """Return the pairs of rows that record one payment, the most certain first.

    `one` is the row of the feed, `other` that of the ledger (or of the later source). `kinds` has,
    for each field with few values that the sources state, its value in each payment's row.
    """
    context = _Context(payments, kinds or {})
    matches = [_matched(context, *pair) for pair in _source_pairs(payments)]
    return consistent(payments, joined([*matches, card_bills.find(payments)]), context.statements)


def links(payments: Payments, pairs: Pairs) -> Iterator[Link]:
    """Yield the pairs as links, from the feed's payee posting to the ledger's."""
    for at in range(len(pairs)):
        one, other = int(pairs.one[at]), int(pairs.other[at])
        yield Link(
            payments.payee_event[one],
            payments.payee_event[other],
            "same_transaction",
            float(pairs.confidence[at]),
            _reason(payments, pairs, at),
        )


def _reason(payments: Payments, pairs: Pairs, at: int) -> str:
    one, other, days = int(pairs.one[at]), int(pairs.other[at]), int(pairs.days[at])
    money = f"{payments.amount[one] / UNIT:,.2f} {payments.currency[one]}"
    rows = f"{_row(payments, one)} and {_row(payments, other)}"
    number = ", naming the same document" if pairs.numbered[at] else ""
    apart = f"{abs(days)} day{'s' if abs(days) > 1 else ''} apart" if days else "on the same day"
    return (
        f"{rows} both state {money}, {apart}{number}; names {pairs.alike[at]:.0%} alike, "
        f"{min(pairs.odds[at], 1e6):,.0f} to 1 that they are one payment"
    )


def _row(payments: Payments, at: int) -> str:
    return f"row {payments.external_id[at]} of {payments.source[at]} ({day_of(payments, at)})"


def day_of(payments: Payments, at: int) -> str:
    """Return the day of row `at` as an ISO date."""
    return (date(1970, 1, 1) + timedelta(days=int(payments.day[at]))).isoformat()


class _Context:
    """What all pairs of sources need, computed once from the payments."""

    def __init__(self, payments: Payments, kinds: stated_fields.Fields) -> None:
        self.payments = payments
        self.kinds = kinds
        self.sides: Sides = sides(payments)
        self.statements = Statements(payments)
        self.likeness = likeness(payments.entities)
        self.claim = payments.due_day > payments.day
        self.is_numbered = numbers.have_digits(payments).astype(bool)
        self.money = codes(payments.currency, payments.amount)
        self.span = _span(payments.day)


def _span(day: Ints) -> int:
    """Return the number of days between the first and the last percentile of the days, so that a
    typing error in a year does not count."""
    low, high = np.percentile(day, [1, 99]) if len(day) else (0, 0)
    return int(high - low) + 1


def _source_pairs(payments: Payments) -> list[tuple[str, str]]:
    """Return every two sources as a pair, with a ledger second."""
    places = np.unique(codes(payments.source), return_index=True)[1].tolist()
    books = {payments.source[place]: payments.platform[place] == "ledger" for place in places}
    return list(combinations(sorted(books, key=lambda source: (books[source], source)), 2))


def _matched(context: _Context, feed: str, books: str) -> Pairs:
    """Return the pairs of rows of these two sources that record one payment, with odds and
    confidence."""
    one, other = _candidates(context, feed, books)
    pairs = _compared(context, one, other)
    if not len(pairs):
        return pairs
    fixed = _of_names(context, pairs, feed, books)
    sure = _without_rival(one, other, pairs.alike >= SURE)
    fixed *= day_lags.credence(pairs.days[sure], context.span)
    for _ in range(ROUNDS):
        pairs = pairs.weighed(fixed * _learned(context, pairs, sure, (feed, books)))
        weight = np.log(np.maximum(pairs.odds, 1e-12) / LEAST) - _crossing_penalty(pairs)
        assigned = assign(one, other, weight)
        sure = assigned & (pairs.odds > 10)
    return _confident(pairs, assigned)


def _crossing_penalty(pairs: Pairs) -> Floats:
    """Return a tiny penalty per pair, by the square of its days apart. It decides between equal
    odds: pairs that do not cross in time have the least sum."""
    return np.asarray(1e-9 * np.clip(pairs.days, -LATEST, LATEST).astype(np.float64) ** 2)


def _candidates(context: _Context, feed: str, books: str) -> tuple[Ints, Ints]:
    """Return (feed's rows, ledger's rows): pairs with one amount and currency, parties with
    similar names, and near in time if there are many. Both rows are claims, or neither is. Pairs
    of two accounts' statements are left out."""
    payments = context.payments
    usable = payments.amount > 0
    of_source = [are(payments.source, name) & usable for name in (feed, books)]
    in_both = having(context.money, of_source[0]) & having(context.money, of_source[1])
    ones, others = (_Cells.of(context, np.flatnonzero(rows & in_both)) for rows in of_source)
    pairs = [
        pair for chunk in _chunks(ones, others) for pair in _alike(context, ones, others, *chunk)
    ]
    one, other = (
        np.concatenate([np.zeros(0, dtype=np.int64), *(pair[side] for pair in pairs)])
        for side in (0, 1)
    )
    mask = context.claim[one] == context.claim[other]
    mask &= ~(context.statements.apart(one, other) | payments.apart.among(METHOD, one, other))
    return one[mask], other[mask]


@dataclass(frozen=True)
class _Cells:
    """A source's rows, grouped into cells: one cell per amount with currency (`money`) and party,
    ordered by both."""

    money: Ints
    party: Ints
    rows: list[Ints]  # of each cell, in the order of days (which is the order of the rows)

    @classmethod
    def of(cls, context: _Context, rows: Ints) -> "_Cells":
        money, party = context.money[rows], context.sides.party[rows]
        order = np.lexsort((party, money))
        money, party = money[order], party[order]
        is_new = (np.diff(money) != 0) | (np.diff(party) != 0)
        first = np.flatnonzero(np.append(len(rows) > 0, is_new))
        return cls(money[first], party[first], cut(rows[order], first[1:]))


def _chunks(ones: _Cells, others: _Cells) -> Iterator[tuple[Ints, Ints]]:
    """Yield (cells of ones, cells of others): all pairs of cells of one amount, a bounded number of
    pairs at a time."""
    both = np.intersect1d(ones.money, others.money)
    pairs = np.cumsum(_sizes(ones, both) * _sizes(others, both))
    for money in cut(both, np.flatnonzero(np.diff(pairs // CHUNK)) + 1):
        yield _of_amounts(ones, others, money)


def _sizes(cells: _Cells, money: Ints) -> Ints:
    """Return, for each amount in `money`, the number of cells that have it."""
    ends = (np.searchsorted(cells.money, money, side=side) for side in ("right", "left"))
    return np.asarray(np.subtract(*ends))


def _of_amounts(ones: _Cells, others: _Cells, money: Ints) -> tuple[Ints, Ints]:
    """Return (cells of ones, cells of others): the pairs of cells with each of these amounts, or
    for an amount with more than PARTIES pairs, those of the same party."""
    sizes = _sizes(ones, money), _sizes(others, money)
    is_few = sizes[0] * sizes[1] <= PARTIES
    of, one, other = ragged.products(sizes[0][is_few], sizes[1][is_few])
    one += np.searchsorted(ones.money, money[is_few])[of]
    other += np.searchsorted(others.money, money[is_few])[of]
    twins = _of_one_party(ones, others, money[~is_few])
    one, other = (np.append(*some) for some in zip((one, other), twins, strict=True))
    order = np.lexsort((other, one))
    return one[order], other[order]


def _of_one_party(ones: _Cells, others: _Cells, money: Ints) -> tuple[Ints, Ints]:
    """Return (cells of ones, cells of others): the pairs of cells with each of these amounts that
    have the same party."""
    width = max(ones.party.max(initial=0), others.party.max(initial=0)) + 1
    at, twin = (np.flatnonzero(np.isin(cells.money, money)) for cells in (ones, others))
    keys = ones.money[at] * width + ones.party[at]
    keys_of_twins = others.money[twin] * width + others.party[twin]
    _, one, other = np.intersect1d(keys, keys_of_twins, assume_unique=True, return_indices=True)
    return at[one], twin[other]


def _alike(
    context: _Context, ones: _Cells, others: _Cells, one: Ints, other: Ints
) -> list[tuple[Ints, Ints]]:
    """Return the pairs of rows to compare, for those pairs of cells whose parties have similar
    names."""
    is_alike = context.likeness.of(ones.party[one], others.party[other]) >= ALIKE
    pairs = zip(one[is_alike].tolist(), other[is_alike].tolist(), strict=True)
    compared = [(ones.rows[at], others.rows[twin]) for at, twin in pairs]
    return list(near(context.payments.day, compared))


def _compared(context: _Context, one: Ints, other: Ints) -> Pairs:
    """Return the candidates as Pairs with days apart, similarity of names and common numbers. Odds
    and confidence are 0."""
    payments, party = context.payments, context.sides.party
    days = np.clip(payments.day[other] - payments.day[one], -LATEST, LATEST)
    alike = context.likeness.of(party[one], party[other])
    nothing, numbered = np.zeros(len(one)), numbers.index(payments).share(one, other)
    return Pairs(one, other, days, alike, nothing, nothing, numbered)


def _of_names(context: _Context, pairs: Pairs, feed: str, books: str) -> Floats:
    """Return the odds of each pair by its names and numbers: how unlikely would it be by chance
    among this many rows?

    They are one over the sum of two chances: that a party is paid the same amount again
    (`coincidences`), and that any other row with the amount has a name this similar. A name far
    from similar is rare for one payment, too, so the odds are multiplied by the cube of the
    similarity.
    """
    one, other, side = pairs.one, pairs.other, context.sides
    rivals = np.maximum(_others(context, one, feed), _others(context, other, books))
    source, usable = context.payments.source, context.payments.amount > 0
    ours, theirs = (np.flatnonzero(are(source, name) & usable) for name in (feed, books))
    again = price(context.payments, side.party, (ours, theirs), (one, other), AGAIN)
    chance = again + rivals * _share_as_similar(context, pairs.alike, feed, books)
    odds = pairs.alike**3 / chance
    odds *= np.where(pairs.numbered, NUMBERED, 1.0)
    return np.asarray(odds * np.where(side.own[one] == side.own[other], OWN, 1.0))


def _others(context: _Context, rows: Ints, source: str) -> Ints:
    """Return, for each of `rows`, how many rows of the source have the same amount but another
    party."""
    of = np.flatnonzero(are(context.payments.source, source))
    money, party = context.money, context.sides.party
    width = int(party.max()) + 1
    every = np.bincount(money[of], minlength=int(money.max()) + 1)
    cells, counts = np.unique(money[of] * width + party[of], return_counts=True)
    at = np.searchsorted(cells, money[rows] * width + party[rows])
    return np.asarray(every[money[rows]] - counts[at], dtype=np.int64)


def _share_as_similar(context: _Context, alike: Floats, feed: str, books: str) -> Floats:
    """Return, for each similarity in `alike`, the share of pairs of the two sources' parties whose
    names are at least as similar, estimated from a sample."""
    ends = [
        np.unique(context.sides.party[are(context.payments.source, source)])
        for source in (feed, books)
    ]
    sample = _sample(context.likeness, *ends)
    above = len(sample) - np.searchsorted(sample, alike, side="left")
    return np.asarray((above + 0.5) / (len(sample) + 1))


def _sample(alike: Likeness, ones: Ints, others: Ints) -> Floats:
    """Return the sorted similarities (0..1) of a sample of pairs of different parties, one of
    `ones` and one of `others`."""
    name = ones.tobytes(), others.tobytes()
    if name not in alike.samples:
        grid = np.arange(min(len(ones) * len(others), SAMPLE), dtype=np.int64) * STRIDE
        left, right = ones[grid % len(ones)], others[grid // len(ones) % len(others)]
        unlike = left != right
        if len(alike.samples) >= SAMPLES:
            alike.samples.clear()
        alike.samples[name] = np.sort(alike.of(left[unlike], right[unlike]))
    return alike.samples[name]


def _learned(context: _Context, pairs: Pairs, sure: Flags, sources: tuple[str, str]) -> Floats:
    """Return the factor to each pair's odds that is learned from the sure pairs: for the days
    apart, the direction, the numbers and the kinds of rows."""
    outgoing, days = context.sides.outgoing, pairs.days
    turned = outgoing[pairs.one] != outgoing[pairs.other]
    odds = day_lags.favour(days[sure & ~turned], days, context.span) * _direction(turned, sure)
    odds *= _of_other_numbers(context, pairs, sure, sources)
    for rows, source in zip((pairs.one, pairs.other), sources, strict=True):
        of = np.flatnonzero(are(context.payments.source, source))
        odds *= stated_fields.favour(context.kinds, of, rows[sure], rows)
    return odds


def _without_rival(one: Ints, other: Ints, among: Flags) -> Flags:
    """Return one boolean per candidate: whether it is in the mask `among`, and no other candidate
    there has one of its rows."""
    sure = among.copy()
    for rows in (one, other):
        counts = np.bincount(rows[among], minlength=int(rows.max(initial=0)) + 1)
        sure &= counts[rows] == 1
    return sure


def _of_other_numbers(
    context: _Context, pairs: Pairs, sure: Flags, sources: tuple[str, str]
) -> Floats:
    """Return a factor for each pair: below 1 if its rows have different document numbers, else
    1. Such rows are hardly one payment, unless each source has its own numbers: few sure pairs
    have the same number, though they contain a good part of the numbered rows of either source."""
    both = context.is_numbered[pairs.one] & context.is_numbered[pairs.other]
    other = both & ~pairs.numbered
    numbered = min(
        int((context.is_numbered & are(context.payments.source, source)).sum())
        for source in sources
    )
    all_both, all_unlike = (int((flags & sure).sum()) for flags in (both, other))
    if all_both - all_unlike > AGREED * all_both or all_unlike < COVERED * numbered:
        return np.where(other, CONFLICT, 1.0)
    count, unlike = (int((flags & sure).sum()) - (flags & sure) for flags in (both, other))
    return np.asarray(np.where(other, (unlike + 1) / (count + OTHERWISE), 1.0))


def _direction(turned: Flags, sure: Flags) -> Floats:
    """Return a factor for each pair, below 1 if its rows go in opposite directions (`turned`).
    It is not if most sure pairs do: a source may state every payment in the opposite direction."""
    share = ((turned & sure).sum() - (turned & sure) + 0.001) / (sure.sum() - sure + 10)
    return np.where(turned, 2 * share, 2 * (1 - share))


def _confident(pairs: Pairs, is_chosen: Flags) -> Pairs:
    """Return the chosen pairs with their confidence: odds / (1 + odds + the odds of the best
    other pair of a row that could be chosen instead)."""
    rival = np.zeros(len(pairs))
    taken_one, taken_other = (
        set(pairs.one[is_chosen].tolist()),
        set(pairs.other[is_chosen].tolist()),
    )
    best: dict[tuple[int, int], float] = {}
    for at in np.flatnonzero(~is_chosen & (pairs.odds > 0)).tolist():
        one, other = int(pairs.one[at]), int(pairs.other[at])
        for end, free in (((0, one), other not in taken_other), ((1, other), one not in taken_one)):
            if free:
                best[end] = max(best.get(end, 0.0), float(pairs.odds[at]))
    for at in np.flatnonzero(is_chosen).tolist():
        ends = ((0, int(pairs.one[at])), (1, int(pairs.other[at])))
        rival[at] = max(best.get(end, 0.0) for end in ends)
    confidence = pairs.odds / (1 + pairs.odds + np.minimum(rival, pairs.odds))
    places = np.flatnonzero(is_chosen)
    selected = pairs.only(places)
    return Pairs(**{**vars(selected), "confidence": confidence[places]})
