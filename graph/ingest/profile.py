"""What a column's values look like: shares that are dates or money, and in which notation."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from graph.ingest.values import EXCEL, moment, money

DATE_FORMATS = (
    "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
    "%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d-%m-%y", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d-%m-%Y %H:%M",
    "%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%m-%d-%y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p",
    "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y", "%d/%b/%Y", "%b %d, %Y",
    "%B %d, %Y", "%a %d %b %Y", "%a, %d %b %Y", "%d %b %Y %H:%M", "%d %b %Y %H:%M:%S",
)  # fmt: skip
_TRIED = 25  # values on which a format must show itself before all are tried
_YEARS = range(1950, 2101)
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_FRACTION = re.compile(r"([.,])[0-9]{1,2}\D*$")
_GROUP = re.compile(r"([.,])[0-9]{3}\D*$")


@dataclass(frozen=True)
class Dates:
    """`hits` of the values parse. `unsure`: day first and month first would do equally."""

    formats: tuple[str, ...]
    hits: int
    unsure: bool = False


@dataclass(frozen=True)
class Column:
    """A column of the sample. `values` are stripped and without blanks; `rows` counts them all."""

    at: int
    name: str
    title: str
    values: tuple[str, ...]
    rows: int

    @cached_property
    def distinct(self) -> int:
        return len(set(self.values))

    @property
    def filled(self) -> float:
        return len(self.values) / self.rows if self.rows else 0.0

    @property
    def unique(self) -> bool:
        return self.rows > 0 and self.distinct == self.rows

    @cached_property
    def texty(self) -> bool:
        """Most values hold words."""
        return sum(bool(_LETTERS.search(v)) for v in self.values) * 2 > max(1, len(self.values))

    def money_hits(self, decimal: str) -> int:
        thousands = "," if decimal == "." else "."
        return sum(n for v, n in Counter(self.values).items() if _is_money(v, decimal, thousands))

    @cached_property
    def is_money(self) -> bool:
        """Four in five values are amounts in one notation."""
        best = max(self.money_hits("."), self.money_hits(","))
        return best * 5 >= max(1, len(self.values)) * 4

    @cached_property
    def dates(self) -> Dates:
        """The likeliest formats, day first where nothing decides."""
        return dates(self.values, month_first=False)

    @cached_property
    def is_date(self) -> bool:
        return self.dates.hits * 5 >= max(1, len(self.values)) * 4


def _is_money(text: str, decimal: str, thousands: str) -> bool:
    try:
        money(text, decimal, thousands)
    except ValueError:
        return False
    return True


def decimal_mark(values: Iterable[str], usual: str) -> tuple[str, bool]:
    """The mark before the last one or two digits in most values, and whether that is sure.

    Unsure when marks stand before three digits only: '1.234' may be 1234. `usual` is then taken.
    """
    votes = Counter(found[1] for v in values if (found := _FRACTION.search(v)))
    groups = Counter(found[1] for v in values if (found := _GROUP.search(v)))
    if votes["."] != votes[","]:
        return max(".", ",", key=lambda mark: votes[mark]), True
    return usual, not votes and not groups


def dates(values: Sequence[str], month_first: bool) -> Dates:
    """As few formats as read the most values; of day first and month first the better one.

    Only with "/" and "-" is it a question: nobody writes month.day.year.
    """
    counts = Counter(values)
    found = {form: hit for form in DATE_FORMATS if (hit := _parsed(form, counts))}
    if not found and (serial := _parsed(EXCEL, counts)):
        return Dates((EXCEL,), sum(counts[v] for v in serial))
    day = {f: hit for f, hit in found.items() if not f.startswith("%m")}
    month = {f: hit for f, hit in found.items() if not _day_first(f)}
    by_day, by_month = _reach(day, counts), _reach(month, counts)
    unsure = by_day == by_month and day.keys() != month.keys()
    chosen = month if by_month > by_day or (unsure and month_first) else day
    return Dates(_fewest(chosen, counts), max(by_day, by_month), unsure)


def _day_first(form: str) -> bool:
    return form.startswith(("%d/%m", "%d-%m"))


def _parsed(form: str, counts: Counter[str]) -> frozenset[str]:
    first = list(counts)[:_TRIED]
    if not any(_is_date(v, form) for v in first):
        return frozenset()
    return frozenset(v for v in counts if _is_date(v, form))


def _is_date(text: str, form: str) -> bool:
    if form == "%Y%m%d" and len(text) != 8:
        return False
    try:
        return moment(text, (form,)).at.year in _YEARS
    except ValueError:
        return False


def _reach(formats: dict[str, frozenset[str]], counts: Counter[str]) -> int:
    return sum(counts[v] for v in frozenset().union(*formats.values()))


def _fewest(formats: dict[str, frozenset[str]], counts: Counter[str]) -> tuple[str, ...]:
    left, chosen = set(counts), []
    while formats:
        best = max(formats, key=lambda form: sum(counts[v] for v in formats[form] & left))
        if not formats[best] & left:
            break
        chosen.append(best)
        left -= formats[best]
    return tuple(chosen)
