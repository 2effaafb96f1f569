"""The words of cells in thirteen languages: vocabulary.toml as sets and patterns."""

import re
import tomllib
from importlib.resources import files

from graph.ingest.mappings.column_names import slug


def plain(text: str) -> str:
    """Return the text in lower case without accents and punctuation: 'Débit (EUR) ' → 'debit
    eur'."""
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
UNPAID = _words(_TABLE["unpaid"])
SETTLED = _words(_TABLE["settled"])
CARD = _words(_TABLE["card"])
BILLS = _words(_TABLE["bills"])
INVOICES = _words(_TABLE["invoices"])
SPENDING = _words(_TABLE["spending"])
EARNING = _words(_TABLE["earning"])
LEDGER = _words(_TABLE["ledger"])
PARTY_LEDGER = _words(_TABLE["party_ledger"])
MONEY_ACCOUNT = _words(_TABLE["money_account"])
FLAGS = _words(_TABLE["flags"])
CATEGORIES = _words(_TABLE["categories"])
GENERIC = frozenset(_TABLE["generic"])
TYPE_WORDS = _words(_TABLE["type_words"])
LANGUAGES = {code: _words(titles) for code, titles in _TABLE["titles"].items()}
COUNTRY_CELLS = {code: _either(cells) for code, cells in _TABLE["country_cells"].items()}
COUNTRY_FORMS = {code: re.compile("|".join(f)) for code, f in _TABLE["country_forms"].items()}
COUNTRY_TITLES = {
    code: [_words(group.split("+")) for group in groups]
    for code, groups in _TABLE["country_titles"].items()
}
BALANCE_ROW = _either(_PATTERNS["balance_row"], r"^\W*", r"\b[\s:]*[\d.,/-]*\s*$")
BILL_PAYMENT = _either(_PATTERNS["bill_payment"])  # on a card's statement: pays the card's bill
RECEIPT = _either(_PATTERNS["receipt"], "", "")
REFUND = _either(_PATTERNS["refund"])
CARD_NAMES = _either(_PATTERNS["card_names"])
COMES_IN = _either(_PATTERNS["comes_in"])
GOES_OUT = _either(_PATTERNS["goes_out"])

CODES = frozenset(_TABLE["codes"])  # ISO 4217
SIGNS = {  # the longer first
    "CA$": "CAD",
    "$ CA": "CAD",
    "$CA": "CAD",
    "C$": "CAD",
    "A$": "AUD",
    "NZ$": "NZD",
    "R$": "BRL",
    "£": "GBP",
    "€": "EUR",
    "₹": "INR",
    "¥": "JPY",
    "￥": "JPY",
    "$": "USD",
    "zł": "PLN",
    "円": "JPY",
}
