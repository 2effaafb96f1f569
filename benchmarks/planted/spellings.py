"""Plants several kinds of spellings of one party, and names that only look alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from benchmarks.otherbooks.bank_days import DAY
from benchmarks.planted.book_files import CODES, Line, Sheets
from benchmarks.planted.long_series import in_month, written
from benchmarks.planted.planted_names import BANK_CUTS, PLACES, SHORTER, Party, apart

EACH = 7  # parties of each kind of spelling
INSTITUTES = (
    "Institute for Public {} Research", "Society of {} Local Administrators",
    "Association of {} Museum Curators", "Centre for {} Youth Justice",
    "Federation of {} Small Traders", "Council for {} Waste Reduction",
    "College of {} Town Planners",
)  # fmt: skip
BOROUGHS = (
    ("London Borough of {}", "L B {}"), ("London Borough of {}", "{} LB"),
    ("Royal Borough of {}", "R B {}"), ("{} Borough Council", "{} BC"),
    ("{} District Council", "{} DC"), ("City of {} Council", "{} City Council"),
    ("{} County Council", "{} CC"),
)  # fmt: skip
NOTES = ("{} * In liquidation", "{} (use {})", "{} (do not use)", "{} ({})", "{} (UK)",
         "{} - duplicate", "{}* IN ADMINISTRATION")  # fmt: skip


def plant(sheets: Sheets) -> None:
    for kind, spell in KINDS.items():
        lines, parties = [], []
        for at in range(EACH):
            party, other = spell(sheets, at)
            parties.append(party.id)
            lines += _both(sheets, party, other, bank=kind == "truncated")
        sheets.kind(f"alias_{kind}", "aliases", lines, parties=parties)
    _successors(sheets)
    _look_alikes(sheets)


def _both(sheets: Sheets, party: Party, other: str, *, bank: bool) -> list[Line]:
    """Write payments under the party's right name, and fewer under the other name. Return the rows.
    With `bank` the others are on the bank's statement."""
    rng = sheets.rng
    low = rng.randrange(5_000, 60_000)
    lines = []
    for number in range(rng.randint(8, 16)):
        pence = rng.randrange(low, low * 4)
        lines.append(sheets.ledger(sheets.day(), party, pence, number=f"{party.id[1:]}-{number}"))
    for _ in range(rng.randint(2, 6)):
        pence = rng.randrange(low, low * 4)
        if bank:
            lines.append(sheets.bank(sheets.day(), party, pence, "Supplier", name=other))
        else:
            lines.append(sheets.ledger(sheets.day(), party, pence, name=other))
    return lines


def _shortened(sheets: Sheets, _: int) -> tuple[Party, str]:
    party = sheets.names.company()
    words = [SHORTER.get(word, word[:4]) for word in party.trade.split()]
    return party, f"{party.core} {' '.join(words)}".upper()


def _dropped(sheets: Sheets, at: int) -> tuple[Party, str]:
    """Make a party. Return it with a shorter name that lacks the last descriptive word, or all of
    them."""
    party = sheets.names.company(core=f"{sheets.names.word()}" if at % 2 else "")
    words = party.trade.split()
    kept = [] if at % 2 else words[:-1]
    return party, " ".join([party.core, *kept])


def _acronym(sheets: Sheets, at: int) -> tuple[Party, str]:
    name = INSTITUTES[at].format(sheets.names.word())
    party = sheets.names.company(name=name)
    return party, "".join(word[0] for word in name.split() if word[0].isupper())


def _brackets(sheets: Sheets, at: int) -> tuple[Party, str]:
    party = sheets.names.company()
    plain = party.name
    notes = (plain, str(sheets.rng.randrange(10**7, 10**8)), PLACES[at % 8])
    more = notes[2] if at == 3 else notes[1]
    return party, NOTES[at].format(plain, more)


def _trading(sheets: Sheets, at: int) -> tuple[Party, str]:
    owner = sheets.names.person()
    sheets.names.parties.remove(owner)
    shop = f"{sheets.names.word()} {sheets.rng.choice(('Catering', 'Joinery', 'Taxis', 'Signs'))}"
    how = ("t/a", "T/A", "trading as", "ta")[at % 4]
    party = sheets.names.company(name=f"{owner.name} {how} {shop}")
    return party, shop if at % 2 else f"{shop} ({owner.name})"


def _borough(sheets: Sheets, at: int) -> tuple[Party, str]:
    full, short = BOROUGHS[at]
    one, other = sheets.names.word(), sheets.names.word()
    both = at % 3 == 0
    party = sheets.names.company(name=full.format(f"{one} and {other}" if both else one))
    return party, short.format(f"{one} & {other}" if both else one)


def _truncated(sheets: Sheets, _: int) -> tuple[Party, str]:
    party = sheets.names.company()
    while len(party.name) <= BANK_CUTS:
        party = sheets.names.company()
    return party, party.at_the_bank


KINDS: dict[str, Callable[[Sheets, int], tuple[Party, str]]] = {
    "shortened": _shortened, "dropped": _dropped, "acronym": _acronym, "brackets": _brackets,
    "trading": _trading, "borough": _borough, "truncated": _truncated,
}  # fmt: skip


def _successors(sheets: Sheets) -> None:
    """Plant companies that continue under a new name, with the same account or in the same
    series."""
    lines, parties = [], []
    for at in range(EACH):
        party = sheets.names.company()
        parties.append(party.id)
        new = f"{sheets.names.word()} {party.trade} Ltd"
        turn = sheets.span[0] + DAY * sheets.rng.randrange(300, 550)
        lines += (_same_series if at % 2 else _same_account)(sheets, party, new, turn)
    sheets.kind("alias_successor", "aliases", lines, parties=parties)


def _same_account(sheets: Sheets, party: Party, new: str, turn: date) -> list[Line]:
    lines = []
    for _ in range(14):
        day, pence = sheets.day(), sheets.rng.randrange(20_000, 90_000)
        name = party.name if day < turn else new
        lines.append(sheets.bank(day, party, pence, "Supplier", name=name, account=True))
    return lines


def _same_series(sheets: Sheets, party: Party, new: str, turn: date) -> list[Line]:
    price = sheets.rng.randrange(11_000, 99_000)
    when, lines = sheets.rng.randrange(3, 26), []
    due = [in_month(sheets, month, when) for month in range(28)]
    for day in due:
        name = party.name if day < turn else new
        lines.append(sheets.ledger(day, party, price, name=name, text=f"{party.trade} contract"))
    written(sheets, "successor", "monthly", due, lines)
    return lines


def _look_alikes(sheets: Sheets) -> None:
    """Plant parties that only look alike: branches of different owners, different trades with one
    word, similar words, similar acronyms."""
    groups: list[list[Party]] = []
    company = sheets.names.company
    for at in range(EACH):
        core = sheets.names.word()
        groups.append([company(name=f"Age Care {core} {place}") for place in PLACES[at : at + 2]])
        groups.append([company(core=core, trade=trade) for trade in ("Motors", "Dental Surgery")])
        groups.append([company(name=f"St {core}'s {what}") for what in ("School", "Church")])
        family = sheets.names.word()
        groups.append([company(name=f"{given} {family}") for given in ("Rosa Maria", "Peter")])
        north = sheets.names.word()
        groups.append(
            [company(name=f"{side} {north} Housing Trust") for side in ("North", "South")]
        )
    for at, group in enumerate(groups):
        apart(*group)
        for party in group:
            low = sheets.rng.randrange(4_000, 80_000)
            code = CODES[sheets.rng.randrange(5)]
            for _ in range(sheets.rng.randint(4, 10)):
                pence = sheets.rng.randrange(low, low * 4)
                sheets.ledger(sheets.day(), party, pence, code=code, keyed=at % 3 == 0)
