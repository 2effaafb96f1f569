"""Reads a search's text as amounts or as days."""

import calendar
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from graph.ingest import month_names

DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y",
        "%d-%m-%Y", "%d %b %Y", "%b %d %Y", "%d %B %Y", "%B %d %Y")  # fmt: skip
MONTHS = ("%Y-%m", "%m/%Y", "%b %Y", "%B %Y")
TWO_WAYS = re.compile(r"(\d{1,3})\.(\d{3})", re.ASCII)
YEARS = range(1900, 2200)
GREATEST = Decimal(10) ** 16
FORMS = [  # the whole part, and the decimals
    re.compile(form, re.ASCII)
    for form in (
        r"([1-9]\d{0,2}(?:,\d{3})+)(?:\.(\d+))?",
        r"([1-9]\d{0,2}(?:\.\d{3})+),(\d+)",
        r"([1-9]\d{0,2}(?:\.\d{3}){2,})()",
        r"([1-9]\d{0,2}(?: \d{3})+)(?:[.,](\d+))?",
        r"(?![1-9]\d{0,2}\.\d{3}$)(\d*)(?:[.,](\d+))?",
    )
]
Span = tuple[date, date]


def amounts(text: str) -> list[Decimal]:
    """The amounts that the text may mean: none, one, or two for `1.260`."""
    amount = number(text)
    if amount is not None:
        return [amount]
    parts = [part for part in text.split() if not (len(part) == 3 and part.isalpha())]
    match = TWO_WAYS.fullmatch(" ".join(parts).strip("£€$- "))
    return [Decimal(match[1] + match[2]), Decimal(f"{match[1]}.{match[2]}")] if match else []


def number(text: str) -> Decimal | None:
    """The amount in `1,260.16`, `1.260,16`, `1260,16`, `GBP 1 260.16` or `£1260`.

    A comma separates thousands only after 1 to 3 digits and before exactly 3. None if the text is
    not an amount, and for `1.260`, which is 1260 to some people and 1.26 to others.
    """
    parts = [part for part in text.split() if not (len(part) == 3 and part.isalpha())]
    digits = " ".join(parts).strip("£€$ ")
    sign = "-" if digits.startswith("-") else ""
    digits = digits.removeprefix("-").strip("£€$ ")
    match = next((match for form in FORMS if (match := form.fullmatch(digits))), None)
    if match is None or not digits:
        return None
    whole, decimals = re.sub("[., ]", "", match[1]), match[2]
    value = Decimal(f"{sign}{whole or 0}.{decimals or 0}")
    return value if abs(value) < GREATEST else None


def days(text: str) -> list[Span]:
    """The first and the last day of the day or the month that the text names: none, one, or two
    for `03/04/2025`, which has the day or the month first."""
    plain = text.replace(",", " ").split()
    spans = [(day, day) for day in _read(plain, DAYS)]
    spans += [
        (first, first.replace(day=calendar.monthrange(first.year, first.month)[1]))
        for first in _read(plain, MONTHS)
    ]
    return list(dict.fromkeys(spans))


def _read(words: list[str], forms: tuple[str, ...]) -> Iterator[date]:
    for form in forms:
        try:
            day = datetime.strptime(month_names.in_english(" ".join(words), form), form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        if day.year in YEARS:
            yield day
