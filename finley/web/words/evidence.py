"""The evidence of layers in words: its keys, and its values without codes and ids that nobody can
read."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from finley.web.words import sources, text
from graph.words import FREQUENCIES

EVIDENCE = {
    "active": "Still goes on",
    "agreed": "Which one of its series",
    "against": "What speaks against it",
    "by_chance": "Share that chance alone would explain",
    "calibrated_on_trials": "Earlier forecasts that this one learnt from",
    "cancelled_by": "Dismissed by",
    "chance_in_noise": "How probable this is by chance",
    "currency": "Currency",
    "days": "Days between the two",
    "decided": "What people decided of such pairs",
    "expected": "Times expected so far",
    "extra_rows": "Rows beside the expected ones",
    "first_occurrence": "The first time",
    "grade": "How sure the series is",
    "greatest_amount": "Greatest amount",
    "interval_mean_days": "Days between, on average",
    "kept": "Times that it came",
    "last_occurrence": "The last time",
    "least_amount": "Least amount",
    "mean_error_days": "Days by which it usually is early or late",
    "mean_recurrence_score": "How regularly they come, on average",
    "median_amount": "Usual amount",
    "median_lag_days": "Days between, usually",
    "missed": "Days on which it did not come",
    "months_seen": "Months in the books",
    "most_likely": "Most likely on",
    "occurrences": "Times so far",
    "one_of": "It keeps one of so many of its days",
    "other": "Compared with",
    "pairs": "Pairs of rows like these",
    "payments": "Payments",
    "share_of_mean_by_month": "Each month against the average",
    "stopped": "It has stopped",
    "the_same_everywhere": "Criteria that tell nothing here, being alike everywhere",
    "times_a_year": "Times in a year, as often as it comes",
    "usual": "Usual",
    "usual_amount": "What one comes to",
    "weekend": "On a weekend it moves",
    "what": "What differs",
    "why": "Why",
    "window_days": "Days within which it may come",
    "with_document": "Share with a document number",
}
# Keys of rows and of programs, and a statistic, which say nothing to people. `why` says what the
# kind is.
HIDDEN = {"rows", "series", "examples", "case", "is_duplicate", "kind", "log_odds_against_chance"}
PLATFORMS = {
    "ledger": "In the ledger",
    "bank": "On bank statements",
    "card": "On card statements",
    "claims": "In expense claims",
    "sales": "In the sales books",
    "gdrive": "In Google Drive",
    "dropbox": "In Dropbox",
    "gmail": "In Gmail",
    "zoho_mail": "In Zoho Mail",
}
VALUES = {
    "what": {
        "amount": "the amount",
        "duplicate": "it may be paid twice",
        "late": "the day: it came late",
        "reversal": "it was taken back",
    },
    "weekend": {
        "after": "to the next working day",
        "before": "to the working day before",
        "kept": "not at all",
    },
}
DIRECTIONS = {
    "forward": "the payer's row led to the payee's",
    "backward": "the payee's row led to the payer's",
    "both": "either may have led to the other",
}
STATES = {"pending": "expected", "overdue": "overdue", "stale": "not to be judged",
          "fulfilled": "has come", "cancelled": "dismissed",
          "projected": "if it goes on as before"}  # fmt: skip
MOST = 12  # values of a list that are shown
UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
MADE_KEY = re.compile(r"\s*\b(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{16,}\b", re.ASCII)
CODE = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b", re.ASCII)


def title(key: str) -> str:
    """The words for a key of evidence, such as `Vat number` for an unknown key vat_number."""
    return EVIDENCE.get(key) or PLATFORMS.get(key) or spoken(key)


def spoken(name: str) -> str:
    """Write a name in code as words: `Vat number` for vat_number."""
    return name.replace("_", " ").capitalize()


def value(key: str, code: Any) -> Any:
    """The words for the value `code` of the evidence's key; the value itself if there are none."""
    return VALUES.get(key, {}).get(code, code) if isinstance(code, str) else code


def is_id(code: Any) -> bool:
    """Return whether the value is an id, which people cannot read."""
    return isinstance(code, str) and bool(UUID_TEXT.fullmatch(code))


def readable(written: str) -> str:
    """The text with days and amounts in the pages' format, and with names of sources in place of
    keys. Ids and other keys that programs made are left out."""
    named = sources.readable(text.prose(written))
    return MADE_KEY.sub("", UUID_TEXT.sub("", named)).strip()


def spaced(written: str) -> str:
    """Write the codes in a text as words: `vat number GB1` for vat_number GB1."""
    return CODE.sub(lambda match: match[0].replace("_", " "), written)


def plain(word: str) -> str:
    """A value of evidence as text. A code becomes words, such as `vat number` for vat_number."""
    return spaced(word) if CODE.fullmatch(word) else readable(word)


def facts(evidence: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (title, text) for each key of the evidence. Ids are left out, because the page links
    the rows that they name."""
    for name, code in evidence.items():
        if name not in HIDDEN and code not in (None, "", [], {}):
            words = "" if is_id(code) else in_words(value(name, code))
            if words:
                yield title(name), words


def in_words(code: Any) -> str:
    """A value of a layer as text. Days and amounts have the pages' format."""
    for of_type, written in WRITTEN:
        if isinstance(code, of_type):
            return written(code)
    return _word(str(code))


def _list(values: list[Any]) -> str:
    more = f" and {len(values) - MOST} more" if len(values) > MOST else ""
    shown = [words for value in values[:MOST] if (words := in_words(value))]
    return ", ".join(shown) + more if shown else f"{len(values):,}"


def _dict(values: dict[str, Any]) -> str:
    return "; ".join(f"{title(key)}: {in_words(inner)}" for key, inner in values.items())


WRITTEN: tuple[tuple[type, Callable[[Any], str]], ...] = (  # bool is an int, too
    (bool, lambda value: "yes" if value else "no"),
    (date, text.day),
    (float, lambda value: f"{value:,.2f}"),
    (int, text.number),
    (list, _list),
    (dict, _dict),
)


def _word(value: str) -> str:
    names = {**FREQUENCIES, **DIRECTIONS, **STATES}
    frequency, _, slot = value.partition(" ")
    if frequency in FREQUENCIES and slot.isdecimal():  # the slot's number says nothing to people
        return FREQUENCIES[frequency]
    return names.get(value, plain(value))


def percent(share: float | None) -> str:
    """Write a share from 0 to 1 in percent: `95 %` for 0.95."""
    return text.MISSING if share is None else f"{share:.0%}".replace("%", " %")
