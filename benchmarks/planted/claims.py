"""Plants rows of two books that seem to record one payment but do not, and short numbers that
really match."""

from __future__ import annotations

from benchmarks.otherbooks.bank_days import DAY, following
from benchmarks.planted.book_files import Line, Sheets
from finley.demo.truth import SameTransaction

CLAIMS, BY_CHANCE = 600, 9
EACH = 36


def plant(sheets: Sheets) -> None:
    _staff(sheets)
    _numbers_against(sheets)
    _short_numbers(sheets)


def _staff(sheets: Sheets) -> None:
    """Plant unrelated claims in two books, all to "Staff". Nine amounts are equal by chance."""
    staff = sheets.names.company(name="Staff")
    lines: list[Line] = []
    for file, prefix in (("claims_a.csv", "AX"), ("claims_b.csv", "BX")):
        for number in range(CLAIMS):
            pence = sheets.rng.randrange(300, 39_000) * 10 + (3 if prefix == "AX" else 7)
            claim = f"{prefix}-{number:05d}"
            lines.append(sheets.claim(file, sheets.day(5), staff, pence, claim))
    for at in range(BY_CHANCE):
        day, pence = sheets.day(20), sheets.rng.randrange(300, 39_000) * 10 + 1
        for file, prefix in (("claims_a.csv", "AX"), ("claims_b.csv", "BX")):
            when = following(day + DAY * sheets.rng.randint(0, 3))
            claim = f"{prefix}-{CLAIMS + at:05d}"
            lines.append(sheets.claim(file, when, staff, pence, claim))
    sheets.kind("staff_claims", "same_transaction", lines)


def _numbers_against(sheets: Sheets) -> None:
    """Plant rows in the ledgers of two departments: some record one payment with one number, others
    only have a rare amount in common and different numbers."""
    lines, pairs = [], []
    for at in range(EACH * 2):
        party, day = sheets.names.company(), sheets.day()
        pence = sheets.rng.randrange(11_000, 900_000)
        number = f"GR{sheets.rng.randrange(10_000, 99_999)}"
        seen = sheets.ledger(day, party, pence, number=number)
        when = following(day + DAY * sheets.rng.randint(0, 4))
        same = at % 2 == 0
        other = number if same else f"GR{sheets.rng.randrange(10_000, 99_999)}"
        whom = party if same or at % 4 == 1 else sheets.names.company()
        twin = sheets.second(when, whom, pence, other)
        lines += [seen, twin]
        if same:
            sheets.same.append(SameTransaction(twin.ref, seen.ref, "ledger"))
            pairs.append([twin.ref, seen.ref])
    sheets.kind("conflicting_numbers", "same_transaction", lines, pairs=pairs)


def _short_numbers(sheets: Sheets) -> None:
    """Plant permits with numbers of three digits. The bank's text names some of them, among other
    numbers."""
    lines, pairs = [], []
    numbers = sheets.rng.sample(range(120, 980), EACH * 2)
    for at, number in enumerate(numbers):
        who, day = sheets.names.person(), sheets.day()
        sold = sheets.permit(day, who, 4_000 + 50 * (at % 4), f"Travel permit number {number}")
        when = following(day + DAY * sheets.rng.randint(1, 12))
        lines.append(sold)
        if at % 2:
            text = f"travel permit number {number}"
            paid = sheets.bank(when, who, -sheets.rng.randrange(3_000, 9_000), text)
            pairs.append([sold.ref, paid.ref])
        else:
            text = f"room {number} hire"
            paid = sheets.bank(
                when, sheets.names.person(), -sheets.rng.randrange(3_000, 9_000), text
            )
        lines.append(paid)
    sheets.kind("short_numbers", "linked", lines, pairs=pairs)
