"""Scores how well a column's title fits a role (roles.toml)."""

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files

from graph.ingest.guessing.vocabulary import GENERIC
from graph.ingest.mappings.column_names import slug

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")
_GENDER = re.compile(r"[*:/_](?:in|innen|r|n)\b")  # Zahlungsempfänger*in, Zahlungspflichtige*r
_UNIT = re.compile(r"[(\[]?\b(?:eur|euros?|gbp|usd|chf|sek|nok|dkk|pln|inr|cad|aud|utc)\b[)\]]?")
ENDING = 5  # letters; the last word of a compound is not compared if it is shorter


def words(title: str) -> str:
    """Return the words of a title: 'TransactionDate (UTC)' → 'transaction_date_utc', 'Vendor #' →
    'vendor_number'."""
    neutral = _GENDER.sub("", title.lstrip("#*"))
    return slug(_CAMEL.sub(" ", neutral).replace("#", " number ").replace("№", " number "))


def unnumbered(title: str) -> str:
    """Return the title without the number or letter at its end: 'CCY 2' → 'ccy'."""
    return re.sub(r"_(?:[0-9]+|[a-z])$", "", words(title))


@cache
def roles() -> dict[str, tuple[dict[str, float], frozenset[str]]]:
    """Return role → (name → how well it fits the role, words that speak against the role)."""
    text = (files(__package__) / "roles.toml").read_text(encoding="utf-8")
    return {
        role: (_ranked(table["names"]), frozenset(table.get("but", "").split()))
        for role, table in tomllib.loads(text).items()
    }


def _ranked(groups: list[list[str]]) -> dict[str, float]:
    ranked: dict[str, float] = {}
    for group, names in enumerate(groups):
        for at, name in enumerate(names):
            ranked.setdefault(slug(name), 1 - 0.12 * group - 0.0005 * at)
    return ranked


@lru_cache(maxsize=65_536)
def likeness(role: str, title: str) -> float:
    """Return how well the title fits the role, from 0 (not at all) to 1.

    It fits if it is a name of the role, contains one, or ends in one (a compound).
    """
    names, against = roles()[role]
    title_words = words(title)
    bare = slug(_UNIT.sub(" ", title_words.replace("_", " ")))
    for form, factor in ((title_words, 1.0), (bare, 0.99)):
        exact = names.get(form) or _squashed(role).get(form.replace("_", ""))
        if exact:
            return exact * factor
    if against & set(title_words.split("_")):
        return 0.0
    return max(_held(names, bare or title_words), _ended(names, bare))


@cache
def _squashed(role: str) -> dict[str, float]:
    return {name.replace("_", ""): value for name, value in roles()[role][0].items()}


def _held(names: dict[str, float], title: str) -> float:
    """Return the best score of a name that the title contains, 0 without one. A name that is a
    larger part of the title scores more."""
    fits = [
        value * (0.45 + 0.4 * len(name) / max(1, len(title)))
        for name, value in names.items()
        if name not in GENERIC and f"_{name}_" in f"_{title}_"
    ]
    return max(fits, default=0.0)


def _ended(names: dict[str, float], title: str) -> float:
    last = title.rpartition("_")[2]
    fits = [
        0.5 * value
        for name, value in names.items()
        if len(name) >= ENDING and "_" not in name and last != name and last.endswith(name)
    ]
    return max(fits, default=0.0)
