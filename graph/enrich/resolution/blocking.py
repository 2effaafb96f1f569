"""Selects the pairs of names that are worth comparing: those in one rare block, not all pairs.

The blocks are: the name without spaces; each of its words that few names have; each pair of its
words; each of its rarest words with one letter left out, which two words of edit distance 1 share
(Garbe's symmetric delete); and the names that a cut name begins (sorted neighbourhood, Hernández &
Stolfo, SIGMOD 1995). A block of more names than WIDEST says nothing about them and is left out.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations, islice, takewhile

from graph.enrich.resolution.name_words import Name
from graph.enrich.resolution.similarity import BRIEFEST, SLIP_FROM
from graph.ingest.store.identity import normalized

WIDEST = 40  # names in a block
WORDS = 6  # words per name that are paired; in longer names these are the rarest
PILE = 0.05  # share of a source's names with one length if the source cuts them there
CLIFF = 4  # factor by which they exceed the names that are one letter longer
FEWEST = 3  # parties whose name a feed follows by the same word, before the word counts as a place


def commonness(names: Iterable[Name]) -> dict[str, int]:
    """Return word → the number of different names that have it."""
    return Counter(word for words in {name.words for name in names} for word in set(words))


def pairs(names: Sequence[Name], common: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """Yield each pair of names that share a block once, as places in `names`, the lower one
    first."""
    blocks: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        for block in _blocks(name, common):
            blocks[block].append(place)
    candidates = {
        pair
        for places in blocks.values()
        if 1 < len(places) <= WIDEST
        for pair in combinations(places, 2)
    }
    candidates.update(_beginnings(names))
    return iter(sorted(candidates))


def _blocks(name: Name, common: Mapping[str, int]) -> set[tuple[str, ...]]:
    rarest = sorted(set(name.words), key=lambda word: (common.get(word, 0), word))[:WORDS]
    keys: set[tuple[str, ...]] = {("", name.plain.replace(" ", ""))}
    keys |= {("word", word) for word in rarest}
    keys |= {("pair", *sorted(pair)) for pair in combinations(rarest, 2)}
    for word in rarest[:3]:
        if len(word) >= SLIP_FROM - 1:
            keys |= {("slip", word[:at] + word[at + 1 :]) for at in range(1, len(word))}
            keys.add(("slip", word))
    return keys


def _beginnings(names: Sequence[Name]) -> Iterator[tuple[int, int]]:
    """Yield each cut name with each longer name that begins like it, as places in `names`, the
    lower one first.

    Names that begin WIDEST names or more are left out.
    """
    ordered = sorted((name.plain, place) for place, name in enumerate(names))
    for place, name in enumerate(names):
        if not name.cut or len(name.plain) < BRIEFEST // 2:
            continue
        first = bisect_left(ordered, (name.plain, -1))
        near = ordered[first : first + WIDEST + 1]
        longer = [other for text, other in near if text.startswith(name.plain) and other != place]
        if len(longer) < WIDEST:
            yield from ((min(place, other), max(place, other)) for other in longer)


def cut_lengths(lengths: Iterable[int]) -> set[int]:
    """Return the lengths (in characters) at which a source cuts its names: many names have them,
    and few are longer.

    `lengths` has the length of each of the source's names. A space at the cut is lost, so the
    length before it counts, too.
    """
    frequency = Counter(lengths)
    total = sum(frequency.values())
    cut: set[int] = set()
    for length, count in frequency.items():
        both = count + frequency[length - 1]
        if count >= 5 and both >= PILE * total and count >= CLIFF * (1 + frequency[length + 1]):
            before = [frequency[length - back] for back in range(2, 7)]
            if both >= sum(before) / 2:
                cut |= {length, length - 1}
    return cut


class KnownNames:
    """The normalised names of all sources, each with its source, for finding names by their
    beginning."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        self._names = names

    @cached_property
    def _ordered(self) -> list[tuple[str, str]]:
        return sorted(set(self._names))

    def complete(self, text: str, source: str) -> bool:
        """Return whether the text ends within a word of a name that another source has."""
        at = bisect_left(self._ordered, (text + "!", ""))  # a space, which ends a word, is before
        longer = takewhile(lambda name: name[0].startswith(text), islice(self._ordered, at, None))
        return any(other != source for _, other in longer)


def cut_by_known(feed: Iterable[str], source: str, known: KnownNames) -> set[int]:
    """Return the lengths at which the feed of a source cuts its names, judged by the names of other
    sources.

    These are the greatest length of its names and one less, if FEWEST names of these lengths end
    within a word of another source's longer name. Otherwise the set is empty.
    """
    texts = set(feed)
    longest = max(map(len, texts), default=0)
    lengths = {longest, longest - 1}
    full = [text for text in texts if len(text) in lengths]
    if len(full) < FEWEST:
        return set()
    cut = sum(known.complete(normalized(text), source) for text in full)
    return lengths if cut >= FEWEST else set()


def places(feed: Iterable[Name], others: Iterable[Name]) -> set[str]:
    """Return the words, usually towns, that a feed adds after its names.

    A word counts if it is the last word in names of the feed, no name of other sources ends with
    it, and the names without it are, or begin, the names of at least FEWEST parties of other
    sources. It also counts after a single name that the feed cut within a word, if the feed did
    that to FEWEST parties.
    """
    word_lists = {name.words for name in others}
    plain = sorted({" ".join(words) for words in word_lists})
    endings = {words[-1] for words in word_lists if words}
    parties_by_word: defaultdict[str, set[str]] = defaultdict(set)
    cut_by_word: defaultdict[str, set[str]] = defaultdict(set)
    for name in feed:
        if len(name.words) > 1 and name.words[-1].isalpha() and len(name.words[-1]) >= 3:
            first, rest, last = name.words[0], " ".join(name.words[:-1]), name.words[-1]
            if last not in endings and _begins(plain, rest, name.cut):
                parties_by_word[last].add(first)
                if name.cut and _is_cut_within(plain, rest):
                    cut_by_word[last].add(first)
    usual = {word for word, parties in parties_by_word.items() if len(parties) >= FEWEST}
    cut_parties = set().union(*cut_by_word.values())
    return usual | cut_by_word.keys() if len(cut_parties) >= FEWEST else usual


def _begins(plain: Sequence[str], rest: str, cut: bool) -> bool:
    at = bisect_left(plain, rest)
    return at < len(plain) and (plain[at].startswith(rest) if cut else plain[at] == rest)


def _is_cut_within(plain: Sequence[str], rest: str) -> bool:
    """Return whether the text `rest` ends within a word, and all of the sorted names `plain`
    that begin with the text complete it to one word."""
    words = rest.count(" ") + 1
    longer = plain[bisect_left(plain, rest) : bisect_left(plain, rest + "\uffff")]
    completed = {tuple(text.split()[:words]) for text in longer}
    return len(completed) == 1 and tuple(rest.split()) not in completed
