"""Finds the amounts of money in a text, and which of them is the total.

Every pattern is bounded and starts at a digit, a sign or a currency. So the time is linear in the
length of any text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from graph.ingest.parse_cells import money

KEPT = 100  # amounts; a text with more is a price list
_REACH = 60  # characters before an amount that may contain its label

_SYMBOLS = {"£": "GBP", "€": "EUR", "$": "USD", "US$": "USD", "A$": "AUD", "AU$": "AUD",
            "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD"}  # fmt: skip
# Currencies in which companies send bills. ALL and TOP are missing, because in capitals they are
# more often words.
CODES = (
    "AED|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KES|KRW"
    "|MAD|MXN|MYR|NGN|NOK|NZD|PEN|PHP|PKR|PLN|QAR|RON|RSD|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR"
)
_SYMBOL = r"(?:US|AU?|CA?|NZ|HK|S)?\$|[£€]"
_SPACE = "[ \\xa0\\u202f]"
_AMOUNT = re.compile(
    rf"""
    (?<![\w.,/#+\-])                                   # no part of a longer number or word
    (?P<open>\()?(?P<minus>[-\u2212])?
    (?:(?P<before>{_SYMBOL}|(?:{CODES})(?![A-Za-z])){_SPACE}{{0,3}})?
    (?P<inner>[-\u2212](?=[0-9]))?(?:(?<=[£€$ \xa0])[£€$])?
    (?P<number>
        [0-9]{{1,3}}(?:(?P<mark>[.,'\u2019 \xa0\u202f])[0-9]{{3}})(?:(?P=mark)[0-9]{{3}}){{0,4}}
            (?:[.,](?P<cents>[0-9]{{2}}))?
        |[0-9]{{1,15}}(?:[.,](?P<fraction>[0-9]{{2}}))?
    )
    (?![0-9]|[.,:/\-][0-9]|[ ]?%|{_SPACE}?(?:[kKmM]|bn|million|billion|thousand)\b)
    (?(before)|(?:{_SPACE}{{0,2}}(?P<after>{_SYMBOL}|(?:{CODES})(?![A-Za-z]))(?!{_SPACE}?[0-9]))?)
    (?P<trailing>-(?![\w]))?(?(open)\)|)
    """,
    re.VERBOSE,
)
_NAMED = re.compile(rf"{_SYMBOL}|(?<![A-Za-z])(?:{CODES})(?![A-Za-z])")
_RANKS = (
    (-1, r"sub-?\s?total|net|vat|tax|mwst|ust|tva|iva|discount|rabatt|zwischensumme|deposit|saving"
         r"|credit\slimit|paid\sto\sdate|previous\sbalance|per\s(?:hour|month|unit)|unit\sprice"),
    (4, r"grand\stotal|invoice\stotal|total\samount|total\sdue|total\sinc\w*|gross|brutto\w*"
        r"|gesamtbetrag|rechnungsbetrag|endbetrag|ttc|order\stotal|total\s(?:charged|paid)"),
    (3, r"(?:amount|balance|payment)\s(?:is\s)?(?:now\s)?due|payable|to\spay|zahlbetrag|[àa]\spayer"
        r"|now\sdue|amount\sowing|outstanding"),
    (2, r"totals?|totaal|totale|gesamt|summe"),
    (1, r"amount|betrag|montant|importe|importo|bedrag|paid|charged|received|price"),
)  # fmt: skip
# "Total net" is a net sum, and "total incl. VAT" is a total. So of all labels the best one counts,
# unless a label makes the amount a part of the whole. "Net" and "VAT" after "incl." do not.
_INCLUSIVE = re.compile(r"\b(?:inc\w*|incl\w*|with|zzgl|inkl\w*)\.?\s(?:of\s)?(?:vat|tax|mwst|ust)")
_LABELS = tuple((rank, re.compile(rf"\b(?:{words})\b")) for rank, words in _RANKS)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount in a text. `rank` says how strongly its label marks it as the total.

    4 is strongest, 0 is no mark, and -1 means that the label marks it as a part of the total.
    """

    value: Decimal
    currency: str
    rank: int


def named(text: str) -> tuple[Amount, ...]:
    """Return the amounts in the text, in the order of the text, each once with its best rank.

    A number counts if a currency is beside it. After a word for a total, a number with two decimals
    may take the only currency of the text. Zeros, percentages, dates and phone numbers do not
    count.
    """
    amounts: dict[tuple[Decimal, str], Amount] = {}
    for amount in _read(text):
        key = amount.value, amount.currency
        if key in amounts:
            amounts[key] = max(amounts[key], amount, key=lambda candidate: candidate.rank)
        elif len(amounts) < KEPT:
            amounts[key] = amount
    return tuple(amounts.values())


def total(amounts: tuple[Amount, ...]) -> Amount | None:
    """Return the only amount, or else the only amount of the best rank.

    Returns None if there is no amount, if several have the best rank, or if all of several are
    marked as parts.
    """
    if len(amounts) == 1:
        return amounts[0]
    best = max((amount.rank for amount in amounts), default=-1)
    best_ones = [amount for amount in amounts if amount.rank == best]
    return best_ones[0] if best >= 0 and len(best_ones) == 1 else None


def _read(text: str) -> Iterator[Amount]:
    only = _only_currency(text)
    end = 0
    for match in _AMOUNT.finditer(text):
        label = _label(text, end, match.start())
        unit = match["before"] or match["after"]
        if unit is None and not (label > 0 and _cents(match) and only):
            continue
        end = match.end()
        value = _value(match)
        if value:
            yield Amount(value, _SYMBOLS.get(unit, unit) if unit else only or "", label)


def _only_currency(text: str) -> str | None:
    names = {_SYMBOLS.get(match[0], match[0]) for match in _NAMED.finditer(text)}
    return names.pop() if len(names) == 1 else None


def _cents(match: re.Match[str]) -> str | None:
    return match["cents"] or match["fraction"]


def _value(match: re.Match[str]) -> Decimal | None:
    """Return the number that the match has, or None if it is ambiguous, such as 1.234 (a price
    per litre?) or £5 100 (two columns?)."""
    number, mark, cents = match["number"], match["mark"], _cents(match)
    if mark and not cents and (mark == "." or (mark.isspace() and not match["after"])):
        return None
    decimal = number[-3] if cents else "."
    if mark == decimal:
        return None
    minus = match["minus"] or match["inner"] or match["trailing"] or match["open"]
    try:
        value = money(number, decimal, mark or "")
    except ValueError:
        return None
    return -value if minus else value


def _label(text: str, after: int, at: int) -> int:
    """Return the rank that the words before the amount give it. Without words on its line, those of
    the line before count."""
    before = text[max(after, at - _REACH) : at].lower()
    line = before.rpartition("\n")[2]
    if not line.strip(" \t:=|"):
        line = before.rstrip(" \t:=|\n\r").rpartition("\n")[2]
    line = " ".join(_INCLUSIVE.sub("total inc", line).split())
    return next((rank for rank, words in _LABELS if words.search(line)), 0)
