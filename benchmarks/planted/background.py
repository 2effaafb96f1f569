"""Invents ordinary payments: suppliers, shops, takings. None of them recurs by agreement."""

from __future__ import annotations

from benchmarks.planted.book_files import Sheets

SUPPLIERS, SHOPS, PAYERS = 45, 25, 40


def plant(sheets: Sheets, scale: float) -> None:
    """Write ordinary payments, which belong to no planted case. `scale` multiplies their number."""
    rng = sheets.rng
    for at in range(SUPPLIERS):
        party, low = sheets.names.company(), rng.randrange(2_000, 90_000)
        serial = rng.randrange(1_000, 90_000)
        for _ in range(round(rng.randint(10, 45) * scale)):
            serial += rng.randint(1, 40)
            pence = round(low * rng.paretovariate(1.3))
            sheets.ledger(sheets.day(5), party, pence, number=f"{serial}", keyed=at % 3 == 0)
    for _ in range(SHOPS):
        party, low = sheets.names.company(), rng.randrange(300, 9_000)
        for _ in range(round(rng.randint(8, 30) * scale)):
            sheets.bank(sheets.day(5), party, round(low * rng.paretovariate(1.6)), "Card")
    for _ in range(PAYERS):
        party, low = sheets.names.person(), rng.randrange(1_000, 40_000)
        for _ in range(round(rng.randint(2, 8) * scale)):
            sheets.bank(sheets.day(5), party, -round(low * rng.paretovariate(2)), "Received")
