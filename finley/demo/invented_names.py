"""Invented names: places, trades, people, companies. No real company is meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from random import Random

_HEADS = (
    "Ald", "Bram", "Cold", "Dun", "Elm", "Fen", "Gar", "Hather", "Ing", "Kel", "Lang", "Mar",
    "Nor", "Oak", "Pen", "Quarn", "Ris", "Skel", "Thorn", "Ul", "Wim", "Yar", "Brock", "Cler",
    "Ash", "Tarn", "Holl", "Whit", "Saxel", "Crom", "Ever", "Wyver", "Lyd", "Pock", "Rowan",
    "Snet",
)  # fmt: skip
_TAILS = (
    "bridge", "combe", "dale", "field", "ford", "gate", "holm", "ley", "mere", "stead",
    "thorpe", "wick", "worth", "cliffe",
)  # fmt: skip
_FIRST = (
    "Alice", "Ben", "Chloe", "Daniel", "Esme", "Farid", "Grace", "Harvey", "Imogen", "Jonas",
    "Kitty", "Liam", "Maya", "Nadia", "Oscar", "Priya", "Quentin", "Rosa", "Samir", "Tilda",
    "Una", "Victor", "Wanda", "Xenia", "Yusuf", "Zara", "Amos", "Bridget", "Caspar", "Delia",
    "Edwin",
)  # fmt: skip
_LAST = (
    "Ackworth", "Birtle", "Cawdrey", "Dunmail", "Eskrigg", "Fothergill", "Garside",
    "Hebblethwaite", "Inchbold", "Jessop", "Kettlewell", "Lofthouse", "Mallinder", "Nettleship",
    "Oldroyd", "Pomfret", "Quarmby", "Ramsbottom", "Sugden", "Thackray", "Umpleby", "Varley",
    "Wigglesworth", "Yeadon", "Applegarth", "Blenkinsop", "Crowther", "Dewhirst", "Entwhistle",
    "Featherstone", "Greenhalgh", "Hollinrake", "Illingworth", "Kellett", "Lumb",
    "Micklethwaite",
)  # fmt: skip
CITIES = ("LEEDS", "YORK", "HULL", "BATH", "DERBY", "RIPON", "TRURO", "LUTON")

TRADES: dict[str, tuple[str, ...]] = {
    "landlord": ("Estates", "Property Holdings"),
    "power": ("Power Supply", "Electricity"),
    "water": ("Water Services", "Water Supply"),
    "gas": ("Gas Supply", "Heating Energy"),
    "telecom": ("Telecommunications", "Communications"),
    "cleaner": ("Cleaning Services", "Facilities Services"),
    "agency": ("Staffing Services", "Recruitment"),
    "dairy": ("Dairy", "Farm Produce"),
    "laundry": ("Laundry Services", "Workwear Hire"),
    "waste": ("Waste Management", "Recycling Services"),
    "packaging": ("Packaging Supplies", "Cartons"),
    "grounds": ("Grounds Maintenance", "Landscapes"),
    "accountant": ("Accountants", "Accountancy Services"),
    "fire": ("Fire Protection", "Alarm Engineering"),
    "pest": ("Pest Control", "Hygiene Services"),
    "insurer": ("Insurance Brokers", "Mutual Insurance"),
    "licence": ("Trade Association", "Standards Institute"),
    "ledgersoft": ("Ledger Software", "Bookkeeping Online"),
    "designsoft": ("Design Cloud", "Creative Software"),
    "hosting": ("Web Hosting", "Domain Hosting"),
    "coffee": ("Coffee Roasters", "Coffee House"),
    "snacks": ("Snack Box", "Fruit Baskets"),
    "courier": ("Courier Services", "Parcel Logistics"),
    "pension": ("Pension Trust", "Retirement Fund"),
    "bank": ("Commercial Bank", "Business Bank"),
    "processor": ("Card Payments", "Payment Processing"),
    "supply": (
        "Ingredients", "Engineering Supplies", "Refrigeration Services", "Print Company",
        "Sugar Refiners", "Catering Equipment", "Mechanical Engineering", "Label Manufacturing",
        "Flavourings", "Pallet Supplies", "Laboratory Services", "Transport",
    ),
    "merchant": (
        "Stationery", "Hardware", "Taxis", "Cafe", "Hotel", "Filling Station", "Bookshop", "Bakery",
        "Tools", "Garage", "Florist", "Electronics", "Restaurant", "Chemist", "Parking",
    ),
    "customer": (
        "Restaurants", "Hotels", "Grocers", "Catering", "Delicatessen", "Farm Shops", "Theatres",
        "Holiday Parks", "Tea Rooms", "Garden Centres", "Food Halls", "Cruises",
    ),
    "foreign": ("Vanilla Import", "Maschinenbau", "Chocolaterie", "Gelato Systems"),
}  # fmt: skip
LEGAL = ("Ltd", "Limited", "Ltd", "Limited", "LLP", "plc")


@dataclass
class Names:
    """A source of names. No two names of a kind are similar enough to be mistaken for each
    other."""

    rng: Random
    _places: list[str] = field(default_factory=list)
    _people: list[str] = field(default_factory=list)

    def place(self) -> str:
        """A word that looks like a place, less than 0.8 similar to all words returned before."""
        while True:
            word = self.rng.choice(_HEADS) + self.rng.choice(_TAILS)
            if not any(SequenceMatcher(None, word, old).ratio() >= 0.8 for old in self._places):
                self._places.append(word)
                return word

    def company(self, role: str, trade: str | None = None) -> str:
        """A company's full legal name for a role of `TRADES`."""
        trade = trade or self.rng.choice(TRADES[role])
        return f"{self.place()} {trade} {self.rng.choice(LEGAL)}"

    def person(self) -> str:
        """First and last name. No last name is used twice while there are unused ones."""
        if not self._people:
            self._people = self.rng.sample(_LAST, len(_LAST))
        return f"{self.rng.choice(_FIRST)} {self._people.pop()}"
