"""Writes the occurrences of streams into every file that records them, and notes the resulting
series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random

from finley.demo.commitments import Stream, expected_days
from finley.demo.frequency import DAY, Occurrence, occurrences, within, workday_before
from finley.demo.journal import PENDING, Journal, Row
from finley.demo.truth import Fee, SameTransaction, Series


@dataclass(frozen=True)
class _Course:
    """The days of a stream on which it fell due: all of them (`expected`), those without a row
    (`missed`), and the first one after the books end (`following`)."""

    expected: list[date]
    missed: list[date]
    following: date | None


def write_down(journal: Journal) -> None:
    """Write every occurrence of every stream of the company into the journal, and the series into
    the truth."""
    for stream in journal.company.streams:
        rng = journal.company.dice(f"stream {stream.spec.id}")
        expected, following = expected_days(stream)
        happened, missed = occurrences(rng, expected, stream.habit, journal.company.span)
        course = _Course(expected, missed, following)
        by_file: dict[tuple[str, bool], list[tuple[Occurrence, Row]]] = defaultdict(list)
        for one in happened:
            for row in POST[stream.spec.via](journal, rng, stream, one):
                row.stream = stream.spec.id
                by_file[row.ref.file, row.pence < 0].append((one, row))
        for (_, negative), pairs in by_file.items():
            # A payout and the fee that is kept from it are two commitments in one file.
            fee = stream.spec.via == "payout" and negative
            _note(journal, stream, "-fee" if fee else "", pairs, course)


def _note(
    journal: Journal, stream: Stream, suffix: str, pairs: list[tuple[Occurrence, Row]],
    course: _Course,
) -> None:  # fmt: skip
    """Add the series of these occurrences and rows to the truth, if there are at least two.
    `suffix` is appended to the stream's id."""
    if len(pairs) < 2:
        return
    name, file = stream.spec.id + suffix, pairs[0][1].ref.file
    journal.series.append(
        Series(
            id=f"{name}@{file.removesuffix('.csv')}", stream=name, file=file,
            party=stream.party.id, frequency=stream.spec.frequency,
            rows=[row.ref for _, row in pairs], due=[one.due for one, _ in pairs],
            expected=course.expected, missed=course.missed,
            shifted=[row.ref for one, row in pairs if one.shifted],
            doubled=[row.ref for one, row in pairs if one.doubled],
            active=stream.active, next_expected=course.following,
            seasonal_months=stream.seasonal_months(),
        )
    )  # fmt: skip


def _invoice(journal: Journal, rng: Random, stream: Stream, one: Occurrence) -> list[Row]:
    party, spec = stream.party, stream.spec
    return [
        journal.ledger(
            one.day, party, stream.amount_on(rng, one.due), spec.account, "PI", text=spec.text,
            number=PENDING, due=one.day + DAY * party.terms,
        )
    ]  # fmt: skip


def _debit(journal: Journal, rng: Random, stream: Stream, one: Occurrence) -> list[Row]:
    """Write a direct debit: the line of the statement, and the ledger's line at most about two days
    later. Return both rows."""
    pence, spec = stream.amount_on(rng, one.due), stream.spec
    paid = journal.bank(
        one.day, stream.party, -pence, "DIRECT DEBIT", with_iban=False,
        reference=f"{spec.id[:3].upper()}{stream.price % 100_000:05d}",
    )  # fmt: skip
    return _with_ledger(journal, rng, stream, paid, "BP", lag=2)


def _payroll(journal: Journal, rng: Random, stream: Stream, one: Occurrence) -> list[Row]:
    """Write a salary, which is paid on the 28th or on the Friday before. Return its rows."""
    day, pence = workday_before(one.due), stream.amount_on(rng, one.due)
    reference = "SALARY " + day.strftime("%b %y").upper()
    paid = journal.bank(day, stream.party, -pence, "BACS PAYMENT", reference=reference)
    return _with_ledger(journal, rng, stream, paid, "PR", lag=0)


def _card(journal: Journal, rng: Random, stream: Stream, one: Occurrence) -> list[Row]:
    holder = stream.who or stream.party
    paid = journal.card(one.day, holder, stream.party, stream.amount_on(rng, one.due))
    return _with_ledger(journal, rng, stream, paid, "CP", lag=3)


def _with_ledger(
    journal: Journal, rng: Random, stream: Stream, paid: Row, entry_type: str, *, lag: int
) -> list[Row]:
    day = within(paid.day + DAY * rng.randint(min(lag, 1), lag), journal.company.span)
    posted = journal.ledger(
        day, stream.party, abs(paid.pence), stream.spec.account, entry_type, text=stream.spec.text
    )
    journal.same.append(SameTransaction(paid.ref, posted.ref, paid.ref.file.removesuffix(".csv")))
    return [paid, posted]


def _sale(journal: Journal, rng: Random, stream: Stream, one: Occurrence) -> list[Row]:
    return [
        journal.sale(
            one.day, stream.party, stream.amount_on(rng, one.due), stream.spec.text,
            number=PENDING, due=one.day + DAY * stream.party.terms,
        )
    ]  # fmt: skip


def _payout(journal: Journal, rng: Random, stream: Stream, one: Occurrence) -> list[Row]:
    """Write a payout of the shop's takings without deduction, and the processor's charge, which is
    collected on the same day. Return the rows."""
    gross = stream.amount_on(rng, one.due)
    reference = f"PAYOUT {rng.randrange(10**6):06d}"
    paid = journal.bank(one.day, stream.party, gross, "BANK CREDIT", reference=reference)
    fee = journal.bank(
        one.day, stream.party, -round(gross * 0.0175) - 20, "PROCESSING FEE", reference=reference
    )
    journal.fees.append(Fee(fee.ref, paid.ref))
    return [paid, fee]


def _charge(journal: Journal, rng: Random, stream: Stream, one: Occurrence) -> list[Row]:
    """Write the bank's fee for the account, on the statement and in the ledger. Return both
    rows."""
    pence = stream.amount_on(rng, one.due)
    paid = journal.bank(one.day, stream.party, -pence, "ACCOUNT FEE", with_iban=False)
    return _with_ledger(journal, rng, stream, paid, "BP", lag=1)


POST: dict[str, Callable[[Journal, Random, Stream, Occurrence], list[Row]]] = {
    "invoice": _invoice,
    "debit": _debit,
    "payroll": _payroll,
    "card": _card,
    "sale": _sale,
    "payout": _payout,
    "charge": _charge,
}
