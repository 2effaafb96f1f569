"""Finds the numbers of documents in a text, and its due date.

As in document_amounts.py, the patterns are bounded and the time is linear.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from graph.ingest.parse_cells import timestamp

KEPT = 50
Kind = Literal["invoice", "credit note", "receipt", "order", "reference"]

_WORDS: dict[Kind, str] = {
    "credit note": r"credit[ ]?(?:note|memo)|gutschrift|avoir|nota[ ]de[ ]cr[eé]dito|creditnota",
    "invoice": r"(?:tax[ ])?invoice|inv|bill|rechnung|facture|factura|fattura|factuur|faktura"
               r"|сч[её]т|τιμολόγιο",
    "receipt": r"receipt|quittung|beleg|recibo|ricevuta",
    "order": r"(?:purchase[ ]|sales[ ])?order|p\.?o\.?|bestellung|auftrag|commande|pedido|ordine",
    "reference": r"(?:our|your|payment)?[ ]?ref(?:erence|erenz)?|unser[ ]zeichen|r[eé]f[eé]rence",
}  # fmt: skip
_NUMBER = r"(?:number|nummer|num[eé]ro|n[uú]mero|num|no|nr|id|n[°º])(?![A-Za-z])\.?|№|\#"
_WRITTEN = r"[A-Za-z0-9](?:[A-Za-z0-9/_.\-]{0,39})"
_GROUPS = "|".join(f"(?P<k{n}>{words})" for n, words in enumerate(_WORDS.values()))
_NAMED = re.compile(
    rf"""
    (?<![^\W_])(?:{_GROUPS})(?:s?[ \-]?(?P<number>{_NUMBER}))?(?![^\W\d_])
    \s{{0,3}}[:.=\#]?\s{{0,3}}
    (?=[^\s]{{0,40}}[0-9]|(?-i:[A-Z]{{2,4}})[ ][0-9])       # a reference has a digit
    (?P<token>(?:(?-i:[A-Z]{{2,4}})[ ](?=[0-9]))?{_WRITTEN})
    (?![\w/%])(?!:[0-9])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SELF: dict[str, Kind] = {"INV": "invoice", "SI": "invoice", "CN": "credit note",
                          "CRN": "credit note", "PO": "order", "SO": "order"}  # fmt: skip
_BARE = re.compile(r"(?<![\w/.\-])(INV|SI|CRN|CN|PO|SO)[-/]?[0-9][0-9/\-]{2,24}(?![\w/.,\-][0-9])")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}([./\-])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2})"
)
_MONEY = re.compile(r"[0-9]{1,3}(?:[.,]?[0-9]{3}){0,4}[.,][0-9]{2}")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_CURRENCY = re.compile(r"(?:GBP|EUR|USD|CHF|SEK|NOK|DKK|PLN|CAD|AUD) ")

_CHIEF: dict[Kind, int] = {
    "invoice": 0, "credit note": 0, "receipt": 1, "order": 2, "reference": 3,
}  # fmt: skip

_DUE = re.compile(
    r"""
    (?<![^\W_])(?:due(?:[ ](?:date|on|by))?|pay(?:able|ment)?[ ](?:by|due)|pay[ ]before
        |zahlbar[ ]bis|f[äa]llig[ ]am|[ée]ch[ée]ance|vencimiento|scadenza)(?![^\W_])
    [\s:]{0,4}(?:(?:on|by|is|am|le)[ ])?
    (?P<date>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}
        |[0-9]{1,2}(?P<mark>[./\-])[0-9]{1,2}(?P=mark)[0-9]{4}
        |[0-9]{1,2}(?:st|nd|rd|th)?\.?[ ][A-Za-z]{3,9}\.?,?[ ][0-9]{4}
        |[A-Za-z]{3,9}\.?[ ][0-9]{1,2}(?:st|nd|rd|th)?,?[ ][0-9]{4})
    (?![0-9])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ORDINAL = re.compile(r"(?<=[0-9])(?:st|nd|rd|th)", re.IGNORECASE)
_DAY_FIRST, _MONTH_FIRST = ("%d %m %Y", "%m %d %Y"), ("%m %d %Y", "%d %m %Y")
_WORDED = ("%Y %m %d", "%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y")


@dataclass(frozen=True, slots=True)
class Reference:
    """A document's number as the text writes it, and the kind of document."""

    kind: Kind
    number: str


def named(text: str) -> tuple[Reference, ...]:
    """Return the document numbers in the text, each once, in the order of the text."""
    references: dict[str, tuple[int, Reference]] = {}
    for match in _NAMED.finditer(text):
        _keep(references, match.start(), _labelled(match))
    for match in _BARE.finditer(text):
        _keep(references, match.start(), Reference(_SELF[match[1]], match[0].rstrip("-/")))
    return tuple(
        reference for _, reference in sorted(references.values(), key=lambda pair: pair[0])
    )


def _keep(
    references: dict[str, tuple[int, Reference]], at: int, reference: Reference | None
) -> None:
    if reference and len(references) < KEPT:
        references.setdefault(reference.number.upper(), (at, reference))


def _labelled(match: re.Match[str]) -> Reference | None:
    number = match["token"].rstrip("./-_")
    kind = next(kind for n, kind in enumerate(_WORDS) if match[f"k{n}"])
    return Reference(kind, number) if _is_number(number, bool(match["number"])) else None


def _is_number(token: str, is_labelled: bool) -> bool:
    """Return whether the token is a number of a document.

    Dates and amounts are no such numbers. Years and short tokens are only accepted after a label,
    such as "Invoice no.".
    """
    if not re.search("[0-9]", token) or _DATE.fullmatch(token) or _MONEY.fullmatch(token):
        return False
    if _CURRENCY.match(token):
        return False
    return is_labelled or (len(token) >= 3 and not _YEAR.fullmatch(token))


def chief(references: tuple[Reference, ...]) -> Reference | None:
    """Return the number of the document itself, or None if there are no references.

    An invoice's or credit note's number wins over that of a receipt, an order and others. Of
    several, the first one in `references` wins.
    """
    return min(references, key=lambda reference: _CHIEF[reference.kind], default=None)


def due_on(text: str, month_first: bool = False) -> date | None:
    """Return the first due date in the text, or None. With `month_first`, 03/04/2024 is the fourth
    of March."""
    for match in _DUE.finditer(text):
        words = _ORDINAL.sub("", match["date"])
        plain = " ".join(re.sub(r"[./,\-]", " ", words).split())
        numbers = _MONTH_FIRST if month_first and match["mark"] == "/" else _DAY_FIRST
        try:
            return timestamp(plain, (*_WORDED, *numbers)).at.date()
        except ValueError:
            continue
    return None
