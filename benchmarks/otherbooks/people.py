"""The people and companies of the books, and what each system makes of a name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

_SYLLABLES = (
    "bar", "cod", "dun", "fen", "gal", "hex", "kil", "lor", "mab", "nor", "pel", "quin", "rud",
    "sel", "tam", "vor", "wex", "yar", "zen", "ost", "ull", "ith",
)  # fmt: skip
_ENDINGS = ("bury", "combe", "dale", "gate", "holt", "mere", "shaw", "thorpe", "wick", "stead")
_GIVEN = (
    "Agnes", "Boris", "Clara", "Dilip", "Edith", "Femi", "Gwen", "Harold", "Ines", "Jonas",
    "Kirsty", "Leon", "Maud", "Nadia", "Oscar", "Petra", "Quentin", "Rosa", "Stefan", "Tilda",
)  # fmt: skip
_SHORTER = {"Brothers": "Bros", "Manufacturing": "Mfg", "Company": "Co", "Components": "Comps",
            "International": "Intl", "Services": "Servs", "Electrical": "Elec"}  # fmt: skip
_FORMS = ("Limited", "Ltd", "Ltd.", "LTD")


@dataclass(eq=False)
class Party:
    """A counterparty. `kind` is vendor, customer or employee. `keys` are the keys that the books
    state.

    `names` are the spellings of the charity's own people, of which the first one is right.
    """

    id: str
    kind: str
    name: str
    names: list[str]
    merchant: str
    keys: dict[str, str] = field(default_factory=dict)
    apart_from: list[str] = field(default_factory=list)
    counter: int = 0
    style: str = "{}"

    def next_number(self, rng: Random) -> str:
        """The party's next invoice number. It has at least five digits, some have letters."""
        self.counter += rng.randint(2, 60)
        return self.style.format(self.counter)


@dataclass
class Register:
    """Creates parties with names and keys of their own."""

    rng: Random
    parties: list[Party] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)

    def company(self, trade: str, kind: str = "vendor", name: str | None = None) -> Party:
        """Create a company of this trade. Its name is invented and unique, unless `name` is
        given."""
        full = name or f"{self.word()} {trade} {self.rng.choice(_FORMS[:2])}"
        names = [full, *self.rng.sample(_entered(self.rng, full), 3)]
        return self._add(kind, full, names, shop(self.rng, full))

    def person(self, kind: str) -> Party:
        """Create a person. No two persons share a last name."""
        full = f"{self.rng.choice(_GIVEN)} {self.word()}"
        return self._add(kind, full, [full, full.lower(), full.upper()], "")

    def word(self) -> str:
        """A unique name of three syllables. It differs from every other name in at least one of the
        first two."""
        while True:
            first, second = self.rng.sample(_SYLLABLES, 2)
            if first + second not in self._taken:
                self._taken |= {first + second, second + first}
                return (first + second + self.rng.choice(_ENDINGS)).capitalize()

    def _add(self, kind: str, full: str, names: list[str], merchant: str) -> Party:
        serial = len(self.parties)
        styles = ("{}", "SI-{}", "{}/24", "No {}", "A{}B")
        party = Party(
            f"p{serial:03d}", kind, full, names, merchant, _keys(self.rng, kind, full, serial),
            counter=self.rng.randint(12_000, 80_000), style=self.rng.choice(styles),
        )  # fmt: skip
        self.parties.append(party)
        return party


def apart(*parties: Party) -> None:
    """Note that these parties only look like each other."""
    for one in parties:
        one.apart_from += [other.id for other in parties if other is not one]


def _keys(rng: Random, kind: str, full: str, serial: int) -> dict[str, str]:
    if kind == "customer":
        mailbox = re.sub(r"[^a-z]+", ".", full.lower()).strip(".")
        return {"customer_id": f"K{700 + serial}", "email": f"{mailbox}@mail.example"}
    account = f"{rng.randint(10, 99)}-{rng.randint(10, 99)}-{rng.randint(10, 99)} {serial:08d}"
    if kind == "employee":
        return {"bank_account": account}
    number = f"0{serial * 1013 + 1_000_000 + rng.randrange(1013)}"
    return {"supplier_id": f"SUP{serial:04d}", "company_number": number, "bank_account": account}


def _entered(rng: Random, full: str) -> list[str]:
    """The spellings of a company's name that volunteers may enter. The full name is not among
    them."""
    *words, _ = full.split()
    bare = " ".join(words)
    ways = {
        *(f"{bare} {form}" for form in _FORMS),
        bare,
        bare.upper(),
        f"{bare}  Ltd",
        f"The {bare} Ltd",
        " ".join(_SHORTER.get(word, word) for word in words),
        f"{_slipped(rng, words[0])} {' '.join(words[1:])}",
        bare.replace(" & ", " and "),
    }
    return sorted(ways - {full})


def _slipped(rng: Random, word: str) -> str:
    """The word with one letter missing or doubled."""
    at = rng.randrange(2, len(word) - 1)
    return word[:at] + word[at + 1 :] if rng.random() < 0.5 else word[:at] + word[at] + word[at:]


def shop(rng: Random, full: str) -> str:
    """The name as the card company writes it: in capitals, shortened, sometimes followed by the
    number of a till."""
    plain = " ".join(full.split()[:-1]).upper()
    return f"{plain[:20]} {rng.randint(100, 999)}" if rng.random() < 0.4 else plain[:24]


def feed(party: Party) -> str:
    """The name as the bank writes it: capitals, no punctuation, 18 characters. People have surname
    and initial."""
    name = party.name
    if party.kind == "employee" or ("customer_id" in party.keys and len(name.split()) == 2):
        first_name, last = name.split()
        name = f"{last} {first_name[0]}"
    return re.sub(r"[^A-Z0-9 ]", "", name.upper())[:18].rstrip()
