"""Reads a party's name into the words that are compared.

What systems add is left out: legal forms, titles, a processor's prefix, a reference, a clerk's
note. Separate letters are joined.
"""

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from graph.ingest.store.identity import normalized

LEGAL = {
    word: family
    for family, words in {
        "ltd": "ltd limited pty cyf cyfyngedig",
        "plc": "plc",
        "llp": "llp",
        "cic": "cic",
        "inc": "inc incorporated",
        "corp": "corp corporation",
        "llc": "llc",
        "gmbh": "gmbh mbh",
        "ag": "ag",
        "kg": "kg ohg",
        "bv": "bv",
        "nv": "nv",
        "sa": "sa",
        "sas": "sas",
        "sarl": "sarl",
        "srl": "srl",
        "spa": "spa",
        "oy": "oy oyj",
        "ab": "ab", "as": "aps", "sl": "slu",
    }.items()
    for word in words.split()
}  # fmt: skip
TITLES = frozenset(
    ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "sir", "herr", "frau", "mme"]
)
FILLERS = frozenset({"and", "the", "www"})
_PREFIX = re.compile(r"^\S{1,8} ?\*(?=.*[^\W\d]{3})")
_REFERENCE = re.compile(r"\*\s?(\w{7,})\b.*$")
_CODE = re.compile(r"[a-z]{0,2}\d{7,}")
_NOTE = re.compile(
    r"(?<=[a-z])\W*(?:\*\W*|\(\W*|-\s+)?"
    r"\b(?:in (?:voluntary )?(?:liquidation|administration)|do not use|use \d{4,}|see \d{4,}"
    r"|dissolved|ceased trading|formerly .*|now known as .*)\W*$",
    re.IGNORECASE,
)
_TURNS = re.compile(r"(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)")
_LETTERS = re.compile(r"\b(?:\w )+\w\b")


@dataclass(frozen=True, slots=True)
class Name:
    """A name's words. `legal` are the families of its legal forms. `cut` says that the feed may
    have cut its end."""

    text: str
    words: tuple[str, ...]
    legal: frozenset[str] = frozenset()
    cut: bool = False
    person: bool = False
    place: str = ""
    plain: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", " ".join(self.words))

    def without_place(self) -> "Name":
        """Return the name without its last word, the place that a feed added, and without a
        legal form before it."""
        words, legal = _bare(list(self.words[:-1]), self.cut)
        return replace(self, words=words, legal=self.legal | legal, place=self.words[-1])


@lru_cache(maxsize=65_536)
def read(text: str, *, cut: bool = False, person: bool = False) -> Name:
    """Return the name that a text states. `cut` says that a feed may have cut its end, `person`
    that it is a person's."""
    visible = _shown(text)
    words = _letters_joined(normalized(visible), cut=cut).split()
    titled = bool(words) and words[0] in TITLES
    words = [word for word in words if word not in TITLES] if titled else words
    while len(words) > 2 and _CODE.fullmatch(words[-1]) and words[-2] in LEGAL:
        words.pop()  # the code of a payment after a company's name
    content = [word for word in words if word not in FILLERS and not _is_reference(word)]
    bare, legal = _bare(content or words, cut)
    whole = bare[:-1] if cut else bare  # the last letter of a cut name may begin a word
    initial = any(len(word) == 1 for word in whole) and len(bare) <= 4
    return Name(
        text,
        bare,
        legal,
        cut and text.endswith(visible),
        (person or titled or initial) and not legal,
    )


def _shown(text: str) -> str:
    """Return the text without a processor's prefix ('SQ *'), a transaction's reference, and a
    clerk's note ('* IN LIQUIDATION')."""
    match = _REFERENCE.search(text)
    without = text[: match.start()] if match and _is_reference(match[1]) else text
    return _NOTE.sub("", _PREFIX.sub("", without)) or text


def _is_reference(word: str) -> bool:
    """Return whether the word has seven characters or more and changes between letters and digits
    at least three times."""
    return len(word) >= 7 and len(_TURNS.findall(word.casefold())) >= 3


def _letters_joined(text: str, *, cut: bool) -> str:
    """Return the text with separate letters joined: 'l l p' becomes 'llp', 'sainsbury s' becomes
    'sainsburys', unless a feed cut a word after its 's'."""
    joined = _LETTERS.sub(lambda match: match.group().replace(" ", ""), text)
    return re.sub(r"(\w{3,}) s\b(?!$)" if cut else r"(\w{3,}) s\b", r"\1s", joined)


def _bare(words: list[str], cut: bool) -> tuple[tuple[str, ...], frozenset[str]]:
    legal = set()
    if cut and len(words) > 1 and len(words[-1]) >= 3 and "limited".startswith(words[-1]):
        words = [*words[:-1], "limited"]
    while len(words) > 1 and words[-1] in LEGAL:
        legal.add(LEGAL[words.pop()])
        if len(words) > 2 and words[-1] == "co":
            words.pop()
    return tuple(words), frozenset(legal)
