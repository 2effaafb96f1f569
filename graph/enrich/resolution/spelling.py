"""Selects the spelling by which a party is named, of all that were merged.

A name is best if most rows of the others agree with it, word by word. So a typing error, an
abbreviation or an unusual order of the words is not shown. A name that a feed cut is the last.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from graph.enrich.resolution.similarity import Name


def agreement(names: Sequence[Name], rows: Sequence[int]) -> list[int]:
    """For each name, how many rows have its words, summed over the words. The first word counts
    twice: once as a word, and once as the first one. `rows` are each name's rows."""
    support: defaultdict[tuple[str, bool], int] = defaultdict(int)
    for name, count in zip(names, rows, strict=True):
        for word, is_first in _parts(name):
            support[word, is_first] += count
    return [sum(support[part] for part in _parts(name)) for name in names]


def _parts(name: Name) -> set[tuple[str, bool]]:
    return {*((word, False) for word in name.words), *((word, True) for word in name.words[:1])}


def best(names: Mapping[int, Name], rows: Mapping[int, int]) -> list[int]:
    """The names' keys, the best spelling first; of equally good ones the order of `names` stays."""
    sums = agreement(list(names.values()), [rows[at] for at in names])
    agreed = dict(zip(names, sums, strict=True))
    return sorted(names, key=lambda at: (names[at].cut, -agreed[at], not names[at].legal))
