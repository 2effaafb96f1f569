"""Invents mistakes and reversals: invoices entered twice, and money taken back."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from finley.demo import spelling_noise
from finley.demo.company import ghost
from finley.demo.frequency import DAY, within
from finley.demo.journal import Journal, Row, money
from finley.demo.one_off_payments import post_card
from finley.demo.parties import Party
from finley.demo.truth import Duplicate, Reversal

EACH = 3  # of each kind in eighteen months


def write_down(journal: Journal) -> None:
    """Write duplicates, credit notes and refunds, each with an original of its own."""
    rng = journal.company.dice("mishaps")
    end = journal.company.span[1]
    fit = [row for row in journal.rows["ledger.csv"] if _fit(row) and (end - row.day).days > 50]
    spoilt = {ref for decoy in journal.decoys for ref in decoy.rows}
    fit = [row for row in fit if row.ref not in spoilt]
    rng.shuffle(fit)
    for kind, repeat in REPEATS.items():
        for _ in range(EACH):
            if original := _take(fit, kind):
                repeat(journal, rng, original, kind)
    for number in range(4 * EACH):
        if original := _take(fit, "credit"):
            _credit_note(journal, rng, original, partial=number % 2 == 0)
    _sales_credits(journal, rng)
    _refunds(journal, rng)


def _fit(row: Row) -> bool:
    return row.values["entry_type"] == "PI" and row.pence >= 4000


def _take(fit: list[Row], kind: str) -> Row | None:
    """Remove and return the first row of `fit` that can be copied or reversed by a mistake of this
    kind; None if there is none.

    Rows of series are only paid twice or credited, because subtler mistakes with them could not be
    recognised.
    """
    for at, row in enumerate(fit):
        slips = spelling_noise.swappable(row.number, len(row.number) - 4)
        slips = slips and spelling_noise.swappable(money(row.pence)[:-3])
        if slips and (not row.stream or kind in {"paid_twice", "credit"}):
            return fit.pop(at)
    return None


def _again(
    journal: Journal, rng: Random, original: Row, kind: str, *, pence: int | None = None,
    number: str | None = None, party: Party | None = None, days: tuple[int, int] = (3, 45),
) -> Row:  # fmt: skip
    """Enter the original invoice once more, 3 to 45 days later, with the given differences, and
    note the pair in the truth. Return the copy."""
    day = within(original.day + DAY * rng.randint(*days), journal.company.span)
    party = party or original.party
    copy = journal.ledger(
        day, party, pence or original.pence, original.values["account"], "PI",
        text=original.values["description"], number=number or original.number,
        due=day + DAY * party.terms,
    )  # fmt: skip
    journal.duplicates.append(Duplicate(copy.ref, original.ref, kind))
    return copy


def _same(journal: Journal, rng: Random, original: Row, kind: str) -> None:
    _again(journal, rng, original, kind)


def _transposed_amount(journal: Journal, rng: Random, original: Row, kind: str) -> None:
    pounds, pence = money(original.pence).split(".")
    slip = spelling_noise.transposed(rng, pounds)
    _again(journal, rng, original, kind, pence=int(slip + pence))


def _transposed_number(journal: Journal, rng: Random, original: Row, kind: str) -> None:
    number = original.number
    # Only the last digits. A slip in the first ones would give a number of another year.
    _again(
        journal, rng, original, kind, number=spelling_noise.transposed(rng, number, len(number) - 4)
    )


def _suffix(journal: Journal, rng: Random, original: Row, kind: str) -> None:
    number = original.number + rng.choice(("-A", "/1", "A", "-2", " DUP"))
    _again(journal, rng, original, kind, number=number)


def _zeros(journal: Journal, rng: Random, original: Row, kind: str) -> None:
    _again(journal, rng, original, kind, number=spelling_noise.zero_led(original.number))


def _split(journal: Journal, rng: Random, original: Row, kind: str) -> None:
    """Enter the original invoice again in two parts within a week, with a suffix on each number,
    and note both parts in the truth."""
    part = round(original.pence * rng.uniform(0.35, 0.65))
    first = _again(journal, rng, original, kind, pence=part, number=f"{original.number}/1")
    _again(journal, rng, original, kind, pence=original.pence - part,
           number=f"{original.number}/2",
           days=((first.day - original.day).days, (first.day - original.day).days + 4))  # fmt: skip


def _other_vendor(journal: Journal, rng: Random, original: Row, kind: str) -> None:
    """Enter the invoice again from a fictitious supplier with the same bank account, and note the
    pair in the truth."""
    party = ghost(journal.company, original.party)
    copy = _again(journal, rng, original, kind, party=party)
    copy.values["iban"] = original.values["iban"] = party.iban


REPEATS: dict[str, Callable[[Journal, Random, Row, str], None]] = {
    "paid_twice": _same,
    "transposed_amount": _transposed_amount,
    "transposed_number": _transposed_number,
    "number_suffix": _suffix,
    "leading_zeros": _zeros,
    "split": _split,
    "same_account": _other_vendor,
}


def _part(rng: Random, pence: int, *, partial: bool) -> int:
    return round(pence * rng.uniform(0.1, 0.6)) if partial else pence


def _credit_note(journal: Journal, rng: Random, original: Row, *, partial: bool) -> None:
    """Write a credit note for the invoice `original` before it falls due. If it is `partial`, only
    the rest of the invoice is paid; otherwise nothing is.

    Seven in ten credit notes quote the invoice's number in their text. Those for an invoice of a
    series always do, because its invoices are equal and nobody could tell which one is meant.
    """
    day = within(original.day + DAY * rng.randint(2, 11), journal.company.span)
    names_invoice = original.stream or rng.random() < 0.7
    text = f"Credit note, invoice {original.number}" if names_invoice else "Credit note"
    note = journal.ledger(
        day, original.party, -_part(rng, original.pence, partial=partial),
        original.values["account"], "PC", text=text, number=f"CN{original.party.next_number(rng)}",
    )  # fmt: skip
    _reversed(journal, note, original, partial=partial)


def _reversed(journal: Journal, row: Row, original: Row, *, partial: bool) -> None:
    journal.reversals.append(Reversal(row.ref, original.ref, partial))
    journal.credits[original.ref].append(row)


def _sales_credits(journal: Journal, rng: Random) -> None:
    end = journal.company.span[1]
    fit = [r for r in journal.rows["sales.csv"] if r.pence > 4000 and (end - r.day).days > 50]
    for number, original in enumerate(rng.sample(fit, min(len(fit), 2 * EACH))):
        partial = number % 2 == 0
        day = within(original.day + DAY * rng.randint(2, 11), journal.company.span)
        note = journal.sale(
            day, original.party, -_part(rng, original.pence, partial=partial),
            f"Credit, {original.number}", number=f"K{journal.next_sale():05d}", due=None,
        )  # fmt: skip
        _reversed(journal, note, original, partial=partial)


def _refunds(journal: Journal, rng: Random) -> None:
    """Write refunds of card purchases, in the card feed and in the ledger, and note what they take
    back."""
    end = journal.company.span[1]
    spoilt = {ref for decoy in journal.decoys for ref in decoy.rows}
    posted = {pair.seen: pair.ledger for pair in journal.same}
    fit = [row for row in journal.rows["card.csv"] if row.pence > 1500 and row.ref in posted
           and row.ref not in spoilt and not row.stream and (end - row.day).days > 40]  # fmt: skip
    for number, original in enumerate(rng.sample(fit, min(len(fit), 2 * EACH))):
        partial = number % 2 == 0
        day = within(original.day + DAY * rng.randint(8, 25), journal.company.span)
        holder = next(who for who in journal.company.staff
                      if who.name.upper() == original.values["cardholder"])  # fmt: skip
        pence = -_part(rng, original.pence, partial=partial)
        back = journal.card(day, holder, original.party, pence)
        entry = post_card(journal, rng, back)
        journal.reversals.append(Reversal(back.ref, original.ref, partial))
        journal.reversals.append(Reversal(entry.ref, posted[original.ref], partial))
