"""Computes how similar two names of parties are, and why. Words are compared, not letters.

`name_words` reads the words of a name. Two names agree if their words pair up: equal, mistyped
(optimal string alignment distance 1: Damerau, CACM 7(3), 1964), abbreviated, or cut off at the end
of a feed's column. What no pairing explains keeps them apart: a number, a place, a word that only
one of them has.

Only entity resolution uses this. Detectors of links compare names by trigrams, many pairs at once,
in graph.enrich.columns.name_similarity.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from graph.enrich.resolution.name_words import LEGAL, Name

SURE, POSSIBLE = 0.9, 0.75  # least scores: to merge, and to ask a person
SLIP_FROM = 6  # letters; in a shorter word, one letter more or less makes another word
BRIEFEST = 8  # least letters of a cut name, because the beginning of a shorter one fits too many

VOWELS = frozenset("aeiou")
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


def are_kin(one: Name, other: Name) -> bool:
    """Return whether two names could be spellings of one name. It says yes sooner than `compare`.

    Names with different numbers are never spellings of one name: 'budget 03' and 'budget 04' are
    two budgets.
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
    person = one.person or other.person
    if not person and len(one.words) + len(other.words) > 2 and _both_stay(left, right):
        return None
    common_letters = sum(map(len, one.words)) - sum(map(len, left))
    if not common_letters or _numbers(left) or _numbers(right):
        return _slip_alone(one, other, common)
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


def _both_stay(left: list[str], right: list[str]) -> bool:
    """Return whether either list has a word that matches none of the other list, because none
    begins with its letter. Most pairs of names end here, so it comes before all that costs more."""
    ours, theirs = {word[0] for word in left}, {word[0] for word in right}
    return not ours <= theirs and not theirs <= ours


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
