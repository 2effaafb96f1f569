"""The identity of a party, by which two rows with the same party are recognised."""

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b

from graph.ingest.ledger_rows import Party

LIMIT = 200  # characters; a longer identity is cut and hashed, for an index entry has its limit
_NOT_WORD = re.compile(r"[\W_]+")


@lru_cache(maxsize=65_536)
def identity(party: Party) -> str:
    """Return a text that identifies a party: its normalized name, and its first strong key if it
    has one.

    Neither identifies alone: two parties may share a key, and two parties may share a name (such as
    a redacted one).
    """
    name = normalized(party.name)
    if not party.keys:
        return _short(name)
    kind, value = party.keys[0]
    return _short(f"{name} [{kind}={value.casefold()}]")


def _short(text: str) -> str:
    if len(text) <= LIMIT:
        return text
    return f"{text[: LIMIT // 2]}… {blake2b(text.encode(), digest_size=16).hexdigest()}"


@lru_cache(maxsize=65_536)
def normalized(name: str) -> str:
    """Return the name in lower case, without accents, as words of letters and digits.

    'Müller & Co.' → 'muller and co'. A name without any letter or digit stays as it is, so that the
    result is never empty.
    """
    letters = name.lower() if name.isascii() else _without_accents(name)
    return _NOT_WORD.sub(" ", letters.replace("&", " and ")).strip() or name.strip()


def _without_accents(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold()).casefold()
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
