"""Finds the currency of a file's amounts: a column, the amount's title or sign, or other
evidence."""

import re
from collections import Counter
from dataclasses import dataclass

from django.conf import settings

from graph.ingest.doubts import Doubt
from graph.ingest.guessing.book import Book
from graph.ingest.guessing.book_kinds import is_processor
from graph.ingest.guessing.header import GuessError
from graph.ingest.guessing.party_columns import account_above
from graph.ingest.guessing.profile import Column
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.guessing.roles import is_iban
from graph.ingest.guessing.sample import Sample
from graph.ingest.guessing.title_scores import unnumbered
from graph.ingest.guessing.vocabulary import (
    CODES,
    COUNTRY_CELLS,
    COUNTRY_FORMS,
    COUNTRY_TITLES,
    SIGNS,
    plain,
)

_CODE = re.compile(r"(?<![A-Z])[A-Z]{3}(?![A-Z])")
_EURO = re.compile(r"\beuros?\b", re.IGNORECASE)
ENOUGH = 0.2  # share of the rows that is evidence for a country
BY_COUNTRY, BY_EARLIER, BY_LANGUAGE = 0.9, 0.9, 0.85  # confidences
_COUNTRIES = {
    "GB": "GBP", "CH": "CHF", "LI": "CHF", "SE": "SEK", "NO": "NOK", "DK": "DKK", "PL": "PLN",
    "CZ": "CZK", "HU": "HUF", "RO": "RON", "TR": "TRY", "IS": "ISK",
}  # fmt: skip
_EURO_COUNTRIES = frozenset(
    ("AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU",
     "LV", "MT", "NL", "PT", "SI", "SK")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Usual:
    """The currency of the tenant's earlier files of this source, and that of all its books.

    Each is "" if there is no currency or there are several.
    """

    of_source: str = ""
    of_all: str = ""


def currency_of(
    sample: Sample, book: Book, choices: Choices, usual: Usual
) -> tuple[str | None, Column | None, tuple[Doubt, ...]]:
    """Return (a currency for the whole file, the column of currency codes, doubts).

    The file's currency applies to rows in which the column is blank. Either may be None.
    """
    titled = _in_titles(book)
    if titled and not (choices.currency and is_only_a_sign(book)):
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
    return _constant(sample, book, choices, column, usual)


def _rival(sample: Sample, column: Column) -> Column | None:
    """Return another column of codes with the same name and another number ("CCY 1", "CCY 2"), or
    None."""
    for other in sample.columns:
        named = other is not column and unnumbered(other.title) == unnumbered(column.title)
        coded = other.filled == 1 and other.share(lambda v: v.upper() in CODES) == 1
        differs = any(row[other.at] != row[column.at] for row in sample.table)
        if named and coded and differs:
            return other
    return None


def _constant(
    sample: Sample, book: Book, choices: Choices, column: Column | None, usual: Usual
) -> tuple[str | None, Column | None, tuple[Doubt, ...]]:
    """Return (currency, column of codes, doubts) for a file with rows in which no column states it.

    The currency comes from the file's signs and codes, else from the tenant's earlier files and
    other evidence.
    """
    commonest = Counter(column.values).most_common(1)[0][0] if column and column.values else ""
    code_known = choices.currency or commonest or _in_values(book) or _above(sample)
    if code_known:
        return code_known, column, ()
    if (original := role_currency(sample)) is not None:
        return None, original, ()
    if usual.of_source:
        return usual.of_source, column, (_as_earlier(sample, usual.of_source),)
    codes, why, confidence = _likeliest(sample, book)
    if usual.of_all and (len(codes) != 1 or confidence < BY_LANGUAGE):
        codes, why, confidence = _weighed(codes, why, confidence, usual.of_all)
    return (
        codes[0] if codes else settings.HOME_CURRENCY,
        column,
        (_doubt(sample, codes, why, confidence),),
    )


def _as_earlier(sample: Sample, code: str) -> Doubt:
    """Return the doubt about taking the currency of the tenant's earlier files of this source.

    The doubt is blocking if the file has words that occur in another country only: the currency of
    the first of those files may have been guessed.
    """
    stated = _of_countries(sample)
    if stated and code not in stated:
        text = (
            f"no currency is stated: your earlier files of these columns are in {code}, but this "
            f"one has what only a country of {' or '.join(stated)} has"
        )
        return Doubt("currency", text, "--currency", (code, stated[0]), 0.5, blocking=True)
    return _doubt(sample, (code,), ", as your earlier files of these columns are", BY_EARLIER)


def _weighed(
    codes: tuple[str, ...], why: str, confidence: float, usual: str
) -> tuple[tuple[str, ...], str, float]:
    """Return the codes, the reason and the confidence, after a comparison with `usual`, the one
    currency of the tenant's other books.

    If the file has no evidence, or evidence for `usual`, that is the only code. Otherwise `usual`
    comes first, before the file's codes.
    """
    if not codes or usual in codes:
        return (usual,), ", as all your other books are", 0.9
    return (usual, *codes), f", as your other books are, or {codes[0]}{why}", confidence


def _doubt(sample: Sample, codes: tuple[str, ...], why: str, confidence: float) -> Doubt:
    """Return the doubt about a guessed currency.

    The doubt is blocking if there is evidence for several countries, or none although a processor's
    payments may have any currency.
    """
    if len(codes) == 1:
        text = f"no currency is stated: read as {codes[0]}{why}"
        return Doubt("currency", text, "--currency", codes, confidence)
    if codes:
        text = f"no currency is stated: it could be {' or '.join(codes[:3])}{why}"
        return Doubt("currency", text, "--currency", codes[:2], 0.5, blocking=True)
    home = settings.HOME_CURRENCY
    text = f"no currency is stated, and nothing in the file speaks for one: read as {home}"
    others = tuple(code for code in ("EUR", "USD") if code != home)
    if is_processor(sample):
        return Doubt("currency", text, "--currency", (home, others[0]), 0.5, blocking=True)
    return Doubt("currency", text, "--currency", (home,), 0.8)


def _likeliest(sample: Sample, book: Book) -> tuple[tuple[str, ...], str, float]:
    """Return (the codes with the strongest evidence, the reason, the confidence), with () if there
    is no evidence."""
    if stated := _of_countries(sample):
        return stated, ", by what only one country has", BY_COUNTRY
    if languages := sample.languages:
        return languages, ", by the language of the columns", BY_LANGUAGE
    if forms := _by_forms(sample):
        return forms, ", by the legal forms of companies", 0.8
    if any(c.mark == "," and c.money_hits(".") < len(c.values) for c in book.money.columns):
        return ("EUR",), ", for the decimal mark is a comma", 0.7
    return (), "", 0.0


def _of_countries(sample: Sample) -> tuple[str, ...]:
    """Return the currencies of countries that the cells, the titles or an IBAN show."""
    return tuple(sorted({*_by_cells(sample), *_by_titles(sample), *_by_account(sample)}))


def _by_account(sample: Sample) -> tuple[str, ...]:
    """Return the currency of the country of the own account's IBAN, or () without an IBAN."""
    column = sample.role("account")
    iban = account_above(sample.above)
    if not iban and column and column.distinct == 1 and is_iban(column.values[0]):
        iban = column.values[0]
    code = _COUNTRIES.get(iban[:2], "EUR" if iban[:2] in _EURO_COUNTRIES else "")
    return (code,) if code else ()


def _shares(sample: Sample, patterns: dict[str, re.Pattern[str]]) -> dict[str, float]:
    """Return currency → share of the rows (0..1) that contain its words, for currencies with
    enough evidence."""
    account = sample.role("account")
    at = [column.at for column in sample.columns if column.texty or column is account]
    texts = [" | ".join(row[place] for place in at) for row in sample.table]
    shares = {
        code: sum(bool(words.search(text)) for text in texts) / max(1, len(texts))
        for code, words in patterns.items()
    }
    return {code: share for code, share in shares.items() if share >= ENOUGH}


def _by_cells(sample: Sample) -> tuple[str, ...]:
    """Return the currencies of countries that the cells show, by ways of paying, tax offices or
    account numbers that exist in one country only."""
    return tuple(_shares(sample, COUNTRY_CELLS))


def _by_titles(sample: Sample) -> tuple[str, ...]:
    """Return the currencies of countries that the titles show, by titles that are used in one
    country only.

    "a + b" means that the header has both titles.
    """
    titles = {plain(column.title) for column in sample.columns}
    return tuple(
        code
        for code, groups in COUNTRY_TITLES.items()
        if any(titles.issuperset(group) for group in groups)
    )


def _by_forms(sample: Sample) -> tuple[str, ...]:
    """Return the currencies of countries whose legal forms of companies, such as GmbH, the cells
    have; the currency of the most rows first."""
    shares = _shares(sample, COUNTRY_FORMS)
    most = max(shares.values(), default=0.0)
    codes = sorted(shares, key=lambda code: -shares[code])
    return tuple(code for code in codes if shares[code] * 2 >= most)


def role_currency(sample: Sample) -> Column | None:
    """Return the column of the original currency if the file has no column of original amounts,
    or if these equal the amounts in every row; else None."""
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


def is_only_a_sign(book: Book) -> bool:
    """Return whether amounts have a bare dollar sign, which several countries write, and no
    code."""
    texts = [column.title for column in book.money.columns]
    texts += [text for column in book.money.columns for text in column.values[:50]]
    has_code = any(code in CODES for text in texts for code in _CODE.findall(text))
    return not has_code and any("$" in text for text in texts)


def _in_values(book: Book) -> str | None:
    for column in book.money.columns:
        for text in column.values[:50]:
            codes = [code for code in _CODE.findall(text) if code in CODES]
            signs = [code for sign, code in SIGNS.items() if sign in text]
            if codes or signs:
                return codes[0] if codes else signs[0]
    return None


def _above(sample: Sample) -> str | None:
    """Return the only currency above the header, or in the balance's title or values; None if not
    exactly one."""
    texts = list(sample.above)
    if balance := sample.role("balance"):
        texts += [balance.title, *balance.values[:3]]
    codes_above = {code for text in texts for code in _CODE.findall(text) if code in CODES}
    codes_above |= {code for text in texts for sign, code in SIGNS.items() if sign in text}
    return codes_above.pop() if len(codes_above) == 1 else None
