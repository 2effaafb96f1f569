"""Finds pairs of names for a person to judge: they are probably one party, but too different to be
merged.

One name begins exactly one other; it is cut within a word; it has the other's initials; both name
one local authority, with a title or without; or one states the other's trading name. BEGINS is the
share of such pairs that is right among a public body's suppliers, according to the publisher's ids.
The other scores are not measured.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from graph.enrich.resolution.name_words import Name, read
from graph.enrich.resolution.similarity import Likeness, is_short

BEGINS, CUT, INITIALS, AUTHORITY, TRADES = 0.66, 0.6, 0.5, 0.7, 0.7
LONGEST = 6  # words by which the longer name may exceed the shorter
WORD, TEXT = 5, 8  # least letters of a beginning: of a single word, or of one that is cut
LETTERS = range(4, 7)  # number of initials; too many names have the same three letters
ABBREVIATED = 3  # least letters of a word that abbreviates another
SMALL = frozenset({"for", "of", "in", "on", "at", "to", "by", "de", "der", "des", "du", "la"})
TITLES = {
    "lb": "borough", "rb": "borough", "mbc": "borough", "bc": "borough", "borough": "borough",
    "cc": "", "dc": "district", "city": "city", "county": "county", "district": "district",
    "council": "", "london": "", "royal": "", "metropolitan": "", "of": "",
}  # fmt: skip
FORMS = frozenset({"lb", "rb", "mbc", "bc", "cc", "dc", "council", "borough"})
CONTINUES = 0.7
PAYMENTS = 4  # equal payments of either name from which one name may continue the other's
Offer = tuple[int, int, Likeness]
MOST = 4  # names with one trading name; a trading name with more identifies none of them
_TRADES = re.compile(r"\s+(?:t\s?/\s?a|trading\s+as|d\s?/\s?b\s?/\s?a|dba|ta)\s+", re.IGNORECASE)
_BRACKETS = re.compile(r"^(?P<name>[^()]+)\((?P<owner>[^()]+ [^()]+)\)\s*$")


def pairs(names: Sequence[Name]) -> Iterator[Offer]:
    """Yield (place, place, likeness) of the pairs of names to offer to a person, as places in
    `names`, the shorter name first."""
    companies = [at for at, name in enumerate(names) if not name.person and name.words]
    yield from _beginnings(names, companies)
    yield from _initials(names, companies)
    yield from _authorities(names, companies)
    yield from _trading(names)
    yield from _abbreviated(names, companies)


def _beginnings(names: Sequence[Name], companies: list[int]) -> Iterator[Offer]:
    """Yield each company's name with the only other name that begins like it, as places in
    `names`."""
    ordered = sorted((names[at].plain, at) for at in companies)
    for at in companies:
        short = names[at]
        first = bisect_left(ordered, (short.plain, -1))
        longer = [
            place
            for text, place in ordered[first : first + 6]
            if text.startswith(short.plain) and names[place].words != short.words
        ]
        if len({names[place].words for place in longer}) == 1 and len(longer) <= 2:
            for place in longer:
                if (alike := _begun(short, names[place])) is not None:
                    yield at, place, alike


def _begun(short: Name, long: Name) -> Likeness | None:
    more = long.words[len(short.words) :]
    if len(more) > LONGEST or _forms_differ(short, long) or any(map(str.isdigit, "".join(more))):
        return None
    if long.words[: len(short.words)] == short.words:
        if len(short.words) == 1 and len(short.plain) < WORD:
            return None
        return Likeness(
            BEGINS, f"'{short.text}' lacks '{' '.join(more)}' of '{long.text}'", kind="begins"
        )
    if len(short.plain) < TEXT or len(short.words) < 2:
        return None
    return Likeness(CUT, f"'{short.text}' is cut within a word of '{long.text}'", kind="cut")


def _forms_differ(one: Name, other: Name) -> bool:
    return bool(one.legal and other.legal and not one.legal & other.legal)


def _initials(names: Sequence[Name], companies: list[int]) -> Iterator[Offer]:
    """Yield each name of one short word in capitals with the only other name that has these
    initials."""
    long: defaultdict[str, list[int]] = defaultdict(list)
    for at in companies:
        words = names[at].words
        for initials in {
            "".join(w[0] for w in words),
            "".join(w[0] for w in words if w not in SMALL),
        }:
            if len(words) >= 3:
                long[initials].append(at)
    for at in companies:
        short = names[at]
        is_short = len(short.words) == 1 and len(short.plain) in LETTERS and not short.legal
        if is_short and re.search(rf"\b{re.escape(short.plain.upper())}\b", short.text):
            long_names = long[short.plain]
            if len(long_names) == 1 and not _forms_differ(short, names[long_names[0]]):
                reason = f"'{short.text}' are the initials of '{names[long_names[0]].text}'"
                yield at, long_names[0], Likeness(INITIALS, reason, kind="initials")


def _first_letters(words: Sequence[str]) -> str:
    return "".join(word[0] for word in words)


def _authorities(names: Sequence[Name], companies: list[int]) -> Iterator[Offer]:
    """Yield pairs of names that may be of one local authority: the same place, a title of an
    authority, and no different rank."""
    of: defaultdict[str, list[int]] = defaultdict(list)
    for at in companies:
        words = names[at].words
        place = " ".join(word for word in words if word not in TITLES)
        if place and FORMS & set(words):
            of[place].append(at)
    for place, some in sorted(of.items()):
        first = names[some[0]]
        for at in some[1:4]:
            if names[at].words != first.words and _may_be_of_one_rank(names[at], first):
                reason = (
                    f"'{first.text}' and '{names[at].text}' are the local authority of '{place}'"
                )
                yield some[0], at, Likeness(AUTHORITY, reason, kind="authority")


def _may_be_of_one_rank(one: Name, other: Name) -> bool:
    """Return whether the titles of the two authorities could be of one rank, such as both
    counties."""
    ranks = [{TITLES[word] for word in name.words if TITLES.get(word)} for name in (one, other)]
    return not ranks[0] or not ranks[1] or bool(ranks[0] & ranks[1])


def _trading(names: Sequence[Name]) -> Iterator[Offer]:
    """Yield each name that contains an owner and a trading name ('A t/a B', 'B (A)') with each
    name that equals one of the two or contains one of them in the same way."""
    parts = {at: stated for at, name in enumerate(names) if (stated := _stated(name.text))}
    of: defaultdict[str, list[int]] = defaultdict(list)
    for at, name in enumerate(names):
        for text in parts.get(at) or [name.plain]:
            of[text].append(at)
    seen = set[tuple[int, int]]()
    for at, stated in parts.items():
        for text in stated:
            for other in of[text] if len(of[text]) <= MOST else ():
                pair = min(at, other), max(at, other)
                if at != other and pair not in seen:
                    seen.add(pair)
                    reason = f"'{names[at].text}' states '{text}', as does '{names[other].text}'"
                    yield *pair, Likeness(TRADES, reason, kind="trades")


def _stated(text: str) -> list[str]:
    """Return the owner's and the trading name in a text, in plain form; [] if the text is a
    single name."""
    halves = _TRADES.split(text, maxsplit=1)
    if len(halves) == 1 and (found := _BRACKETS.match(text)):
        halves = [found["name"], found["owner"]]
    plain = [plain for half in halves for plain in _plain(half)]
    return plain if len(halves) > 1 else []


def _plain(text: str) -> list[str]:
    """Return a list with the plain form of the text before any bracket, or an empty list if that
    is too short for a name."""
    return [name] if len(name := read(text.partition("(")[0]).plain) >= WORD else []


def _abbreviated(names: Sequence[Name], companies: list[int]) -> Iterator[Offer]:
    """Yield pairs of names with equally many words, of which the first is equal and each other
    one is equal or an abbreviation."""
    of: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for at in companies:
        if len(names[at].words) > 1 and len(names[at].words[0]) >= WORD:
            of[names[at].words[0], len(names[at].words)].append(at)
    for some in of.values():
        for one, other in combinations(some, 2) if len(some) <= MOST else ():
            short, long = sorted((one, other), key=lambda at: len(names[at].plain))
            if _is_short_of(names[short], names[long]) and not _forms_differ(
                names[short], names[long]
            ):
                reason = f"'{names[short].text}' has words short for those of '{names[long].text}'"
                yield short, long, Likeness(CUT, reason, kind="cut")


def _is_short_of(short: Name, long: Name) -> bool:
    pairs = list(zip(short.words, long.words, strict=True))
    return short.words != long.words and all(
        word == of or (len(word) >= ABBREVIATED and of.startswith(word)) or is_short(word, of)
        for word, of in pairs
    )
