"""The activity with which a group of payments is compared: that of its source or of its wording."""

import re
from functools import lru_cache

import numpy as np

from graph.enrich.columns.grouping import codes
from graph.enrich.columns.payments import Payments
from graph.enrich.series.activity import Activity
from graph.enrich.series.periods import Ints

COMMON, PARTIES = 60, 8  # least payments and payees of a wording that has an activity of its own
FEW_PARTIES = 2  # payees of a wording up to which the wording identifies a payment
NEARLY = 0.8  # share of a wording's days that counts as all of them
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_CHANGING = re.compile(rf"\b(?:{_MONTHS})[a-z]*\b|\S*\d\S*|[^\w\s]", re.IGNORECASE)


class Activities:
    """The activity of each source, and of each frequent wording in it that many parties have.

    A series is compared with the payments of its wording, because their days differ: transfers are
    made in runs, but each standing order on a day of its own.
    """

    def __init__(self, payments: Payments) -> None:
        self._day, self._source = payments.day, codes(payments.source)
        self.words = np.asarray([stem(text) for text in payments.description], object)
        self.wording = codes(self.words)
        self._kind = codes(self._source, self.wording)
        parties = np.unique(np.stack([self._kind, payments.payee], axis=1), axis=0)[:, 0]
        size = int(self._kind.max(initial=-1)) + 1
        many = np.bincount(self._kind, minlength=size) >= COMMON
        self._parties_of = np.bincount(parties, minlength=size)
        self._common = many & (self._parties_of >= PARTIES)
        self._known: dict[tuple[str, int], Activity] = {}

    def is_common(self, place: int) -> bool:
        """Return whether many parties of the source have the wording of the payment in row
        `place`, or whether it has none."""
        return self._parties_of[self._kind[place]] > FEW_PARTIES or not self.words[place]

    def around(self, places: Ints) -> Activity:
        """Return the activity with which the payments in the rows `places`, all of one source, are
        compared.

        That is the activity of their wording if it is common, else of the source. It is also that
        of the source for payments on nearly all days of their wording, such as wages, which are not
        a choice among these days.
        """
        kind = int(self._kind[places[0]])
        if self._common[kind] and (self._kind[places] == kind).all():
            activity, days = self._of("kind", self._kind, kind), self._day[places]
            if len(np.unique(days)) < NEARLY * activity.busy_days(int(days.min()), int(days.max())):
                return activity
        return self._of("source", self._source, int(self._source[places[0]]))

    def _of(self, name: str, codes_: Ints, code: int) -> Activity:
        if (name, code) not in self._known:
            days = self._day[codes_ == code]
            self._known[name, code] = Activity.of(days, in_runs=name == "kind")
        return self._known[name, code]


@lru_cache(maxsize=65_536)
def stem(text: str) -> str:
    """Return the part of a description that stays the same in a series: no numbers, months or
    punctuation."""
    return " ".join(_CHANGING.sub(" ", text).casefold().split())
