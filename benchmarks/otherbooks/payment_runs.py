"""Payment runs every other Friday, claims in batches, and payments of clients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from benchmarks.otherbooks.bank_days import DAY, agreed
from benchmarks.otherbooks.book_files import Desk, Row
from finley.demo.truth import Duplicate, Settlement
from finley.demo.unpaid import Bill

CLAIMED = DAY * 2  # from a claim to the first day on which it is paid


def write_down(desk: Desk) -> None:
    """Pay everything that is due before the books end, and note what each payment settles."""
    runs = _runs(desk)
    _pay_suppliers(desk, runs)
    _pay_claims(desk, runs)
    _receive(desk)
    _echo(desk)


def bills(desk: Desk) -> Iterator[Bill]:
    """Yield everything that is to be paid, with its due day: purchase and sales invoices, and
    claims, which are due after two days."""
    for file in ("purchases.csv", "invoices.csv"):
        for row in desk.rows[file]:
            if row.due and _owed(desk, [row]) > 0:
                yield Bill(row.ref, row.party.id, row.due)
    for row in desk.rows["claims.csv"]:
        yield Bill(row.ref, row.party.id, row.day + CLAIMED)


def _runs(desk: Desk) -> list[date]:
    days: list[date] = []
    for day in agreed("fortnightly:4", desk.span[0]):
        if day > desk.span[1]:
            return days
        days.append(desk.inside(day))
    raise AssertionError("runs have no end")


def _owed(desk: Desk, rows: Iterable[Row]) -> int:
    return sum(row.pence + sum(c.pence for c in desk.credits[row.ref]) for row in rows)


def _by_run(
    rows: Iterable[tuple[Row, date]], runs: list[date]
) -> dict[tuple[date, str], list[Row]]:
    """The rows that each payment run pays, by (day of the run, id of the party): a row is in the
    first run on or after its day. Rows after the last run are left out."""
    by_run: dict[tuple[date, str], list[Row]] = defaultdict(list)
    for row, day in rows:
        run = next((run for run in runs if run >= day), None)
        if run:
            by_run[run, row.party.id].append(row)
    return dict(sorted(by_run.items()))


def _pay_suppliers(desk: Desk, runs: list[date]) -> None:
    owed = [(r, r.due) for r in desk.rows["purchases.csv"] if r.due and _owed(desk, [r]) > 0]
    for (day, _), rows in _by_run(owed, runs).items():
        together = len(rows) > 1 and desk.rng.random() < 0.8
        for batch in [rows] if together else [[row] for row in rows]:
            _transfer(desk, day, batch)


def _transfer(desk: Desk, day: date, rows: list[Row]) -> None:
    """Pay these rows of one party by a transfer, and note the settlement. A single invoice is
    sometimes paid by two transfers, a fortnight apart."""
    total = _owed(desk, rows)
    parts = [(day, total)]
    if len(rows) == 1 and desk.rng.random() < 0.05:
        part = round(total * desk.rng.uniform(0.3, 0.7))
        parts = [(day, part), (desk.inside(day + DAY * 14), total - part)]
    numbers = "+".join(row.number for row in rows)
    text = numbers if desk.rng.random() < 0.85 else ""
    paid = [desk.bank(when, rows[0].party, -pence, "BP", text) for when, pence in parts]
    _settled(desk, rows, paid, "purchase")


def _settled(desk: Desk, rows: list[Row], paid: list[Row], kind: str) -> None:
    invoices = [one.ref for row in rows for one in (row, *desk.credits[row.ref])]
    complete = _owed(desk, rows) == sum(abs(row.pence) for row in paid)
    desk.settles.append(Settlement(invoices, [row.ref for row in paid], kind, complete))
    if any(row.series for row in rows):
        desk.echoes += [row.ref for row in paid]


def _pay_claims(desk: Desk, runs: list[date]) -> None:
    """Pay the claims with every run. A person who claims about every week is then paid at the
    frequency of the runs."""
    claims = [(row, row.day + CLAIMED) for row in desk.rows["claims.csv"]]
    for (day, _), rows in _by_run(claims, runs).items():
        total = sum(row.pence for row in rows)
        paid = desk.bank(day, rows[0].party, -total, "BP", f"EXPENSES {day:%d%m%y}")
        _settled(desk, rows, [paid], "purchase")
        desk.echoes.append(paid.ref)


def _receive(desk: Desk) -> None:
    """Write the clients' payments, about when they are due: some for two invoices at once, one in
    twenty for a part of its invoice."""
    waiting: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(desk.rows["invoices.csv"], key=lambda row: row.day):
        waiting[row.party.id].append(row)
        if desk.rng.random() < 0.75 or len(waiting[row.party.id]) > 2:
            rows = waiting.pop(row.party.id)
            day = desk.inside((row.due or row.day) + DAY * desk.rng.randint(-4, 12))
            if (row.due or row.day) + DAY * 15 <= desk.span[1]:
                _receipt(desk, day, rows)


def _receipt(desk: Desk, day: date, rows: list[Row]) -> None:
    total = sum(row.pence for row in rows)
    paid = round(total * 0.6) if len(rows) == 1 and desk.rng.random() < 0.05 else total
    text = " ".join(row.number for row in rows) if desk.rng.random() < 0.8 else ""
    receipt = desk.bank(day, rows[0].party, paid, "BGC", text)
    _settled(desk, rows, [receipt], "sale")


def _echo(desk: Desk) -> None:
    """Note in the truth that the later transfer repeats the earlier one, for each invoice entered
    twice whose original and copy were each paid by one transfer."""
    days = {row.ref: row.day for row in desk.rows["statement.csv"]}
    alone = {
        one.invoices[0]: one.payments[0]
        for one in desk.settles
        if len(one.invoices) == len(one.payments) == 1 and one.complete
    }
    for pair in list(desk.duplicates):
        if pair.row in alone and pair.original in alone and pair.kind != "split":
            first, later = sorted((alone[pair.original], alone[pair.row]), key=lambda r: days[r])
            desk.duplicates.append(Duplicate(later, first, pair.kind, echo=True))
