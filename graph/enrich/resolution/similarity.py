"""Computes how similar two names of parties are, and why. Words are compared, not letters.

A name consists of its words without what systems add: legal forms, titles, a processor's prefix, a
reference. Two names agree if their words pair up: equal, mistyped (optimal string alignment
distance 1: Damerau, CACM 7(3), 1964), abbreviated, or cut off at the end of a feed's column. What
no pairing explains keeps them apart: a number, a place, a word that only one of them has.

Only entity resolution uses this. Detectors of links compare names by trigrams, many pairs at once,
in graph.enrich.columns.name_similarity.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from graph.ingest.store.identity import normalized

SURE, POSSIBLE = 0.9, 0.75  # least scores: to merge, and to ask a person
SLIP_FROM = 6  # letters; in a shorter word, one letter more or less makes another word
BRIEFEST = 8  # least letters of a cut name, because the beginning of a shorter one fits too many

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
VOWELS = frozenset("aeiou")
FILLERS = frozenset({"and", "the", "www"})
SHORT = {
    "co": "company",
    "intl": "international",
    "natl": "national",
    "bros": "brothers",
    "st": "saint",
    "dept": "department",
    "govt": "government",
    "uni": "university",
    "tv": "television",
    "assn": "association",
}
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


@dataclass(frozen=True, slots=True)
class Likeness:
    """How similar two names are: a score in 0..1 and the reason as text. `begins`: one name is a
    beginning of the other. `numbers` has what makes them differ. `kind` is the kind of an offer,
    "" for similar names."""

    score: float
    reason: str
    begins: bool = False
    numbers: dict[str, float] = field(default_factory=dict)
    kind: str = ""


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


def are_kin(one: Name, other: Name) -> bool:
    """Return whether two names could be spellings of one name.

    The caller looks for keys that different parties share. Names with different numbers are never
    spellings of one name: 'budget 03' and 'budget 04' are two budgets.
    """
    if _numbers(one.words) != _numbers(other.words):
        return False
    if set(one.words) & set(other.words):
        return True
    return fuzz.token_sort_ratio(one.plain, other.plain) >= 60


def compare(one: Name, other: Name, common: Mapping[str, int]) -> Likeness | None:
    """Return how similar two names are, or None if a word, a number or a first name differs.

    `common` has the number of names with each word. The score is 0.99 for the same words, 0.98 if
    only spaces differ, and 0.97 if only the order differs. It is 0.04 less for a mistyped word,
    0.02 less for each abbreviated one, and 0.03 less for a cut end. Different legal forms, a
    person's initial and one additional word are for a person to judge (0.8).
    """
    likeness = _same_words(one, other) or _cut(one, other) or _paired(one, other, common)
    if likeness is None:
        return None
    if one.legal and other.legal and not one.legal & other.legal:
        forms = "/".join(sorted(one.legal)), "/".join(sorted(other.legal))
        likeness = replace(
            likeness, score=0.8, reason=f"{likeness.reason}, but {forms[0]} is not {forms[1]}"
        )
    if one.place or other.place:
        place = one.place or other.place
        likeness = replace(
            likeness,
            score=likeness.score - 0.01,
            reason=f"{likeness.reason}, without the place '{place}'",
        )
    ratio = fuzz.token_sort_ratio(one.plain, other.plain) / 100
    return replace(
        likeness, numbers={"likeness": round(likeness.score, 4), "letters": round(ratio, 4)}
    )


def _same_words(one: Name, other: Name) -> Likeness | None:
    if "".join(one.words) == "".join(other.words):
        spelled = one.text.split() != other.text.split()
        after = " after legal form and punctuation" if spelled else ""
        if one.words == other.words:
            return Likeness(0.99, f"the same name{after}")
        return Likeness(0.98, f"the same name after spaces{after}")
    if len(one.words) == len(other.words) and sorted(one.words) == sorted(other.words):
        return Likeness(0.97, "the same words in another order")
    return None


def _cut(one: Name, other: Name) -> Likeness | None:
    """Return the likeness if one name is cut and begins the other; else None."""
    if not one.cut and not other.cut:
        return None
    if (likeness := _cut_form(one, other) or _cut_form(other, one)) is not None:
        return likeness
    short, long = (one, other) if len(one.plain) < len(other.plain) else (other, one)
    if not short.cut or not long.plain.startswith(short.plain):
        return None
    if _numbers(long.words) != _numbers(short.words):
        return None
    rest = len(short.plain.split()[-1]) if len(short.words) > 1 else 0
    sure = len(short.plain) >= BRIEFEST and (rest or short.plain == long.words[0])
    return Likeness(
        0.94 if sure else 0.8, f"'{short.plain}' is where the feed cuts it", begins=True
    )


def _cut_form(cut: Name, whole: Name) -> Likeness | None:
    """Return the likeness if the cut name ends within the other's legal form, else None:
    'FENRUDGATE DAIRY L'."""
    if not cut.cut or cut.words[:-1] != whole.words or len(whole.plain) < BRIEFEST:
        return None
    forms = [word for word, family in LEGAL.items() if family in whole.legal]
    if not any(form.startswith(cut.words[-1]) for form in forms):
        return None
    return Likeness(0.93, f"'{cut.plain}' is where the feed cuts its legal form", begins=True)


def _numbers(words: Iterable[str]) -> list[str]:
    return sorted(word for word in words if not word.isalpha() and any(map(str.isdigit, word)))


def _paired(one: Name, other: Name, common: Mapping[str, int]) -> Likeness | None:
    """Return the likeness if each word that only one name has abbreviates or misspells one of
    the other name."""
    left, right = _apart(one.words, other.words)
    common_letters = sum(map(len, one.words)) - sum(map(len, left))
    if not common_letters or _numbers(left) or _numbers(right):
        return _slip_alone(one, other, common)
    person = one.person or other.person
    pairs = list(_matched(one, other, left, right, common))
    slips, shorts = (sum(kind == of for kind, *_ in pairs) for of in ("slip", "short"))
    cut = any(kind == "cut" for kind, *_ in pairs)
    begin = {one.words[0], other.words[0]}
    first = any(kind == "short" and {word, twin} == begin for kind, word, twin in pairs)
    notes = [f"'{word}' {_VERBS[kind]} '{twin}'" for kind, word, twin in pairs]
    if (left and right) or slips > 1 or (person and (shorts or cut)):
        return _initials(one, other) if person and not slips else None
    if (left or right) and first:
        return None
    if left or right:
        return _one_more(one, other, left or right, notes, cut)
    score = 0.98 - 0.04 * slips - 0.02 * shorts - 0.03 * cut
    if (
        (slips and (person or _is_two_bare(one, other)))
        or first
        or common_letters < 4
        or shorts > 3
    ):
        score = 0.82
    return Likeness(score, "; ".join(notes), begins=cut)


def _apart(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the words that only `one` has, and those that only `other` has. Repetitions count."""
    left, right = [], list(other)
    for word in one:
        if word in right:
            right.remove(word)
        else:
            left.append(word)
    return left, right


def _matched(
    one: Name, other: Name, left: list[str], right: list[str], common: Mapping[str, int]
) -> Iterator[tuple[str, str, str]]:
    """Yield (how they match, word, partner) for words of `left` and `right`, and remove both."""
    for word in list(left):
        for twin in right:
            if word[0] != twin[0]:
                continue  # an abbreviation or a typing error begins with the same letter
            cut = "cut" if _is_cut_pair(one, other, word, twin) else None
            if kind := _kind_of_pair(word, twin, common) or cut:
                left.remove(word)
                right.remove(twin)
                yield kind, word, twin
                break


_VERBS = {"slip": "mistyped for", "short": "short for or of", "cut": "cut off of"}


def _slip_alone(one: Name, other: Name, common: Mapping[str, int]) -> Likeness | None:
    """Return the likeness of names of one word, eight letters or more, that differ by a typing
    error."""
    if len(one.words) == len(other.words) == 1:
        word, twin = one.words[0], other.words[0]
        if min(len(word), len(twin)) >= 8 and _is_slip(word, twin, common):
            score = 0.92 if one.legal or other.legal else 0.82
            return Likeness(score, f"'{word}' mistyped for '{twin}'")
    return None


def _is_two_bare(one: Name, other: Name) -> bool:
    """Return whether a name has two words and no legal form. One letter then makes another
    person."""
    return not one.legal and not other.legal and max(len(one.words), len(other.words)) <= 2


def _kind_of_pair(word: str, twin: str, common: Mapping[str, int]) -> str | None:
    if _is_slip(word, twin, common):
        return "slip"
    short, long = sorted((word, twin), key=len)
    return "short" if is_short(short, long) else None


def _is_slip(word: str, twin: str, common: Mapping[str, int]) -> bool:
    """Return whether one word is the other with two letters swapped, or one too many, missing or
    wrong. Two common words are no slip."""
    if min(len(word), len(twin)) < SLIP_FROM - 1 or max(len(word), len(twin)) < SLIP_FROM:
        return False
    if not (word.isalpha() and twin.isalpha()) or word[0] != twin[0]:
        return False
    if min(common.get(word, 0), common.get(twin, 0)) > 1:
        return False
    return OSA.distance(word, twin, score_cutoff=1) <= 1


def is_short(short: str, long: str) -> bool:
    """Return whether one word abbreviates another, by its beginning or its consonants."""
    if SHORT.get(short) == long:
        return True
    if not (short.isalpha() and long.isalpha()) or len(short) < 3 or short[0] != long[0]:
        return False
    if len(long) < len(short) + 2:
        return False
    if long.startswith(short):
        return True
    letters = iter(long)
    skeleton = short.endswith(long[-1]) and not set(short[1:]) & VOWELS
    return (short[-1] == "s" and long.startswith(short[:-1])) or (
        skeleton and all(letter in letters for letter in short)
    )


def _is_cut_pair(one: Name, other: Name, word: str, twin: str) -> bool:
    """Return whether the last word of a cut name begins a word of the other name."""
    if one.cut and word == one.words[-1] and len(word) >= 2 and twin.startswith(word):
        return True
    return other.cut and twin == other.words[-1] and len(twin) >= 2 and word.startswith(twin)


def _one_more(
    one: Name, other: Name, more: list[str], notes: list[str], cut: bool
) -> Likeness | None:
    """Return the likeness if the longer name has the words `more` and the shorter one was cut."""
    short, long = (one, other) if len(one.words) < len(other.words) else (other, one)
    if short.cut and (cut or len(short.plain) >= BRIEFEST) and len(more) < len(long.words):
        reason = "; ".join([*notes, f"'{' '.join(more)}' is cut off"])
        return Likeness(0.91 if len(more) == 1 else 0.9, reason, begins=True)
    return None


def _initials(one: Name, other: Name) -> Likeness | None:
    """Return the likeness if one name has an initial, else None: 'J Keown' may be John Keown or
    not."""
    first, second = one.words[0], other.words[0]
    if one.words[1:] != other.words[1:] or len(one.words) == 1:
        return None
    if first[0] == second[0] and min(len(first), len(second)) == 1:
        return Likeness(0.8, f"'{first}' may stand for '{second}'")
    return None
