"""Plants long series with disturbances: rare frequencies, moved days, rises, pauses, ends."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import date

from benchmarks.otherbooks.bank_days import DAY, following
from benchmarks.planted.book_files import Line, Sheets
from benchmarks.planted.planted_names import Party
from finley.demo.truth import Series

EACH = 6
MONTHS = 29
WORDS = ("Rent", "Lease", "Subscription", "Membership", "Maintenance contract", "Insurance")
HIGH = (6, 12)  # months in which seasonal series pay more


def plant(sheets: Sheets) -> None:
    for frequency in DUE:
        _frequency(sheets, frequency)
    for kind in (_spelled, _weekends, _rises, _pauses, _stopped, _doubled):
        kind(sheets)
    _signs(sheets)


def in_month(sheets: Sheets, month: int, day: int) -> date:
    """The given day of the books' month `month` (from 0), or that month's last day if the month is
    shorter."""
    years, at = divmod(sheets.span[0].month - 1 + month, 12)
    year = sheets.span[0].year + years
    return date(year, at + 1, min(day, monthrange(year, at + 1)[1]))


def _monthly(sheets: Sheets, step: int = 1) -> list[date]:
    day, first = sheets.rng.randrange(1, 29), sheets.rng.randrange(step)
    return [in_month(sheets, month, day) for month in range(first, MONTHS, step)]


def _half_months(sheets: Sheets) -> list[date]:
    """The due days of a series that is paid twice a month: the same two days of each month, 15 days
    apart."""
    day = sheets.rng.randrange(1, 14)
    return [in_month(sheets, month, at) for month in range(MONTHS) for at in (day, day + 15)]


def _thirty(sheets: Sheets) -> list[date]:
    first = sheets.span[0] + DAY * sheets.rng.randrange(30)
    return [first + DAY * 30 * n for n in range((sheets.span[1] - first).days // 30 + 1)]


DUE: dict[str, Callable[[Sheets], list[date]]] = {
    "two-monthly": lambda sheets: _monthly(sheets, 2),
    "half-yearly": lambda sheets: _monthly(sheets, 6),
    "twice-monthly": _half_months,
    "thirty-days": _thirty,
}


def written(
    sheets: Sheets, kind: str, frequency: str, due: Iterable[date], lines: list[Line], **what: bool
) -> Series:
    """Add the series of these due days and rows to the truth, and return it."""
    days = list(due)
    one = Series(
        f"{kind}-{len(sheets.series)}", f"{kind}-{len(sheets.series)}", lines[0].ref.file,
        lines[0].party.id, frequency, [line.ref for line in lines], days, days, [], [], [],
        what.get("active", True), None, list(HIGH) if what.get("seasonal") else None,
    )  # fmt: skip
    sheets.series.append(one)
    return one


def _noise(sheets: Sheets, party: Party) -> list[Line]:
    """Write up to two unrelated payments to the party, and return them."""
    return [
        sheets.bank(sheets.day(5), party, sheets.rng.randrange(2_000, 90_000), "Sundry")
        for _ in range(sheets.rng.randint(0, 2))
    ]


def _frequency(sheets: Sheets, frequency: str) -> None:
    lines, series = [], []
    for at in range(EACH):
        party, price = sheets.names.company(), sheets.rng.randrange(900, 90_000)
        due, text = DUE[frequency](sheets), sheets.rng.choice(WORDS)
        spread = price // 12 if at % 3 == 0 and frequency != "half-yearly" else 0
        rows = [
            sheets.bank(day, party, price + sheets.rng.randint(-spread, spread), text)
            for day in due
        ]
        series.append(written(sheets, frequency, frequency, due, rows).id)
        lines += rows + _noise(sheets, party)
    sheets.kind(frequency.replace("-", "_"), "series", lines, series=series)


def _spelled(sheets: Sheets) -> None:
    """Plant series whose payee the bank spells differently from some month on. Text and amount
    stay."""
    lines, series = [], []
    for at in range(EACH):
        party, price = sheets.names.company(), sheets.rng.randrange(900, 90_000)
        due, turn = _monthly(sheets), sheets.rng.randrange(8, 20)
        other = (party.name, party.core.upper(), f"{party.at_the_bank[:12]} {at}44")[at % 3]
        rows = [
            sheets.bank(
                day, party, price, f"{WORDS[at]} {party.id}", name=other if n >= turn else ""
            )
            for n, day in enumerate(due)
        ]
        series.append(written(sheets, "spelled", "monthly", due, rows).id)
        lines += rows
    sheets.kind("spelling_changes", "series", lines, series=series)


def _weekends(sheets: Sheets) -> None:
    """Plant series due on a day of the month, which moves to the next working day. The amounts
    vary."""
    lines, series = [], []
    for _ in range(EACH):
        party, price = sheets.names.company(), sheets.rng.randrange(5_000, 90_000)
        due = _monthly(sheets)
        rows = [
            sheets.bank(following(day), party, price + sheets.rng.randint(-price // 4, price // 4),
                        "Direct debit")
            for day in due if following(day) <= sheets.span[1]
        ]  # fmt: skip
        series.append(written(sheets, "weekends", "monthly", due[: len(rows)], rows).id)
        lines += rows + _noise(sheets, party)
    sheets.kind("moved_days", "series", lines, series=series)


def _rises(sheets: Sheets) -> None:
    """Plant series whose price rises once or twice."""
    lines, series = [], []
    for _ in range(EACH):
        party, price = sheets.names.company(), sheets.rng.randrange(900, 90_000)
        due, turn = _monthly(sheets), sheets.rng.randrange(6, 14)
        rows = [
            sheets.bank(day, party, round(price * 1.07 ** (n // turn)), "Subscription")
            for n, day in enumerate(due)
        ]
        series.append(written(sheets, "rises", "monthly", due, rows).id)
        lines += rows
    sheets.kind("price_rises", "series", lines, series=series)


def _pauses(sheets: Sheets) -> None:
    """Plant series that pause for some months and then go on as before."""
    lines, series = [], []
    for _ in range(EACH):
        party, price = sheets.names.company(), sheets.rng.randrange(900, 90_000)
        first, long = sheets.rng.randrange(8, 16), sheets.rng.randint(3, 5)
        due = [day for n, day in enumerate(_monthly(sheets)) if not first <= n < first + long]
        rows = [sheets.bank(day, party, price, "Membership") for day in due]
        series.append(written(sheets, "pauses", "monthly", due, rows).id)
        lines += rows
    sheets.kind("pauses", "series", lines, series=series)


def _stopped(sheets: Sheets) -> None:
    """Plant standing orders over a year or more that stop some weeks before the books end."""
    lines, series = [], []
    for at in range(EACH):
        party, price = sheets.names.company(), sheets.rng.randrange(9_000, 90_000)
        due = [day for day in _monthly(sheets) if (sheets.span[1] - day).days > 36 + 4 * at]
        rows = [sheets.bank(day, party, price, "Standing order") for day in due]
        series.append(written(sheets, "stopped", "monthly", due, rows, active=False).id)
        lines += rows
    sheets.kind("stopped_orders", "overdue", lines, series=series)


def _doubled(sheets: Sheets) -> None:
    """Plant series with one and a half or two times the amount each June and December. The next
    payment is that of December."""
    lines, series, pence = [], [], []
    for at in range(EACH):
        party, price = sheets.names.company(), sheets.rng.randrange(9_000, 200_000)
        more = (1.5, 2.0)[at % 2]
        due = _monthly(sheets)
        rows = [
            sheets.bank(day, party, round(price * more) if day.month in HIGH else price, "Payroll")
            for day in due
        ]
        series.append(written(sheets, "doubled", "monthly", due, rows, seasonal=True).id)
        pence.append(round(price * more))
        lines += rows
    sheets.kind("seasonal_amounts", "amounts", lines, series=series, pence=pence)


def _signs(sheets: Sheets) -> None:
    """Plant series of the income ledger, in which every row of two codes has the opposite sign from
    one day on, because the convention of the books changed."""
    turn = in_month(sheets, 14, 1)
    lines, series = [], []
    for at in range(EACH * 2):
        party, price = sheets.names.person(), sheets.rng.randrange(20_000, 90_000)
        code = "Garages" if at % 2 else "Allotments"
        due = _monthly(sheets)
        rows = [
            sheets.rent(day, party, price if day < turn else -price, code, "Monthly rent")
            for day in due
        ]
        series.append(written(sheets, "signs", "monthly", due, rows).id)
        lines += rows
    sheets.kind("sign_changes", "series", lines, series=series)
