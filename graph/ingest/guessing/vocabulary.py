"""What cells say, in thirteen languages: vocabulary.toml as sets and patterns."""

import re
import tomllib
from importlib.resources import files

from graph.ingest.columns import slug


def plain(text: str) -> str:
    """'Débit (EUR) ' -> 'debit eur'."""
    return slug(text).replace("_", " ")


def _words(words: list[str]) -> frozenset[str]:
    return frozenset(plain(word) for word in words) - {""}


def _either(patterns: list[str], before: str = r"\b", after: str = r"\b") -> re.Pattern[str]:
    return re.compile(f"{before}(?:{'|'.join(patterns)}){after}", re.IGNORECASE)


_TABLE = tomllib.loads((files(__package__) / "vocabulary.toml").read_text(encoding="utf-8"))
_PATTERNS = _TABLE["patterns"]

PAID = _words(_TABLE["paid"])
RECEIVED = _words(_TABLE["received"])
UNSETTLED = _words(_TABLE["unsettled"])
SETTLED = _words(_TABLE["settled"])
TYPE_WORDS = _words(_TABLE["type_words"])
LANGUAGES = {code: _words(titles) for code, titles in _TABLE["titles"].items()}
BALANCE_ROW = _either(_PATTERNS["balance_row"], r"^\W*", r"\b[\s:]*[\d.,/-]*\s*$")
BILL_PAYMENT = _either(_PATTERNS["bill_payment"])  # on a card's statement: pays the card's bill
COMES_IN = _either(_PATTERNS["comes_in"])
GOES_OUT = _either(_PATTERNS["goes_out"])

CODES = frozenset(  # ISO 4217
    [
        "AED",
        "AFN",
        "ALL",
        "AMD",
        "ANG",
        "AOA",
        "ARS",
        "AUD",
        "AWG",
        "AZN",
        "BAM",
        "BBD",
        "BDT",
        "BGN",
        "BHD",
        "BIF",
        "BMD",
        "BND",
        "BOB",
        "BRL",
        "BSD",
        "BTN",
        "BWP",
        "BYN",
        "BZD",
        "CAD",
        "CDF",
        "CHF",
        "CLP",
        "CNY",
        "COP",
        "CRC",
        "CUP",
        "CVE",
        "CZK",
        "DJF",
        "DKK",
        "DOP",
        "DZD",
        "EGP",
        "ERN",
        "ETB",
        "EUR",
        "FJD",
        "FKP",
        "GBP",
        "GEL",
        "GHS",
        "GIP",
        "GMD",
        "GNF",
        "GTQ",
        "GYD",
        "HKD",
        "HNL",
        "HTG",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "IQD",
        "IRR",
        "ISK",
        "JMD",
        "JOD",
        "JPY",
        "KES",
        "KGS",
        "KHR",
        "KMF",
        "KPW",
        "KRW",
        "KWD",
        "KYD",
        "KZT",
        "LAK",
        "LBP",
        "LKR",
        "LRD",
        "LSL",
        "LYD",
        "MAD",
        "MDL",
        "MGA",
        "MKD",
        "MMK",
        "MNT",
        "MOP",
        "MRU",
        "MUR",
        "MVR",
        "MWK",
        "MXN",
        "MYR",
        "MZN",
        "NAD",
        "NGN",
        "NIO",
        "NOK",
        "NPR",
        "NZD",
        "OMR",
        "PAB",
        "PEN",
        "PGK",
        "PHP",
        "PKR",
        "PLN",
        "PYG",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "RWF",
        "SAR",
        "SBD",
        "SCR",
        "SDG",
        "SEK",
        "SGD",
        "SHP",
        "SLE",
        "SOS",
        "SRD",
        "SSP",
        "STN",
        "SYP",
        "SZL",
        "THB",
        "TJS",
        "TMT",
        "TND",
        "TOP",
        "TRY",
        "TTD",
        "TWD",
        "TZS",
        "UAH",
        "UGX",
        "USD",
        "UYU",
        "UZS",
        "VES",
        "VND",
        "VUV",
        "WST",
        "XAF",
        "XCD",
        "XOF",
        "XPF",
        "YER",
        "ZAR",
        "ZMW",
        "ZWL",
    ]
)
SIGNS = {
    "£": "GBP",
    "€": "EUR",
    "₹": "INR",
    "¥": "JPY",
    "￥": "JPY",
    "$": "USD",
    "zł": "PLN",
    "円": "JPY",
}
