"""Parses cells into values: amounts, timestamps, currencies.

Each function raises ValueError with a reason that a person can act on.
"""

import re
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from graph.ingest.ledger_rows import Precision
from graph.ingest.month_names import in_english

EXAMPLE = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)  # day and month cannot be confused
EXCEL = "excel"  # a date format: days since 1899-12-30, as spreadsheets store dates
NOTHING = frozenset({"", "-", "--", "n/a", "na", "#n/a", "none", "null", "nil", "nan"})

_SYMBOLS: dict[str, Callable[[str], bool]] = {
    "£": lambda code: code.endswith("P"),
    "€": lambda code: code == "EUR",
    "$": lambda code: code.endswith("D") or code in {"MXN", "CLP", "COP", "ARS", "BRL"},
    "¥": lambda code: code in {"JPY", "CNY"},
    "₹": lambda code: code == "INR",
    "￥": lambda code: code in {"JPY", "CNY"},
    "円": lambda code: code == "JPY",
    "zł": lambda code: code == "PLN",
    "kr": lambda code: code in {"SEK", "NOK", "DKK", "ISK"},
    "Kč": lambda code: code == "CZK",
    "Ft": lambda code: code == "HUF",
}
# Minus sign, en dash, no-break space and other spaces, which typesetting adds to a plain amount.
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2011": "-", "\xa0": " ", "\u202f": " "})
_SIGN = re.compile(
    r"(?P<open>\()?\s*(?P<minus>[-+])?(?P<number>[^()+-]*)(?P<after>[-+])?(?(open)\))"
)
_UNIT = re.compile(r"[£€$¥₹￥円]|zł|Kč|\bkr\b\.?|\bFt\b|(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
_GUARD = re.compile(
    r"\A'(?=[-+=(0-9.,£€$])"
)  # prevents a spreadsheet from taking the cell for a formula
LABELLED = re.compile(r"([^\W\d][^:\n]{1,40}):\s*(.*)", re.DOTALL)  # "Nazwa odbiorcy: Bakery"
_CURRENCY = re.compile(r"[A-Z]{3}")


@lru_cache(maxsize=64)
def _grammar(decimal: str, thousands: str) -> re.Pattern[str]:
    """Return the pattern of a number with these marks: whole digits, or groups of three (or of
    two, then three: 12,34,567), then a fraction."""
    marks = "".join(re.escape(mark) for mark in {thousands, " ", "'", "\u2019"} - {decimal, ""})
    grouped = rf"[0-9]{{1,3}}(?P<mark>[{marks}])[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*"
    lakhs = rf"[0-9]{{1,2}}(?:[{marks}][0-9]{{2}})+[{marks}][0-9]{{3}}"
    whole = rf"(?P<whole>{grouped}|{lakhs}|[0-9]*)"
    return re.compile(rf"{whole}(?:{re.escape(decimal)}(?P<fraction>[0-9]*))?")


@lru_cache(maxsize=65_536)
def money(text: str, decimal: str = ".", thousands: str = ",", currency: str = "") -> Decimal:
    """Return the amount: '1,234.50', '(12.00)', '12.00-', '£1,200', 'GBP 7' → Decimal.

    Raises ValueError for a text that is not clearly an amount: exponents, NaN, CR and DR, groups of
    the wrong length, more than 15 whole digits or 4 decimals (trailing zeros do not count), another
    currency's sign.
    """
    unguarded = _GUARD.sub("", text.translate(_MINUS).strip(), count=1)
    sign = _SIGN.fullmatch(_without_unit(unguarded, currency))
    number = _grammar(decimal, thousands).fullmatch(sign["number"].strip()) if sign else None
    if not sign or not number or not (number["whole"] or number["fraction"]):
        raise ValueError(f"{_short(text)} is not an amount")
    if [sign["open"], sign["minus"], sign["after"]].count(None) < 2:
        raise ValueError(f"{_short(text)} has more than one sign")
    whole = re.sub(r"[^0-9]", "", number["whole"]).lstrip("0")
    fraction = (number["fraction"] or "").ljust(2, "0")
    fraction_kept = fraction[:2] + fraction[2:].rstrip("0")
    if len(whole) > 15 or len(fraction_kept) > 4:
        raise ValueError(f"{_short(text)} is too long for money (15 digits, 4 decimals)")
    amount = Decimal(f"{whole or 0}.{fraction_kept}")
    return -amount if amount and (sign["open"] or "-" in (sign["minus"], sign["after"])) else amount


def _without_unit(text: str, currency: str) -> str:
    unit = _UNIT.search(text)
    if unit is None:
        return text
    sign = unit[0].rstrip(".")
    fits = _SYMBOLS[sign](currency) if sign in _SYMBOLS else sign == currency
    if currency and not fits:
        raise ValueError(f"{_short(text)} is not in {currency}")
    return (text[: unit.start()] + text[unit.end() :]).strip()


def is_lasting(id_: str) -> bool:
    """Return whether an id is long enough to be unique over all files.

    A short id is a counter that starts again in the next file.
    """
    letters = "".join(filter(str.isalnum, id_))
    digits = sum(map(str.isdigit, letters))
    return digits >= 9 if digits == len(letters) else len(letters) >= 8 and digits > 0


def unlabelled(cell: str, labels: Collection[str]) -> str:
    """Return the cell without a label and colon before it: 'Nazwa odbiorcy: Bakery' → 'Bakery'.

    Only these `labels` are removed.
    """
    match = LABELLED.fullmatch(cell) if labels else None
    return match[2] if match and match[1] in labels else cell


@lru_cache(maxsize=1024)
def currency_code(text: str) -> str:
    """Return the currency code in capitals: 'gbp' → 'GBP'. Raises ValueError for a text that is
    no code."""
    code = text.upper()
    if not _CURRENCY.fullmatch(code):
        raise ValueError(f"{_short(text)} is not a currency code of three letters")
    return code


class Timestamp(NamedTuple):
    at: datetime
    precision: Precision


def timestamp(text: str, formats: tuple[str, ...], zone: str = "UTC") -> Timestamp:
    """Return the timestamp that the first fitting format reads, in UTC, and its precision. Raises
    ValueError if no format fits.

    A date alone is midnight, and a month its last day. Midnight with an offset from UTC is that
    day, not a time of the day before.
    """
    for form in formats:
        try:
            return _timestamp(text, form, zone)
        except (ValueError, OverflowError):
            continue
    raise ValueError(f"{_short(text)} is not a date, as {' or '.join(_examples(formats))} is")


def _examples(formats: tuple[str, ...]) -> list[str]:
    """Return the last day of 2026 as each format writes it, for messages."""
    written = ("46387" if form == EXCEL else EXAMPLE.strftime(form) for form in formats)
    return list(dict.fromkeys(written))


def _timestamp(text: str, form: str, zone: str) -> Timestamp:
    if form == EXCEL:
        return Timestamp(_serial(text), "day")
    if "%b" in form or "%B" in form:
        text = in_english(text, form)
    read = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is put in below
    if read.tzinfo and read.utcoffset() and read.time() == time():
        return Timestamp(read.replace(tzinfo=UTC), "day")  # midnight of the day where it was booked
    if precision_of(form) == "second":
        return Timestamp(
            (read if read.tzinfo else read.replace(tzinfo=zone_of(zone))).astimezone(UTC), "second"
        )
    if precision_of(form) == "month":
        return Timestamp(month_end(read.year, read.month), "month")
    return Timestamp(read.replace(tzinfo=UTC), "day")


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    """Return the time zone. UTC needs no zone database, which slim systems lack.

    Raises what ZoneInfo raises.
    """
    return UTC if name == "UTC" else ZoneInfo(name)


def precision_of(form: str) -> Precision:
    """Return how exact timestamps of a date format are: "second", "day" or "month"."""
    if any(mark in form for mark in ("%H", "%I", "%X", "%c")):
        return "second"
    return "day" if form == EXCEL or any(d in form for d in ("%d", "%j", "%x", "%D")) else "month"


def _serial(text: str) -> datetime:
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]+)?", text):
        raise ValueError(text)
    return datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=int(text.partition(".")[0]))


def month_end(year: int, month: int) -> datetime:
    """Return the month's last day at midnight, UTC."""
    following = date(year + month // 12, month % 12 + 1, 1) if (year, month) < (9999, 12) else None
    last = following - timedelta(days=1) if following else date.max
    return datetime(last.year, last.month, last.day, tzinfo=UTC)


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_ANY = "|".join(_MONTHS)
_SPAN = re.compile(rf"({_ANY})[a-z]*[\W_]*(?:to)?[\W_]*({_ANY})[a-z]*[\W_]*([12][0-9]{{3}})")
_Q_YEAR = re.compile(r"(?<![a-z0-9])q([1-4])[\W_]*([12][0-9]{3})(?![0-9])")
_YEAR_Q = re.compile(r"(?<![0-9])([12][0-9]{3})[\W_]*q([1-4])(?![0-9])")


def quarter_end(file_name: str) -> datetime | None:
    """Return the last day of the quarter in a file's name: 'apr-jun-2014', 'Q2_2014', '2014q2'.

    Q1 is January to March. Returns None if the name contains no quarter, or three months that are
    no quarter.
    """
    name = file_name.lower()
    if span := _SPAN.search(name):
        first, last = _MONTHS.index(span[1]) + 1, _MONTHS.index(span[2]) + 1
        return month_end(int(span[3]), last) if last == first + 2 and last % 3 == 0 else None
    if match := _Q_YEAR.search(name):
        return month_end(int(match[2]), 3 * int(match[1]))
    if match := _YEAR_Q.search(name):
        return month_end(int(match[1]), 3 * int(match[2]))
    return None


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")
