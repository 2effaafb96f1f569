"""Extracts the text of HTML.

It has its own scanner. The standard library's parser takes minutes for 200 kB of hostile tags
(CVE-2025-6069, fixed in Python 3.13.6 only) and raises for broken ones. This scanner is linear.
"""

import html
import re

_BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "table"})
_CELLS = frozenset({"td", "th"})
_UNSEEN = frozenset({"script", "style", "head", "title"})
# A tag contains no other "<", and the quantifiers are possessive. So each character is read once.
_TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9]*+)(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+>""")
_MARK = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}(?![0-9])|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")


def of_html(text: str) -> str:
    """Return the visible text of the HTML: one line per block, spaces collapsed. Never raises."""
    visible = _ENTITY.sub(lambda entity: html.unescape(entity[0]), "".join(_parts(text)))
    lines = (" ".join(line.split()) for line in visible.splitlines())
    return "\n".join(line for line in lines if line)


def _parts(text: str) -> list[str]:
    parts, at = [], 0
    while mark := _MARK.search(text, at):
        parts.append(text[at : mark.start()])
        part, at = _at_mark(text, mark.start())
        parts.append(part)
    return [*parts, text[at:]]


def _at_mark(text: str, at: int) -> tuple[str, int]:
    """Return the text that stands for the tag, comment or stray "<" at `at`, and the position after
    it."""
    if text.startswith("<!--", at):
        return "", _after(text, "-->", at + 4)
    if text.startswith(("<!", "<?"), at):
        return "", _after(text, ">", at + 2)
    tag = _TAG.match(text, at)
    if tag is None:
        return "<", at + 1
    name = tag[2].lower()
    if name in _UNSEEN and not tag[1]:
        return "", _after_unseen(text, name, tag.end())
    if name in _BREAKS and not tag[1]:
        return "\n", tag.end()
    return " " if name in _CELLS and not tag[1] else "", tag.end()


def _after(text: str, end: str, at: int) -> int:
    """Return the position after the next `end` in the text from `at` on, or the end of the text if
    there is none.

    Reading then ends, so a missing `end` is searched for only once.
    """
    position = text.find(end, at)
    return len(text) if position < 0 else position + len(end)


# The start of a body ends an unclosed head.
_ENDS = {name: re.compile(rf"</{name}[^<>]*+>|(?=<body\b)|\Z", re.IGNORECASE) for name in _UNSEEN}


def _after_unseen(text: str, name: str, at: int) -> int:
    match = _ENDS[name].search(text, at)
    return match.end() if match else len(text)
