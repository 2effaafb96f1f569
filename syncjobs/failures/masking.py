"""Secrets out of what is written down: payloads, errors, tracebacks."""

import re
from typing import Any

MASK = "[masked]"
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|api_?key|authorization|credential|cookie|signature|hmac",
    re.IGNORECASE,
)
_SAID = (
    # a header or a parameter: its name stays
    re.compile(
        r"""(?ix)\b((?:authorization|cookie|x-[\w-]*(?:key|token|hmac[\w-]*))\s*[:=]\s*
        |(?:[\w-]*(?:password|secret|token|api_?key))["']?\s*[:=]\s*["']?)
        (?:bearer\s+|basic\s+)?[^\s"',;&]+"""
    ),
    re.compile(r"(?i)\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}"),
    re.compile(r"(\w+://[^\s:/@]+:)[^\s@/]+(?=@)"),  # a password within an address
)
_LONG = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w.~+/-]{40,}={0,2}")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_KEPT = re.compile(r"[0-9a-f-]{32,40}|[\w/.-]+\.(?:py|csv|json|txt|pdf)", re.IGNORECASE)


def masked(text: str) -> str:
    """The text without passwords, tokens and keys; ids, hashes and paths stay."""
    for said in _SAID:
        text = said.sub(rf"\1{MASK}", text)
    return _LONG.sub(lambda found: _unless_known(found[0]), text)


def _unless_known(word: str) -> str:
    """Ids, hashes and paths are no secrets, nor is a name with an id in it."""
    rest = _ID.sub("", word)
    return word if _KEPT.fullmatch(word) or (rest != word and len(rest) < 32) else MASK


def masked_json(value: Any) -> Any:
    """The same shape; values under a secret's name, and secrets within texts, masked."""
    if isinstance(value, dict):
        return {
            str(name): MASK if _SECRET_NAME.search(str(name)) else masked_json(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [masked_json(each) for each in value]
    return masked(value) if isinstance(value, str) else value
