"""Translates names of months, in full and abbreviated, to English, from the languages of the
guess."""

import re
import tomllib
from importlib.resources import files

_TABLE = tomllib.loads((files(__package__) / "month_names.toml").read_text(encoding="utf-8"))
_NUMBERS = {name: at for names in _TABLE.values() for at, cell in enumerate(names)
            for name in cell.split()}  # fmt: skip
_ENGLISH = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]{3,}\.?")


def in_english(text: str, form: str) -> str:
    """Return the date with its month in English: '2 févr. 2026' → '2 Feb 2026'.

    The name is in full for the format's %B, and else has three letters. A text without a known name
    stays as it is.
    """
    word = _WORD.search(text)
    number = _NUMBERS.get(word[0].rstrip(".").casefold()) if word else None
    if word is None or number is None:
        return text
    name = _ENGLISH[number] if "%B" in form else _ENGLISH[number][:3]
    return f"{text[: word.start()]}{name}{text[word.end() :]}"
