"""Plants series of three to five payments, and rows that only look like a series."""

from __future__ import annotations

from datetime import date

from benchmarks.otherbooks.bank_days import DAY, following
from benchmarks.planted.book_files import Line, Sheets
from benchmarks.planted.long_series import in_month, written
from benchmarks.planted.planted_names import Party

ORDERS, YEARLY, DECOYS = 40, 8, 14
TEXTS = ("Standing order", "SO", "Savings", "Loan", "Nursery", "Gym membership", "Pledge")


def plant(sheets: Sheets) -> None:
    lines, series = [], []
    for at in range(ORDERS):
        rows, due, frequency = _order(sheets, at)
        series.append(written(sheets, "short", frequency, due, rows).id)
        lines += rows
    for decoy in (_irregular, _unequal, _saturdays, _coffees, _trickle):
        for _ in range(DECOYS):
            lines += decoy(sheets, sheets.names.company())
    sheets.kind("short_series", "series", lines, series=series)
    _yearly(sheets)


def _order(sheets: Sheets, at: int) -> tuple[list[Line], list[date], str]:
    """Write three to five equal payments to one payee, monthly with days that banks move, or
    weekly. Return the rows, the due days and the frequency."""
    rng, party = sheets.rng, sheets.names.company()
    times, price = 3 + at % 3, rng.randrange(4, 90) * rng.choice((250, 500, 1_000))
    if at % 4 == 3:
        first = sheets.day(120)
        due, frequency = [first + DAY * 7 * n for n in range(times)], "weekly"
    else:
        month, day = rng.randrange(24), rng.randrange(1, 29)
        due, frequency = [in_month(sheets, month + n, day) for n in range(times)], "monthly"
    text = rng.choice(TEXTS)
    account = at % 2 == 0
    rows = [sheets.bank(following(day), party, price, text, account=account) for day in due]
    return rows, due, frequency


def _some(sheets: Sheets, least: int, most: int) -> list[date]:
    return [sheets.day(5) for _ in range(sheets.rng.randint(least, most))]


def _irregular(sheets: Sheets, party: Party) -> list[Line]:
    """Write equal payments to the party on random days of one year, and return them."""
    price, start = sheets.rng.randrange(4, 90) * 500, sheets.rng.randrange(480)
    days = sheets.rng.sample(range(start, start + 365), sheets.rng.randint(3, 5))
    return [sheets.bank(following(sheets.span[0] + DAY * day), party, price, "Call-out")
            for day in sorted(days)]  # fmt: skip


def _unequal(sheets: Sheets, party: Party) -> list[Line]:
    """Write different amounts to the party, about a month apart, and return the rows."""
    day, lines = sheets.day(200), []
    for _ in range(sheets.rng.randint(3, 4)):
        pence = sheets.rng.randrange(2_000, 60_000)
        lines.append(sheets.bank(following(day), party, pence, "Supplies"))
        day += DAY * sheets.rng.randint(21, 41)
    return lines


def _saturdays(sheets: Sheets, party: Party) -> list[Line]:
    """Write payments to a shop on three to five Saturdays within fourteen weeks, and return the
    rows."""
    first = sheets.day(120)
    first += DAY * ((5 - first.weekday()) % 7)
    weeks = sorted(sheets.rng.sample(range(14), sheets.rng.randint(3, 5)))
    return [
        sheets.bank(first + DAY * 7 * week, party, sheets.rng.randrange(900, 9_000), "Card")
        for week in weeks
    ]


def _coffees(sheets: Sheets, party: Party) -> list[Line]:
    """Write equal payments to the party on random days of some weeks, and return the rows."""
    first, price = sheets.day(120), sheets.rng.choice((280, 310, 340, 500))
    days = sorted(sheets.rng.sample(range(60), sheets.rng.randint(4, 9)))
    return [sheets.bank(first + DAY * day, party, price, "Card") for day in days]


def _trickle(sheets: Sheets, party: Party) -> list[Line]:
    """Write payments of any amount to the party at irregular times, and return the rows."""
    return [sheets.bank(day, party, sheets.rng.randrange(500, 90_000), "Supplier")
            for day in _some(sheets, 5, 12)]  # fmt: skip


def _yearly(sheets: Sheets) -> None:
    """Plant two or three payments a year apart (an insurance, a licence), and equal amounts with
    different texts, which are no series."""
    lines, series = [], []
    for at in range(YEARLY):
        party, price = sheets.names.company(), sheets.rng.randrange(9_000, 300_000)
        month, day = sheets.rng.randrange(4 if at % 2 else 16), sheets.rng.randrange(1, 28)
        times = 3 if at % 2 else 2
        due = [in_month(sheets, month + 12 * n, day) for n in range(times)]
        text = ("Buildings insurance premium", "TV licence renewal", "Annual software licence",
                "Domain renewal fee")[at % 4]  # fmt: skip
        rows = [sheets.bank(following(when), party, price, text) for when in due]
        series.append(written(sheets, "yearly", "yearly", due, rows).id)
        lines += rows
    for _ in range(YEARLY):
        party, price = sheets.names.company(), sheets.rng.randrange(9_000, 300_000)
        first = sheets.day(560)
        for gap, text in ((0, "Roof repair"), (sheets.rng.randint(120, 330), "Fence posts")):
            lines.append(sheets.bank(following(first + DAY * gap), party, price, text))
    sheets.kind("yearly", "series", lines, series=series)
