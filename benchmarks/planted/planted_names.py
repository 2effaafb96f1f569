"""Invented names: companies, people, boroughs, and how clerks and banks spell them."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

SYLLABLES = (
    "ald", "bren", "cray", "dor", "el", "fal", "gris", "hol", "ives", "jar", "kel", "lam", "mor",
    "ner", "old", "pen", "ros", "sal", "tre", "un", "ver", "wol", "yel", "zar", "bas", "chan",
    "dru", "esk", "fin", "gor", "hun", "ingl", "jos", "kni", "lund", "mab", "nib", "orm", "pra",
    "quar", "rud", "stav", "thor", "usk", "vint", "whar", "yard", "zin", "blea", "cov", "dap",
)  # fmt: skip
ENDINGS = ("ham", "ley", "ton", "worth", "ford", "by", "well", "field", "moor", "stow", "ness")
GIVEN = ("Alan", "Brigid", "Colin", "Devi", "Erin", "Farah", "Glyn", "Hetty", "Ivo", "Jean",
         "Karim", "Lotte", "Mungo", "Nell", "Owen", "Priya", "Ravi", "Sorcha", "Tom",
         "Una")  # fmt: skip
TRADES = (
    "Security Services", "Television", "Intelligence Agency", "Building Contractors",
    "Office Supplies", "Landscape Gardening", "Environmental Consulting", "Fire Protection",
    "Translation Services", "Software Solutions", "Catering Equipment", "Waste Management",
    "Road Surfacing", "Training Associates", "Lift Maintenance", "Print & Design",
)  # fmt: skip
FORMS = ("Ltd", "Limited", "plc", "LLP")
PLACES = ("Leeds", "York", "Derby", "Exeter", "Luton", "Bath", "Truro", "Hull")
SHORTER = {"Services": "Servs", "Intelligence": "Intell", "Building": "Bldg", "Contractors":
           "Contr", "Environmental": "Env", "Management": "Mgmt", "Associates": "Assoc",
           "Consulting": "Cons", "Maintenance": "Maint", "Equipment": "Equip",
           "Solutions": "Solns",
           "Translation": "Transl", "Landscape": "Landsc", "Protection": "Prot",
           "Training": "Trng", "Surfacing": "Surf", "Television": "TV", "Supplies": "Supp",
           }  # fmt: skip
BANK_CUTS = 18  # characters of a name that the bank's file keeps


@dataclass(eq=False)
class Party:
    """A party. `core` and `trade` are the parts of a company's name before its legal form."""

    id: str
    name: str
    core: str
    trade: str
    account: str
    company_number: str
    kind: str = "vendor"
    apart_from: list[str] = field(default_factory=list)

    @property
    def at_the_bank(self) -> str:
        return self.name.upper()[:BANK_CUTS].rstrip()


class Names:
    """Creates parties. No two parties share an invented word unless the caller passes it."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.parties: list[Party] = []
        self._taken: set[str] = set()

    def word(self) -> str:
        while True:
            stem = self.rng.choice(SYLLABLES) + self.rng.choice(SYLLABLES)
            if stem not in self._taken:
                self._taken.add(stem)
                return (stem + self.rng.choice(ENDINGS)).capitalize()

    def company(self, *, core: str = "", trade: str = "", name: str = "") -> Party:
        core = core or self.word()
        trade = trade or self.rng.choice(TRADES)
        return self._add(name or f"{core} {trade} {self.rng.choice(FORMS)}", core, trade)

    def person(self) -> Party:
        return self._add(f"{self.rng.choice(GIVEN)} {self.word()}", "", "")

    def _add(self, name: str, core: str, trade: str) -> Party:
        serial = len(self.parties)
        account = f"{self.rng.randrange(10**6):06d}{serial * 7919 + 10_000_000:08d}"
        number = f"{serial * 613 + 2_000_000 + self.rng.randrange(600):08d}"
        party = Party(f"q{serial:03d}", name, core, trade, account, number)
        self.parties.append(party)
        return party


def apart(*parties: Party) -> None:
    """Note that these parties only look like each other."""
    for one in parties:
        one.apart_from += [other.id for other in parties if other is not one]
