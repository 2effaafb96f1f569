"""Recognises names that hide a party, such as REDACTED or 'Various suppliers'."""

from functools import lru_cache

from graph.ingest.store.identity import normalized

HIDDEN = ("redact", "anonymi", "withheld", "undisclosed")  # beginnings of words that replace a name
NOBODY = frozenset(
    {"anonymous", "various", "sundry", "sundries", "unknown", "confidential", "none", "misc"}
    | {"miscellaneous", "na", "nil", "tba", "tbc", "divers", "diverse", "unbekannt", "anonym"}
)
BESIDE = frozenset(
    {"name", "names", "personal", "data", "payee", "payees", "payer", "supplier", "suppliers"}
    | {"vendor", "vendors", "creditor", "creditors", "customer", "customers", "individual"}
    | {"individuals", "person", "persons", "private", "n", "a", "the", "not", "known", "donor"}
)


@lru_cache(maxsize=65_536)
def is_placeholder(name: str) -> bool:
    """Return whether the name consists of a word that hides a name or states none, perhaps with
    words for a party: 'REDACTED PERSONAL DATA', 'Various suppliers', 'n/a'."""
    words = normalized(name).split()
    hidden = [word for word in words if word in NOBODY or word.startswith(HIDDEN)]
    rest = set(words) - set(hidden)
    if words in (["n", "a"], ["not", "known"]):
        return True
    return bool(hidden) and rest <= BESIDE
