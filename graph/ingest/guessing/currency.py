"""The currency of a file's amounts: a column, the amount's title or sign, or a guess."""

import re

from graph.ingest.doubts import Doubt
from graph.ingest.guessing.book import Book
from graph.ingest.guessing.header import GuessError
from graph.ingest.guessing.party_columns import account_above
from graph.ingest.guessing.profile import Column
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.guessing.roles import is_iban
from graph.ingest.guessing.sample import Sample
from graph.ingest.guessing.title_scores import unnumbered
from graph.ingest.guessing.vocabulary import CODES, SIGNS

_CODE = re.compile(r"(?<![A-Z])[A-Z]{3}(?![A-Z])")
_EURO = re.compile(r"\beuros?\b", re.IGNORECASE)
USUAL = "GBP"
_COUNTRIES = {
    "GB": "GBP", "CH": "CHF", "LI": "CHF", "SE": "SEK", "NO": "NOK", "DK": "DKK", "PL": "PLN",
    "CZ": "CZK", "HU": "HUF", "RO": "RON", "TR": "TRY", "IS": "ISK",
}  # fmt: skip
_EURO_COUNTRIES = frozenset(
    ("AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU",
     "LV", "MT", "NL", "PT", "SI", "SK")
)  # fmt: skip
# Ways of paying that one country has.
_NETWORKS = {
    "INR": re.compile(r"\b(?:UPI|NEFT|IMPS|RTGS)\b"),
    "USD": re.compile(r"\b(?:ACH|ZELLE|VENMO|ACH_DEBIT|ACH_CREDIT)\b", re.IGNORECASE),
    "BRL": re.compile(r"\bPIX\b", re.IGNORECASE),
    "AUD": re.compile(r"\b(?:BPAY|OSKO)\b", re.IGNORECASE),
    "CAD": re.compile(r"\bINTERAC\b", re.IGNORECASE),
    "GBP": re.compile(r"\b(?:BACS|CHAPS|FASTER PAYMENTS?)\b", re.IGNORECASE),
}


def currency_of(
    sample: Sample, book: Book, choices: Choices
) -> tuple[str | None, Column | None, tuple[Doubt, ...]]:
    """(the constant, the column of codes, doubts). The constant holds where the column is blank."""
    titled = _in_titles(book)
    if titled:
        return titled, None, ()
    column = sample.role("currency")
    if book.money.original or column is None:
        column = sample.role("original_currency") if book.money.original else column
    if column is not None and (other := _rival(sample, column)):
        raise GuessError(
            f"{sample.file_name}: {column.title!r} and {other.title!r} hold different currencies, "
            "and nothing says which is the amount's: write a mapping (docs/formats.md)"
        )
    if column is not None and column.filled == 1:
        return None, column, ()
    return _constant(sample, book, choices, column)


def _rival(sample: Sample, column: Column) -> Column | None:
    """Another column of codes of the same name but for its number ("CCY 1", "CCY 2")."""
    for other in sample.columns:
        named = other is not column and unnumbered(other.title) == unnumbered(column.title)
        coded = other.filled == 1 and other.share(lambda v: v.upper() in CODES) == 1
        differs = any(row[other.at] != row[column.at] for row in sample.table)
        if named and coded and differs:
            return other
    return None


def _constant(
    sample: Sample, book: Book, choices: Choices, column: Column | None
) -> tuple[str | None, Column | None, tuple[Doubt, ...]]:
    """What holds where no column states a currency: the file's signs and codes, else a guess."""
    code_known = choices.currency or (
        max(set(column.values), key=column.values.count) if column else ""
    )
    code_known = code_known or _in_values(book) or _above(sample) or ""
    if code_known:
        return code_known, column, ()
    if (original := role_currency(sample)) is not None:
        return None, original, ()
    code, why, confidence = _likeliest(sample, book)
    text = f"no currency is stated: read as {code}{why}"
    return code, column, (Doubt("currency", text, "--currency", (code,), confidence),)


def _likeliest(sample: Sample, book: Book) -> tuple[str, str, float]:
    """(code, why, confidence) for a file that states no currency."""
    if code := _by_networks(sample):
        return code, ", by the payment networks that rows name", 0.9
    if code := _by_account(sample):
        return code, ", by the country of the account", 0.9
    if sample.language:
        return sample.language, ", by the language of the columns", 0.85
    if any(c.mark == "," and c.money_hits(".") < len(c.values) for c in book.money.columns):
        return "EUR", ", for the decimal mark is a comma", 0.7
    return USUAL, "", 0.8


def _by_account(sample: Sample) -> str | None:
    """The currency of the country that issued the own account's IBAN."""
    column = sample.role("account")
    iban = account_above(sample.above)
    if not iban and column and column.distinct == 1 and is_iban(column.values[0]):
        iban = column.values[0]
    return (
        _COUNTRIES.get(iban[:2], "EUR" if iban[:2] in _EURO_COUNTRIES else None) if iban else None
    )


def _by_networks(sample: Sample) -> str | None:
    texts = [value for column in sample.columns if column.texty for value in column.values]
    votes = {code: sum(bool(n.search(t)) for t in texts) for code, n in _NETWORKS.items()}
    best = max(votes, key=lambda code: votes[code])
    return best if votes[best] * 5 >= sample.rows > 0 else None


def role_currency(sample: Sample) -> Column | None:
    """The original currency's column where every original amount is the amount itself."""
    currency, original = sample.role("original_currency"), sample.role("original_amount")
    amount = sample.role("amount")
    if currency is None or currency.filled < 1 or amount is None:
        return None
    if original is None:
        return currency
    pairs = zip(sample.amounts(original), sample.amounts(amount), strict=True)
    return currency if all(one == other for one, other in pairs) else None


def _in_titles(book: Book) -> str | None:
    for column in book.money.columns:
        codes = [code for code in _CODE.findall(column.title) if code in CODES]
        signs = [code for sign, code in SIGNS.items() if sign in column.title]
        if codes or signs or _EURO.search(column.title):
            return codes[0] if codes else signs[0] if signs else "EUR"
        words = {word.upper() for word in column.name.split("_")} - {"ALL", "TOP", "TRY"}
        if known := sorted(words & CODES):
            return known[0]
    return None


def _in_values(book: Book) -> str | None:
    for column in book.money.columns:
        for text in column.values[:50]:
            codes = [code for code in _CODE.findall(text) if code in CODES]
            signs = [code for sign, code in SIGNS.items() if sign in text]
            if codes or signs:
                return codes[0] if codes else signs[0]
    return None


def _above(sample: Sample) -> str | None:
    """The only code or sign in the lines above the header, or in the balance's title or values."""
    texts = list(sample.above)
    if balance := sample.role("balance"):
        texts += [balance.title, *balance.values[:3]]
    codes_above = {code for text in texts for code in _CODE.findall(text) if code in CODES}
    codes_above |= {code for text in texts for sign, code in SIGNS.items() if sign in text}
    return codes_above.pop() if len(codes_above) == 1 else None
