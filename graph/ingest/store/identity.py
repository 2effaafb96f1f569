"""The identity of a party: when two rows name the same party."""

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b

from graph.ingest.rows import Party

LIMIT = 200  # characters; a longer identity is cut and hashed, for an index entry has its limit
_NOT_WORD = re.compile(r"[\W_]+")


@lru_cache(maxsize=65_536)
def identity(party: Party) -> str:
    """The party's normalized name, and its first strong key where it has one.

    Name *and* key: a key that stands for many parties merges none of them, nor does a name that
    hides many keys (a redacted one).
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


def normalized(name: str) -> str:
    """Lower case, no accents, words of letters and digits: 'Müller & Co.' → 'muller and co'.

    A name without any letter or digit is kept as it is, so that it never becomes empty.
    """
    plain = unicodedata.normalize("NFKD", name.casefold()).casefold().replace("&", " and ")
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", letters).strip() or name.strip()
