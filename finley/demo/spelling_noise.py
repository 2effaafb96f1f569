"""Changes names and numbers as systems and clerks do: each system's spelling, and typing errors."""

from __future__ import annotations

import re
from random import Random

_LEGAL = {"Ltd": ("Limited", "Ltd.", ""), "Limited": ("Ltd", "Ltd.", ""), "LLP": ("L.L.P.", "")}
_SHORT = {
    "Services": "Svcs", "Engineering": "Eng", "Company": "Co", "Supplies": "Supp",
    "Management": "Mgmt", "Maintenance": "Maint", "Telecommunications": "Telecoms",
    "Manufacturing": "Mfg", "Equipment": "Equip", "Association": "Assoc",
    "Property": "Prop", "Protection": "Prot", "Laboratory": "Lab", "Mechanical": "Mech",
}  # fmt: skip
_SUFFIXES = {"Ltd", "Limited", "LLP", "plc", "GmbH", "BV", "Inc"}


def bare(name: str) -> str:
    """The name without its legal suffix."""
    words = name.split()
    return " ".join(words[:-1] if words[-1] in _SUFFIXES else words)


def other_suffix(rng: Random, name: str) -> str:
    """Another legal suffix, or none."""
    words = name.split()
    endings = _LEGAL.get(words[-1], (words[-1].upper(),))
    return " ".join([*words[:-1], rng.choice(endings)]).strip()


def abbreviated(name: str) -> str:
    """The name with long trade words shortened as clerks do."""
    return " ".join(_SHORT.get(word, word) for word in name.split())


def reordered(name: str) -> str:
    """The name with its distinctive word last: "Cleaning Services, Bramcombe"."""
    first, *rest = bare(name).split()
    return f"{' '.join(rest)}, {first}" if rest else first


def mistyped(rng: Random, name: str) -> str:
    """The name with one typing error in its longest word: two letters swapped, one letter missing,
    or one doubled."""
    word = max(name.split(), key=len)
    at = rng.randrange(1, len(word) - 2)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    dropped, doubled = word[:at] + word[at + 1 :], word[: at + 1] + word[at:]
    slips = [slip for slip in (swapped, dropped, doubled) if slip != word]
    return name.replace(word, rng.choice(slips), 1)


def variants(rng: Random, name: str) -> list[str]:
    """Two to four other spellings of a company's name, as clerks would enter them in a ledger."""
    ways = [
        other_suffix(rng, name),
        abbreviated(name),
        name.upper(),
        reordered(name),
        mistyped(rng, name),
        mistyped(rng, bare(name)),
        abbreviated(bare(name)).lower(),
    ]
    others = sorted({way for way in ways if way != name})
    return rng.sample(others, min(len(others), rng.randint(2, 4)))


def merchant(rng: Random, name: str, city: str) -> str:
    """The name as a card company writes it: in upper case, at most 22 characters, often with a city
    after it or a prefix before it."""
    plain = bare(name).upper()
    way = rng.random()
    if way < 0.2:
        return f"{rng.choice(('SQ', 'ZP', 'PY'))} *{plain}"[:22].rstrip()
    if way < 0.75:
        return f"{plain[: 21 - len(city)].rstrip()} {city}"
    return plain[:22].rstrip()


def bank_name(name: str) -> str:
    """The name as a bank writes it: in upper case, without punctuation, at most 18 characters."""
    return re.sub(r"[^A-Z0-9& ]", "", bare(name).upper())[:18].rstrip()


def initialled(name: str) -> str:
    """A person's name in a bank statement: "A HARTNELL"."""
    first, last = name.split(" ", 1)
    return f"{first[0]} {last}".upper()


def transposed(rng: Random, digits: str, first: int = 0) -> str:
    """The digits with two different neighbours swapped, from position `first` on. There must be
    such a pair."""
    at = rng.choice(swappable(digits, first))
    return digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]


def swappable(digits: str, first: int = 0) -> list[int]:
    """The positions from `first` on at which two neighbouring digits differ."""
    return [
        at
        for at in range(first, len(digits) - 1)
        if digits[at : at + 2].isdigit()
        and digits[at] != digits[at + 1]
        # A number with a leading zero would be a shorter number, not a typing error.
        and (at > 0 or digits[at + 1] != "0")
    ]


def zero_led(number: str) -> str:
    """The number's last run of digits with two zeros before it."""
    return re.sub(r"(\d+)$", r"00\1", number)
