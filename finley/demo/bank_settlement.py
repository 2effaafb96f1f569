"""Invents what only the bank records: payment runs, receipts from customers, fees, returned
payments, card bills."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from random import Random

from finley.demo.frequency import DAY, add_months, due_days, within, workday
from finley.demo.journal import Journal, Row
from finley.demo.truth import Duplicate, Fee, Reversal, SameTransaction, Series, Settlement

THURSDAY = 3


def write_down(journal: Journal) -> None:
    """Write all rows that only the bank records into the journal, and the truth about them."""
    rng = journal.company.dice("paying")
    _pay_suppliers(journal, rng)
    _receive(journal, rng)
    _pay_card_bills(journal)
    _echo_duplicates(journal)


def _owed(journal: Journal, row: Row) -> int:
    return row.pence + sum(credit.pence for credit in journal.credits[row.ref])


def _run_day(rng: Random, due: date) -> date:
    """The first Thursday on or after the due day. One in ten invoices waits for the next run."""
    thursday = due + DAY * ((THURSDAY - due.weekday()) % 7)
    return thursday + DAY * 7 * (rng.random() < 0.1)


def _pay_suppliers(journal: Journal, rng: Random) -> None:
    batches: dict[tuple[date, str], list[Row]] = defaultdict(list)
    for row in journal.rows["ledger.csv"]:
        if row.due and _owed(journal, row) > 0:
            batches[_run_day(rng, row.due), row.party.id].append(row)
    for (day, _), rows in sorted(batches.items(), key=lambda item: item[0]):
        together = len(rows) > 1 and rng.random() < 0.75
        for batch in [rows] if together else [[row] for row in rows]:
            if day <= journal.company.span[1]:
                _pay(journal, rng, day, batch)


def _pay(journal: Journal, rng: Random, day: date, rows: list[Row]) -> None:
    """Pay the rows by one transfer on `day`. One in twenty single rows is paid in two parts, or in
    one with the rest open; a few transfers are returned and sent again."""
    total, party = sum(_owed(journal, row) for row in rows), rows[0].party
    chance = rng.random() if len(rows) == 1 and party.currency == "GBP" else 1.0
    parts = [(day, total)]
    if chance < 0.05:
        parts = _in_two(rng, day, total, 7 * rng.randint(1, 3))[: 1 if chance < 0.012 else 2]
    elif chance < 0.06:
        back = workday(day + DAY * rng.randint(1, 3))
        parts = [(day, total), (back, -total), (workday(back + DAY * rng.randint(1, 4)), total)]
    paid = [_transfer(journal, rng, when, rows, pence)
            for when, pence in parts if when <= journal.company.span[1]]  # fmt: skip
    if len(paid) > 1 and paid[1].pence > 0:
        journal.reversals.append(Reversal(paid[1].ref, paid[0].ref, partial=False))
    complete = -sum(row.pence for row in paid) == total
    _settled(journal, rows, paid, "purchase", complete=complete)


def _in_two(rng: Random, day: date, total: int, later: int) -> list[tuple[date, int]]:
    part = round(total * rng.uniform(0.3, 0.7))
    return [(day, part), (workday(day + DAY * later), total - part)]


def _reference(rng: Random, rows: list[Row]) -> str:
    if rng.random() < 0.12:
        return ""
    numbers = " ".join(row.number for row in rows)
    return numbers if len(numbers) <= 35 else f"{rows[0].number} + {len(rows) - 1} MORE"


def _transfer(journal: Journal, rng: Random, day: date, rows: list[Row], pence: int) -> Row:
    party = rows[0].party
    description = "BACS PAYMENT" if pence > 0 else "RETURNED PAYMENT"
    if party.currency != "GBP":
        description = "INTERNATIONAL PAYMENT"
    paid = journal.bank(day, party, -pence, description, reference=_reference(rng, rows))
    if party.currency != "GBP":
        _charge(journal, rng, paid)
    return paid


def _charge(journal: Journal, rng: Random, paid: Row) -> None:
    """Write the bank's fee for the transfer abroad `paid`: on the statement on the same day, and in
    the ledger a day or two later."""
    bank, pence = journal.company.roles["bank"], rng.choice((750, 750, 750, 1200))
    reference = f"FEE {paid.values['reference']}".strip()
    fee = journal.bank(paid.day, bank, -pence, "INTERNATIONAL PAYMENT FEE", reference=reference,
                       with_iban=False)  # fmt: skip
    day = within(paid.day + DAY * rng.randint(1, 2), journal.company.span)
    entry = journal.ledger(day, bank, pence, "Office", "BP", text="Bank fee, payment abroad")
    journal.fees.append(Fee(fee.ref, paid.ref))
    journal.same.append(SameTransaction(fee.ref, entry.ref, "bank"))


def _settled(
    journal: Journal, rows: Iterable[Row], paid: list[Row], kind: str, *, complete: bool
) -> None:
    """Note in the truth that the payments `paid` settle the invoices of the rows. `complete` means
    that they pay all of it. Payments of a series' invoices are also noted as echoes."""
    invoices = [one for row in rows for one in (row, *journal.credits[row.ref])]
    if paid:
        journal.settles.append(
            Settlement([r.ref for r in invoices], [p.ref for p in paid], kind, complete)
        )
    if any(row.stream for row in invoices):
        journal.echoes += [payment.ref for payment in paid]


def _receive(journal: Journal, rng: Random) -> None:
    """Let customers pay: most near the due day, late ones 20 to 50 days after it, some for several
    invoices."""
    company = journal.company
    batches: dict[tuple[date, str], list[Row]] = defaultdict(list)
    for row in journal.rows["sales.csv"]:
        if row.due and _owed(journal, row) > 0:
            late = rng.randint(20, 50) if row.party in company.late else rng.randint(-3, 8)
            day = workday(row.due + DAY * late)
            if row.party in company.customers[2:5]:
                day = workday(add_months(day.replace(day=1), 1) - DAY)  # with the month's last run
            batches[day, row.party.id].append(row)
    for (day, _), rows in sorted(batches.items(), key=lambda item: item[0]):
        if day <= company.span[1]:
            _receipt(journal, rng, day, rows)


def _receipt(journal: Journal, rng: Random, day: date, rows: list[Row]) -> None:
    total, party = sum(_owed(journal, row) for row in rows), rows[0].party
    parts = [(day, total)]
    if len(rows) == 1 and party not in journal.company.late and rng.random() < 0.05:
        parts = _in_two(rng, day, total, rng.randint(6, 25))
    paid = [
        journal.bank(when, party, pence, "BANK CREDIT", reference=_reference(rng, rows),
                     with_iban=rng.random() < 0.8)
        for when, pence in parts if when <= journal.company.span[1]
    ]  # fmt: skip
    complete = sum(row.pence for row in paid) == total
    _settled(journal, rows, paid, "sale", complete=complete)


def _pay_card_bills(journal: Journal) -> None:
    """Pay the card company for last month's lines, on the third of each month, by currency."""
    lines: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for row in journal.rows["card.csv"]:
        lines[row.currency, add_months(row.day.replace(day=3), 1)].append(row)
    for currency in sorted({currency for currency, _ in lines}):
        due = sorted(day for line_currency, day in lines if line_currency == currency)
        bills = [(day, lines[currency, day]) for day in due if day < journal.company.span[1]]
        paid = [_card_bill(journal, workday(day), rows, currency) for day, rows in bills]
        _card_series(journal, currency, [day for day, _ in bills], paid)


def _card_bill(journal: Journal, day: date, rows: list[Row], currency: str) -> Row:
    bank, total = journal.company.roles["bank"], sum(row.pence for row in rows)
    day = within(day, journal.company.span)
    paid = journal.bank(day, bank, -total, "DIRECT DEBIT", reference="CARD STATEMENT",
                        currency=currency, with_iban=False)  # fmt: skip
    invoices = [row.ref for row in rows]
    journal.settles.append(Settlement(invoices, [paid.ref], "card_statement"))
    return paid


def _card_series(journal: Journal, currency: str, due: list[date], paid: list[Row]) -> None:
    if len(paid) < 2:
        return
    following = next(d for d in due_days("monthly", due[-1]) if d > due[-1])
    name = f"card-bill-{currency.lower()}"
    for row in paid:
        row.stream = name
    journal.series.append(
        Series(f"{name}@bank", name, "bank.csv", paid[0].party.id, "monthly",
               [row.ref for row in paid], due, due, [], [], [], True, following, None)
    )  # fmt: skip


def _echo_duplicates(journal: Journal) -> None:
    """Note in the truth that the later transfer repeats the earlier one, for each invoice entered
    twice whose original and copy were each paid by one transfer."""
    days = {row.ref: row.day for row in journal.rows["bank.csv"]}
    alone = {
        one.invoices[0]: one.payments[0]
        for one in journal.settles
        if len(one.invoices) == len(one.payments) == 1 and one.kind == "purchase" and one.complete
    }
    for pair in list(journal.duplicates):
        if pair.row in alone and pair.original in alone and pair.kind != "split":
            first, later = sorted((alone[pair.original], alone[pair.row]), key=lambda r: days[r])
            journal.duplicates.append(Duplicate(later, first, pair.kind, echo=True))
