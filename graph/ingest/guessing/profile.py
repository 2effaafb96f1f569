"""The profile of a column's values: how many are dates or amounts, and in which notation."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property, lru_cache

from graph.ingest.guessing.vocabulary import CODES
from graph.ingest.parse_cells import EXCEL, money, timestamp

DATE_FORMATS = (
    "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y",
    "%d-%m-%y", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%m-%d-%y",
    "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p",
    "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y", "%d/%b/%Y", "%b %d, %Y",
    "%B %d, %Y", "%Y年%m月%d日", "%d.%b.%Y", "%d.%m.%Y.", "%d/%m/%Y, %H:%M", "%d/%m/%Y, %H:%M:%S",
    "%b %d %Y", "%Y-%m-%dT%H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d-%m-%Y %H:%M:%S",
    "%m/%d/%y %H:%M", "%d.%m.%y %H:%M", "%m-%d-%Y %H:%M:%S", "%Y.%m.%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z", "%b %d, %Y, %I:%M %p", "%d %b %Y, %H:%M",
    "%a %d %b %Y", "%a, %d %b %Y", "%d %b %Y %H:%M", "%d %b %Y %H:%M:%S",
    "%d. %b %Y", "%d. %B %Y", "%d de %B de %Y",
    "%d %B, %Y", "%d %b %Y %H:%M:%S UTC",
    "%b %d, %Y %I:%M:%S %p PST", "%b %d, %Y %I:%M:%S %p PDT",
)  # fmt: skip
_TRIED = 25  # values in which a format must occur before it is tried on all
_YEARS = range(1950, 2101)
ENDING = re.compile(r"(?<=[0-9 ])\s*(?:dr|cr|db|d|c|s|h)\.?$", re.IGNORECASE)
_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_FRACTION = re.compile(r"([.,])[0-9]{1,2}\D*$")
_GROUP = re.compile(r"([.,])[0-9]{3}\D*$")


@dataclass(frozen=True)
class Dates:
    """The formats of a column's dates. `hits` is the number of values that a format reads.

    `unsure` means that day first and month first fit equally well.
    """

    formats: tuple[str, ...]
    hits: int
    unsure: bool = False


@dataclass(frozen=True)
class Column:
    """A column of the sample. `values` are the stripped values that are not blank; `rows` counts
    all rows."""

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
        """Return whether most values contain words."""
        return sum(bool(_LETTERS.search(v)) for v in self.values) * 2 > max(1, len(self.values))

    def money_hits(self, decimal: str) -> int:
        return sum(n for v, n in Counter(self.values).items() if amount_of(v, decimal) is not None)

    @cached_property
    def mark(self) -> str:
        """Return the decimal mark with which most values are amounts."""
        return "," if self.money_hits(",") > self.money_hits(".") else "."

    @cached_property
    def money_share(self) -> float:
        """Return the share of the values that are amounts in one notation, from 0 to 1."""
        best = max(self.money_hits("."), self.money_hits(","))
        return best / len(self.values) if self.values else 0.0

    @cached_property
    def is_money(self) -> bool:
        """Return whether half of the values are amounts. A row with another value is rejected."""
        return bool(self.values) and self.money_share >= 0.5

    @cached_property
    def negative(self) -> int:
        """Return the number of values that are negative amounts."""
        return sum((amount_of(v, self.mark) or 0) < 0 for v in self.values)

    @cached_property
    def signed(self) -> bool:
        return self.negative > 0

    @cached_property
    def is_nothing(self) -> bool:
        """Return whether every amount is zero."""
        return not any(amount_of(v, self.mark) for v in set(self.values))

    @cached_property
    def length(self) -> float:
        """Return the mean number of characters of the values."""
        return sum(map(len, self.values)) / len(self.values) if self.values else 0.0

    def share(self, fits: Callable[[str], object]) -> float:
        """Return the share (0..1) of the values for which `fits` is true."""
        return sum(bool(fits(v)) for v in self.values) / len(self.values) if self.values else 0.0

    @cached_property
    def dates(self) -> Dates:
        """Return the most likely formats of the values as dates. If nothing decides, the day
        comes first."""
        return dates(self.values, month_first=False)

    @cached_property
    def date_share(self) -> float:
        return self.dates.hits / len(self.values) if self.values else 0.0

    @cached_property
    def is_date(self) -> bool:
        """Return whether most values are written as dates. A plain number is not a date."""
        return self.date_share >= 0.6 and self.dates.formats != (EXCEL,)

    @cached_property
    def is_serial(self) -> bool:
        """Return whether every value could be a spreadsheet's day number. It could also be an
        amount."""
        return self.date_share == 1 and self.dates.formats == (EXCEL,)


@lru_cache(maxsize=65_536)
def amount_of(text: str, decimal: str) -> Decimal | None:
    """Return the amount in the text, without "Dr" or "Cr" after it; None if the text is not an
    amount.

    `decimal` is the decimal mark.
    """
    plain_text = ENDING.sub("", text)
    if (unit := _CODE.search(plain_text)) and unit[0] not in CODES:
        return None
    try:
        return money(plain_text, decimal, "," if decimal == "." else ".")
    except ValueError:
        return None


def decimal_mark(values: Iterable[str], usual: str) -> tuple[str, bool]:
    """Return the mark that stands before the last one or two digits in more values than the other
    mark, and whether it is certain.

    If neither does, `usual` is returned. It is then certain only if no value has a mark before one
    or two digits, or `usual` before three: '1.234' may be 1234.
    """
    votes = Counter(match[1] for v in values if (match := _FRACTION.search(v)))
    groups = Counter(match[1] for v in values if (match := _GROUP.search(v)))
    if votes["."] != votes[","]:
        return max(".", ",", key=lambda mark: votes[mark]), True
    return usual, not votes and usual not in groups


def dates(values: Sequence[str], month_first: bool, forced: bool = False) -> Dates:
    """Return the formats of the dates: as few as read the most values.

    The day or the month comes first, whichever reads more values. If both read equally many,
    `month_first` decides; with `forced` it decides in any case. The question arises only with "/"
    and "-", because nobody writes month.day.year.
    """
    counts = Counter(values)
    hits = {form: hit for form in DATE_FORMATS if (hit := _parsed(form, counts))}
    if not hits and (serial := _parsed(EXCEL, counts)):
        return Dates((EXCEL,), sum(counts[v] for v in serial))
    day = {f: hit for f, hit in hits.items() if not f.startswith("%m")}
    month = {f: hit for f, hit in hits.items() if not _day_first(f)}
    by_day, by_month = _reach(day, counts), _reach(month, counts)
    unsure = by_day == by_month and day.keys() != month.keys()
    formats = month if by_month > by_day or (unsure and month_first) else day
    if forced:
        formats = month if month_first else day
    return Dates(_fewest(formats, counts), max(by_day, by_month), unsure)


def _day_first(form: str) -> bool:
    return form.startswith(("%d/%m", "%d-%m"))


def _parsed(form: str, counts: Counter[str]) -> frozenset[str]:
    first = list(counts)[:_TRIED]
    if not any(_is_date(v, form) for v in first):
        return frozenset()
    return frozenset(v for v in counts if _is_date(v, form))


@cache
def _marks(form: str) -> frozenset[str]:
    """Return the characters of a date of that form that belong to no part of the date.

    '%d/%m/%Y, %H:%M' → '/', ',' and ':'.
    """
    return frozenset(re.sub(r"%.|[\sA-Za-z]", "", form))


def _is_date(text: str, form: str) -> bool:
    if form == "%Y%m%d" and len(text) != 8:
        return False
    if not all(mark in text for mark in _marks(form)):
        return False  # as strptime would find, at a hundredth of its price
    try:
        return timestamp(text, (form,)).at.year in _YEARS
    except ValueError:
        return False


def _reach(formats: dict[str, frozenset[str]], counts: Counter[str]) -> int:
    return sum(counts[v] for v in frozenset().union(*formats.values()))


def _fewest(formats: dict[str, frozenset[str]], counts: Counter[str]) -> tuple[str, ...]:
    unparsed, needed = set(counts), []
    while formats:
        best = max(formats, key=lambda form: sum(counts[v] for v in formats[form] & unparsed))
        if not formats[best] & unparsed:
            break
        needed.append(best)
        unparsed -= formats[best]
    return tuple(needed)
