"""Selects the spelling by which a party is named, of all that were merged.

A name is best if most rows of the others agree with it, word by word. So a typing error, an
abbreviation, an unusual order of the words or a town behind them is not shown. A name that a feed
cut comes last.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from graph.enrich.resolution.similarity import Name

Part = tuple[str, bool]  # a word; whether it is taken as the first one


def best(names: Mapping[int, Name], rows: Mapping[int, int]) -> list[int]:
    """The names' keys, the best spelling first; of equally good ones the order of `names` stays.
    `rows` are the rows with each name."""
    spelled = list(names.values())
    agreed = dict(zip(names, _agreement(spelled, [rows[at] for at in names]), strict=True))
    return sorted(
        names,
        key=lambda at: (_is_cut(names[at], spelled), -agreed[at], not names[at].legal),
    )


def _agreement(names: Sequence[Name], rows: Sequence[int]) -> list[float]:
    """For each name, how many rows have a word of it on average. The first word counts as a word,
    and as the first one."""
    support: defaultdict[Part, int] = defaultdict(int)
    for name, count in zip(names, rows, strict=True):
        for part in _parts(name):
            support[part] += count
    return [
        sum(support[part] for part in parts) / max(len(parts), 1) for parts in map(_parts, names)
    ]


def _parts(name: Name) -> set[Part]:
    return {*((word, False) for word in name.words), *((word, True) for word in name.words[:1])}


def _is_cut(name: Name, spelled: Sequence[Name]) -> bool:
    """Return whether the name, or the name without a town, begins another one."""
    if not name.cut:
        return False
    without = " ".join(name.words[:-1])
    return any(
        other.plain != name.plain
        and (other.plain.startswith(name.plain) or _ends_within(without, other.plain))
        for other in spelled
    )


def _ends_within(text: str, longer: str) -> bool:
    """Return whether the text begins the longer one, and ends within a word of it."""
    return longer.startswith(text) and not f"{longer} ".startswith(f"{text} ")
