"""Payments to series: what recurs between the same two parties.

Pure: columns in, plain values out. Payments are grouped by source, payer, payee and currency: what
two sources saw is two series, and no two currencies are ever compared. Within a group several
series may run side by side: rent and repairs. It is split by description (numbers and months taken
out) and, coarse to fine, by gaps between its amounts; each part is fitted to the grids of all
rhythms (`fitting`). Whichever split explains more wins: a bill that varies is one series, two rents
on the same day are two. The fineness of the gaps halves each time, so that the work stays linear
in the payments but for the sorting.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain
from math import exp, log
from struct import pack

import numpy as np

from graph.enrich.activity import Activity, Floats, OtherActivity
from graph.enrich.fitting import ALIKE, FEWEST_YEARLY, Fit, best
from graph.enrich.grouping import codes
from graph.enrich.payments import Payments
from graph.enrich.rhythms import Days, Ints

SURE = 8.0  # log odds, 3,000 : 1; a tenant has hundreds of groups that could seem to recur
GAPS = (1.0, 0.4, 0.15, 0.05, 0.012, 0.0)  # of log amounts; the last: equal amounts only
COMMON, PARTIES = 60, 8  # payments of one wording, and payees, that have a rhythm of their own
NEARLY = 0.8  # of a wording's days: all of them
RESIDUES = 3  # times that what a fit leaves over is fitted again
LATER = 3  # days after an occurrence that a doubled one may come
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_CHANGING = re.compile(rf"\b(?:{_MONTHS})[a-z]*\b|\S*\d\S*|[^\w\s]", re.IGNORECASE)


@dataclass(frozen=True)
class Series:
    """Payments that recur.

    places      into the payments' columns, in their order; extra ones of a slot included
    slots       the slot of each place; `main`: of several in one slot, the occurrence itself
    fit         the grid and its odds
    ordinal     0, but for several series that begin with rows of one external id
    """

    places: Ints
    slots: Ints
    main: Ints
    fit: Fit
    ordinal: int = 0

    @property
    def frequency(self) -> str:
        return self.fit.grid.rhythm.frequency

    @property
    def score(self) -> float:
        """Share of agreed days kept x tightness x chance that it is one (all in 0..1).

        Tightness is 1 - spread of the offsets / half the period.
        """
        kept = len(self.fit.hits) / self.fit.expected
        tight = 1 - float(self.fit.offsets.std()) / (self.fit.grid.rhythm.period / 2)
        return kept * max(tight, 0.0) * (1 - exp(-self.fit.odds))


Found = list[Series]
Tried = dict[str, Fit | None]  # by what was tried: the best fit of a part of a group


def find(payments: Payments) -> Found:
    """The tenant's series, in the order of their first payments."""
    searched = search(payments, ((places, {}) for places in groups(payments)))
    return numbered(payments, chain.from_iterable(found for found, _ in searched))


def search(
    payments: Payments, among: Iterable[tuple[Ints, Tried]]
) -> Iterator[tuple[Found, Tried]]:
    """The series of each of these groups, not numbered yet, and all that was tried.

    A group comes with what was tried in it before: that is not tried again.
    """
    activities = _Activities(payments)
    amounts = np.log(np.maximum(payments.amount, 1).astype(np.float64))
    for places, known in among:
        group = _Group(payments, places, amounts[places], activities.around(places), known)
        yield group.series(), group.tried


def groups(payments: Payments) -> Iterator[Ints]:
    """Places of the payments between the same two, of one source and currency, if they could be a
    series. Amounts of nothing are none."""
    if not len(payments):
        return
    keys = [_codes(payments.source), payments.payer, payments.payee, _codes(payments.currency)]
    some = np.flatnonzero((payments.amount > 0) & (payments.payer >= 0) & (payments.payee >= 0))
    order = some[np.lexsort([some, *(key[some] for key in reversed(keys))])]
    new = np.zeros(max(len(order) - 1, 0), dtype=bool)
    for key in keys:
        new |= np.diff(key[order]) != 0
    for places in np.split(order, np.flatnonzero(new) + 1):
        if len(places) >= FEWEST_YEARLY:
            yield places


def _codes(texts: Ints) -> Ints:
    known: dict[str, int] = {}
    return np.asarray([known.setdefault(text, len(known)) for text in texts], dtype=np.int64)


class _Activities:
    """When money moves in each source, and in each wording of it that is there many times and for
    many parties: transfers go out in runs, standing orders each on a day of its own."""

    def __init__(self, payments: Payments) -> None:
        self._day, self._source = payments.day, _codes(payments.source)
        wording = _codes(np.asarray([stem(text) for text in payments.description], object))
        self._kind = codes(self._source, wording)
        parties = np.unique(np.stack([self._kind, payments.payee], axis=1), axis=0)[:, 0]
        size = int(self._kind.max(initial=-1)) + 1
        many = np.bincount(self._kind, minlength=size) >= COMMON
        self._common = many & (np.bincount(parties, minlength=size) >= PARTIES)
        self._known: dict[tuple[str, int], Activity] = {}

    def around(self, places: Ints) -> Activity:
        """The activity that payments at these places, of one source, are part of.

        What is paid on nearly all days of its wording (wages) is no choice among these.
        """
        kind = int(self._kind[places[0]])
        if self._common[kind] and (self._kind[places] == kind).all():
            known, days = self._of("kind", self._kind, kind), self._day[places]
            if len(np.unique(days)) < NEARLY * known.busy_days(int(days.min()), int(days.max())):
                return known
        return self._of("source", self._source, int(self._source[places[0]]))

    def _of(self, name: str, codes_: Ints, code: int) -> Activity:
        if (name, code) not in self._known:
            days = self._day[codes_ == code]
            self._known[name, code] = Activity.of(days, in_runs=name == "kind")
        return self._known[name, code]


def numbered(payments: Payments, found: Iterable[Series]) -> Found:
    """In the order of their first payments; ordinals tell those that begin with rows of one key."""
    seen: dict[tuple[str, str], int] = defaultdict(int)
    done = []
    for one in sorted(found, key=lambda one: int(one.places[0])):
        first = one.places[0]
        key = (payments.source[first], payments.external_id[first])
        done.append(replace(one, ordinal=seen[key]))
        seen[key] += 1
    return done


def stem(text: str) -> str:
    """What stays the same of a series' descriptions: no numbers, no months, no punctuation."""
    return " ".join(_CHANGING.sub(" ", text).casefold().split())


class _Group:
    """The payments between two: `local` places are into its own columns, sorted by day."""

    def __init__(
        self,
        payments: Payments,
        places: Ints,
        amounts: Floats,
        activity: Activity,
        known: Mapping[str, Fit | None],
    ) -> None:
        self.known, self.tried = known, Tried()
        order = np.argsort(payments.day[places], kind="stable")
        self.places, self.amounts = places[order], amounts[order]
        self.days = payments.day[self.places]
        self.activity: OtherActivity = activity.without(self.days)
        self.stems = _codes(
            np.asarray([stem(t) for t in payments.description[self.places]], object)
        )

    def series(self) -> Found:
        """The split of the whole that explains most."""
        every = np.arange(len(self.places))
        found = self._by_amount(every, 0, 1)
        kinds = np.bincount(self.stems)
        if len(kinds) > 1:
            parts = [np.flatnonzero(self.stems == kind) for kind in np.flatnonzero(kinds > 2)]
            split = [one for part in parts for one in self._by_amount(part, 0, len(parts))]
            found = max(found, split, key=_worth)
        return [self._placed(one) for one in found]

    def _placed(self, one: Series) -> Series:
        return Series(self.places[one.places], one.slots, one.main, one.fit)

    def _by_amount(self, part: Ints, level: int, among: int) -> Found:
        """As one, or split at the gaps between its amounts, then ever finer.

        `among` how many parts of its kind this one was chosen: that has a price, too.
        """
        price = log(2 + 2 * level) + log(among)
        found = self._peeled(part, price)
        while level < len(GAPS):
            parts = self._split(part, GAPS[level])
            level += 1
            if len(parts) > 1:
                break
        else:
            return found
        parts = [each for each in parts if len(each) >= FEWEST_YEARLY]
        split = [one for each in parts for one in self._by_amount(each, level, len(parts))]
        if split:
            taken = np.concatenate([one.places for one in split])
            split += self._peeled(np.setdiff1d(part, taken, assume_unique=True), price)
        return max(found, split, key=_worth)

    def _split(self, part: Ints, gap: float) -> list[Ints]:
        order = part[np.argsort(self.amounts[part], kind="stable")]
        cuts = np.flatnonzero(np.diff(self.amounts[order]) > gap) + 1
        return [np.sort(each) for each in np.split(order, cuts)]

    def _peeled(self, part: Ints, price: float) -> Found:
        """One series after the other, as long as any is sure."""
        found: Found = []
        while len(part) >= FEWEST_YEARLY and len(found) < RESIDUES:
            one = self._one(part, price)
            if one is None:
                break
            found.append(one)
            part = np.setdiff1d(part, one.places, assume_unique=True)
        return found

    def _one(self, part: Ints, price: float) -> Series | None:
        days, day_of = np.unique(self.days[part], return_inverse=True)
        if len(days) < FEWEST_YEARLY:
            return None
        means = np.bincount(day_of, self.amounts[part]) / np.bincount(day_of)
        fit = self._best(days, means, price)
        return None if fit is None else self._with_extras(part, days, day_of, fit)

    def _best(self, days: Ints, amounts: Floats, price: float) -> Fit | None:
        name = blake2b(days.tobytes() + amounts.tobytes() + pack("d", price), digest_size=12)
        key = name.hexdigest()
        if key in self.known:
            self.tried[key] = self.known[key]
        if key not in self.tried:
            self.tried[key] = best(Days(days), amounts, self.activity, price, SURE)
        return self.tried[key]

    def _with_extras(self, part: Ints, days: Ints, day_of: Ints, fit: Fit) -> Series:
        """The occurrences, and what came twice: within days of one, for about the same."""
        slot_of = np.full(len(days), -1)
        slot_of[fit.hits] = np.arange(len(fit.hits))
        main = slot_of[day_of] >= 0
        nearest = np.clip(np.searchsorted(days[fit.hits], days, side="right") - 1, 0, None)
        lag = days - days[fit.hits][nearest]
        usual = self.amounts[part[main]]
        low, high = usual.min() - ALIKE, usual.max() + ALIKE
        alike = (self.amounts[part] >= low) & (self.amounts[part] <= high)
        extra = ~main & alike & (lag[day_of] > 0) & (lag[day_of] <= LATER)
        kept = main | extra
        at = np.where(main, slot_of[day_of], nearest[day_of])[kept]
        return Series(part[kept], fit.slots[at], main[kept].astype(np.int64), fit)


def _worth(found: Found) -> float:
    return sum(one.fit.odds for one in found)
