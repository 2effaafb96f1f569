"""The strong keys of entities: VAT numbers, IBANs, company numbers, and numbers of one source."""

from dataclasses import dataclass
from functools import lru_cache

# Keys that identify the same party everywhere. Any other key is a number of its source only.
EVERYWHERE = frozenset(
    {"vat_number", "company_number", "charity_number", "tax_number", "iban", "bank_account"}
    | {"email", "lei", "duns", "siren", "siret", "ein", "abn"}
)
PADDED = frozenset({"vat_number", "company_number", "charity_number"})


@dataclass(frozen=True, slots=True)
class Key:
    """A strong key as one source states it. `source` is "" if the entity itself has the key."""

    kind: str
    value: str
    source: str = ""


def canonical(key: Key) -> tuple[str, str]:
    """Return the key's kind, and its value without marks. VAT, company and charity numbers have no
    country's letters and no zeros in front either."""
    value = plain(key.value)
    if key.kind in PADDED:
        value = value[2:] if value[:2].isalpha() and value[2:].isdigit() else value
        value = value.lstrip("0") or value
    return key.kind, value


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """Return the text in lower case with its letters and digits only, and the marks of an
    address if it is one."""
    letters = "".join(letter for letter in text.casefold() if letter.isalnum() or letter in "@.-_+")
    return letters if "@" in letters else "".join(filter(str.isalnum, letters)) or text
