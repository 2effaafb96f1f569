"""Invents mistakes and reversals: rows entered, claimed or sent twice, taken back, or returned."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from benchmarks.otherbooks.bank_days import DAY
from benchmarks.otherbooks.book_files import Desk, Row, money
from finley.demo.truth import Duplicate, Reversal

EACH = 3  # of each kind


def write_down(desk: Desk) -> None:
    """Write mistakes in the ledger and among the claims before anybody pays, each with an original
    of its own."""
    fit = _fit(desk)
    for kind, repeat in AGAIN.items():
        for _ in range(EACH):
            if fit:
                repeat(desk, fit.pop(), kind)
    for number in range(3 * EACH):
        if fit:
            _credit(desk, fit.pop(), partial=number % 3 > 0)
    _claimed_twice(desk)


def _fit(desk: Desk) -> list[Row]:
    """The invoices that can be entered twice by mistake, shuffled: invoices for goods from 50
    pounds on, in whose number and amount two digits can be swapped."""
    spoilt = {ref for decoy in desk.decoys for ref in decoy.rows}
    fit = [
        row
        for row in desk.rows["purchases.csv"]
        if row.due and row.pence >= 5000 and not row.series and not row.party.apart_from
        and row.ref not in spoilt and (desk.span[1] - row.day).days > 60
        and _swapped(desk.rng, row.number[-4:]) and _swapped(desk.rng, money(row.pence)[:-3])
    ]  # fmt: skip
    desk.rng.shuffle(fit)
    return fit


def _swapped(rng: Random, text: str) -> str:
    """The text with two different neighbouring digits swapped, or "" if there are none."""
    at = [
        i
        for i in range(len(text) - 1)
        if text[i : i + 2].isdigit() and text[i] != text[i + 1] and (i or text[i + 1] != "0")
    ]
    if not at:
        return ""
    i = rng.choice(at)
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def _again(
    desk: Desk, row: Row, kind: str, *, pence: int | None = None, number: str | None = None,
    days: tuple[int, int] = (4, 40),
) -> Row:  # fmt: skip
    day = desk.inside(row.day + DAY * desk.rng.randint(*days))
    copy = desk.purchase(
        day, row.party, pence or row.pence, row.cells["Narrative"],
        number=number or row.number, due=day + DAY * 30,
    )  # fmt: skip
    desk.duplicates.append(Duplicate(copy.ref, row.ref, kind))
    return copy


def _plain(desk: Desk, row: Row, kind: str) -> None:
    _again(desk, row, kind)


def _amount(desk: Desk, row: Row, kind: str) -> None:
    whole, pence = money(row.pence).split(".")
    _again(desk, row, kind, pence=int(_swapped(desk.rng, whole) + pence))


def _number(desk: Desk, row: Row, kind: str) -> None:
    number = row.number
    _again(desk, row, kind, number=number[:-4] + _swapped(desk.rng, number[-4:]))


def _suffix(desk: Desk, row: Row, kind: str) -> None:
    _again(desk, row, kind, number=row.number + desk.rng.choice((".1", " COPY", "R", "/A")))


def _zeros(desk: Desk, row: Row, kind: str) -> None:
    _again(desk, row, kind, number=re.sub(r"(\d{4,})", r"0\1", row.number, count=1))


def _split(desk: Desk, row: Row, kind: str) -> None:
    part = round(row.pence * desk.rng.uniform(0.3, 0.7))
    first = _again(desk, row, kind, pence=part, number=f"{row.number}-1")
    gap = (first.day - row.day).days
    _again(desk, row, kind, pence=row.pence - part, number=f"{row.number}-2", days=(gap, gap + 5))


def _ghost(desk: Desk, row: Row, kind: str) -> None:
    """Enter the invoice again from a fictitious supplier with the other's bank account, and note
    the pair in the truth."""
    ghost = desk.register.company("Trading")
    ghost.keys["bank_account"] = row.party.keys["bank_account"]
    ghost.apart_from.append(row.party.id)
    row.party.apart_from.append(ghost.id)
    day = desk.inside(row.day + DAY * desk.rng.randint(4, 40))
    copy = desk.purchase(day, ghost, row.pence, "Goods", number=row.number, due=day + DAY * 30)
    row.cells["Bank account"] = row.party.keys["bank_account"]
    desk.duplicates.append(Duplicate(copy.ref, row.ref, kind))


AGAIN: dict[str, Callable[[Desk, Row, str], None]] = {
    "paid_twice": _plain,
    "transposed_amount": _amount,
    "transposed_number": _number,
    "number_suffix": _suffix,
    "leading_zeros": _zeros,
    "split": _split,
    "same_account": _ghost,
}


def _credit(desk: Desk, row: Row, *, partial: bool) -> None:
    """Write a credit note for the invoice before it falls due. Two in three name the invoice. If it
    is `partial`, a rest stays to be paid."""
    pence = -round(row.pence * desk.rng.uniform(0.1, 0.6)) if partial else -row.pence
    text = f"Credit against {row.number}" if desk.rng.random() < 0.67 else "Credit"
    day = desk.inside(row.day + DAY * desk.rng.randint(2, 12))
    number = f"C{row.party.next_number(desk.rng)}"
    note = desk.purchase(day, row.party, pence, text, number=number)
    desk.reversals.append(Reversal(note.ref, row.ref, partial))
    desk.credits[row.ref].append(note)


def _claimed_twice(desk: Desk) -> None:
    """Write claims of receipts that were claimed before, with the person's next claim, and note the
    pairs in the truth."""
    fit = [r for r in desk.rows["claims.csv"] if (desk.span[1] - r.day).days > 60]
    for row in desk.rng.sample(fit, min(EACH, len(fit))):
        day = desk.inside(row.day + DAY * desk.rng.randint(14, 35))
        copy = desk.claim(day, row.party, row.pence, row.cells["What for"], row.cells["Receipt"])
        desk.duplicates.append(Duplicate(copy.ref, row.ref, "paid_twice"))


def at_the_bank(desk: Desk) -> None:
    """Write transfers that are sent twice and direct debits that are returned, and note both in the
    truth. Call this after all payments are written."""
    rows = [r for r in desk.rows["statement.csv"] if (desk.span[1] - r.day).days > 20]
    runs = [r for r in rows if r.cells["Type"] == "BP" and r.cells["Reference"]]
    repeated = {ref for one in desk.duplicates for ref in (one.row, one.original)}
    runs = [r for r in runs if r.ref not in repeated]
    for row in desk.rng.sample(runs, min(EACH, len(runs))):
        day = desk.inside(row.day + DAY * desk.rng.randint(1, 4))
        copy = desk.bank(day, row.party, row.pence, "BP", row.cells["Reference"])
        desk.duplicates.append(Duplicate(copy.ref, row.ref, "paid_twice"))
    debits = [r for r in rows if r.cells["Type"] == "DD"]
    for row in desk.rng.sample(debits, min(EACH, len(debits))):
        day = desk.inside(row.day + DAY * desk.rng.randint(1, 3))
        back = desk.bank(day, row.party, -row.pence, "UNPAID DD", row.cells["Reference"])
        desk.reversals.append(Reversal(back.ref, row.ref, partial=False))
