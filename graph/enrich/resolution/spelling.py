"""Selects the spelling by which a party is named, of all that were merged.

A name is best if it shares most words with the names of all rows. So the name that most rows bear
wins, but a typing error, an abbreviation or an unusual order of the words has the other names
against it. A name that a feed cut, or behind which it added a town, comes last, and so does the
beginning of a registered name (one with a legal form) that SHARE of the rows bear.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from graph.enrich.resolution.name_words import Name

SHARE = 0.1
Part = tuple[str, bool]  # a word; whether it is taken as the first one


def best(names: Mapping[int, Name], rows: Mapping[int, int]) -> list[int]:
    """Return the keys of `names`, the best spelling first; equally good ones stay in their order.

    `rows` has, for each key, the number of rows with the name.
    """
    spelled = list(names.values())
    shared = dict(zip(names, _shared(spelled, [rows[at] for at in names]), strict=True))
    least = SHARE * sum(rows[at] for at in names)
    registered = [name for at, name in names.items() if name.legal and rows[at] >= least]

    def rank(at: int) -> tuple[bool, bool, float, bool]:
        name = names[at]
        is_part = _is_cut(name, spelled) or _is_beginning(name, registered)
        return is_part, bool(name.place), -shared[at], not name.legal

    return sorted(names, key=rank)


def _shared(names: Sequence[Name], rows: Sequence[int]) -> list[float]:
    """Return, for each name, the sum of its similarities to the names of all rows.

    The similarity of two names is twice their common words over the words of both (L. Dice,
    "Measures of the amount of ecologic association between species", Ecology 26 (1945)). The first
    word counts twice: as a word, and as the first one.
    """
    support: Counter[tuple[int, Part]] = Counter()
    for name, count in zip(names, rows, strict=True):
        parts = _parts(name)
        for part in parts:
            support[len(parts), part] += count
    sizes = sorted({size for size, _ in support})
    return [
        sum(2 * sum(support[size, part] for part in parts) / (size + len(parts)) for size in sizes)
        for parts in map(_parts, names)
    ]


def _parts(name: Name) -> set[Part]:
    return {*((word, False) for word in name.words), *((word, True) for word in name.words[:1])}


def _is_cut(name: Name, spelled: Sequence[Name]) -> bool:
    """Return whether a feed cut the name, so that it (perhaps without an added town) is the
    beginning of another one."""
    if not name.cut:
        return False
    without = " ".join(name.words[:-1])
    text = name.text.casefold()
    return any(
        other.plain != name.plain
        and (
            other.plain.startswith(name.plain)
            or other.text.casefold().startswith(text)  # the cut is within the legal form
            or _ends_within(without, other.plain)
        )
        for other in spelled
    )


def _is_beginning(name: Name, registered: Iterable[Name]) -> bool:
    """Return whether the name has no legal form, and its words begin a longer registered name."""
    return not name.legal and any(
        len(other.words) > len(name.words) and other.words[: len(name.words)] == name.words
        for other in registered
    )


def _ends_within(text: str, longer: str) -> bool:
    """Return whether the text begins the longer one, and ends within a word of it."""
    return longer.startswith(text) and not f"{longer} ".startswith(f"{text} ")
