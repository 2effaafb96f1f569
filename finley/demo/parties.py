"""The parties of the demo books. Their keys have valid check digits and are plainly invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from finley.demo import spelling_noise
from finley.demo.invented_names import CITIES

_NUMBER_STYLES = ("INV-{n}", "{n:07d}", "SI{n}", "{initials}/{n}", "{initials}-24-{n}", "{n}")


def iban(country: str, account: int) -> str:
    """An IBAN of the invented bank DEMO, with check digits according to ISO 13616 (mod 97 = 1)."""
    body = f"DEMO000000{account:08d}"
    as_digits = "".join(str(int(c, 36)) for c in f"{body}{country}00")
    return f"{country}{98 - int(as_digits) % 97:02d}{body}"


def vat_number(serial: int) -> str:
    """A United Kingdom VAT number from the unused range 99x xxxx, with its two check digits."""
    body = f"99{serial:05d}"
    rest = sum(weight * int(digit) for weight, digit in zip(range(8, 1, -1), body, strict=True))
    return f"GB{body}{97 - rest % 97:02d}"


@dataclass
class Party:
    """A party that receives or pays money. `apart_from` has the ids of its look-alikes."""

    id: str
    kind: str
    name: str
    supplier_id: str = ""
    vat: str = ""
    iban: str = ""
    city: str = ""
    currency: str = "GBP"
    mcc: str = "5999"
    terms: int = 30
    numbering: str = "INV-{n}"
    number: int = 1000
    spellings: list[str] = field(default_factory=list)
    merchants: list[str] = field(default_factory=list)
    apart_from: list[str] = field(default_factory=list)

    def next_number(self, rng: Random, step: int | None = None) -> str:
        """The number of the party's next invoice. Other customers' invoices have numbers in
        between."""
        self.number += step or rng.randint(1, 40)
        initials = "".join(word[0] for word in self.name.split()[:3]).upper()
        return self.numbering.format(n=self.number, initials=initials)


@dataclass
class Registry:
    """Creates parties whose keys are all different."""

    rng: Random
    all: list[Party] = field(default_factory=list)

    def add(self, kind: str, name: str, *, currency: str = "GBP") -> Party:
        """Create a party with supplier id, VAT number, bank account and spellings."""
        serial = len(self.all)
        party = Party(
            id=f"{kind}-{serial:03d}", kind=kind, name=name,
            supplier_id=f"{kind[0].upper()}{10000 + serial * 37 + self.rng.randrange(37)}",
            vat="" if kind == "employee" else vat_number(serial * 97 + self.rng.randrange(97)),
            iban=iban("GB" if currency == "GBP" else "IE",
                      serial * 100_000 + self.rng.randrange(100_000)),
            city=self.rng.choice(CITIES), currency=currency,
            mcc=str(self.rng.randint(5000, 5999)), terms=self.rng.choice((14, 14, 30)),
            numbering=self.rng.choice(_NUMBER_STYLES), number=self.rng.randint(10_000, 90_000),
        )  # fmt: skip
        self._spell(party)
        self.all.append(party)
        return party

    def _spell(self, party: Party) -> None:
        if party.kind == "employee":
            return
        party.spellings = spelling_noise.variants(self.rng, party.name)
        party.merchants = [
            spelling_noise.merchant(self.rng, party.name, party.city) for _ in range(2)
        ]
