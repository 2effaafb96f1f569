"""Makes the rule for the keys of rows that no known format reads. Only the header determines it."""

from collections.abc import Sequence

from graph.ingest.guessing.title_scores import likeness
from graph.ingest.mappings.mapping import KeyRule


def key_rule(columns: Sequence[tuple[str, str]], account: str) -> KeyRule:
    """Return the key rule, the same for every file with these columns (pairs of name and title).

    `account` is the account that the file states above its header, or "".
    """
    named = [(likeness("id", title), name) for name, title in columns]
    best = max(named, key=lambda each: each[0], default=(0.0, ""))
    ignored = tuple(name for name, title in columns if _is_no_content(title))
    return KeyRule(
        (best[1],) if best[0] >= 0.6 else (), content=True, ignore=ignored, account=account
    )


def _is_no_content(title: str) -> bool:
    return likeness("balance", title) > 0.4 or likeness("status", title) > 0.6
