"""Makes one canonical name of the many spellings of a column's header."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping as Map
from collections.abc import Sequence

_NOT_WORD = re.compile(r"[\W_]+")


def slug(header: str) -> str:
    """Return the header in lower case without accents and punctuation: 'Net Amount (£) ' →
    'net_amount'.

    May be "".
    """
    plain = unicodedata.normalize("NFKD", header.casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return _NOT_WORD.sub("_", letters).strip("_")


def squash(header: str) -> str:
    """Return a form that spellings of one name share: 'Body_Name' and 'body name' → 'bodyname'."""
    return slug(header).replace("_", "")


def canonical(header: Sequence[str], aliases: Map[str, Sequence[str]]) -> list[str]:
    """Return the canonical names of the columns by position, all different.

    A column that already has the canonical name wins over one with an alias, and an earlier alias
    over a later one. If two columns have the same name, neither keeps it: 'amount' and 'amount'
    become 'amount_1' and 'amount_2', so that no format silently reads the wrong one. A nameless
    column becomes 'column_7'.
    """
    names = [slug(name) for name in header]
    for name, others in aliases.items():
        _rename(names, name, others)
    return _distinct([name or f"column_{at}" for at, name in enumerate(names, 1)])


def _rename(names: list[str], name: str, others: Sequence[str]) -> None:
    squashed = [squash(present) for present in names]
    for spelling in (name, *others):
        sought = squash(spelling)
        if sought in squashed:
            for at, present in enumerate(squashed):
                if present == sought:
                    names[at] = name
            return


def _distinct(names: list[str]) -> list[str]:
    counts = Counter(names)
    used = set(names)
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        if counts[name] == 1:
            distinct.append(name)
            continue
        seen[name] += 1
        while (numbered := f"{name}_{seen[name]}") in used:
            seen[name] += 1
        used.add(numbered)
        distinct.append(numbered)
    return distinct
