"""Layer 9, fraud: payments that probably repeat another one, as ordered pairs for a person to
judge.

`fraud_candidates` finds them. Anything that explains a repetition lowers the confidence: the
original was taken back before it was paid again, the copy was taken back, or the payments recur.
Rows that a source published twice are recognised (`republished`), because they were paid once. A
person's decision on a pair is kept.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from psycopg.sql import SQL, Literal

from graph import sql
from graph.database.arrow import tenant_snapshot
from graph.enrich import decision_counts, fraud_candidates
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import are
from graph.enrich.columns.numbers import normal
from graph.enrich.columns.payments import UNIT, Ints, Payments, Texts, texts
from graph.enrich.decision_counts import Record
from graph.enrich.links import republished, reversals
from graph.enrich.links.fees import Fees
from graph.enrich.links.reversals import Reversals
from graph.enrich.links.same_transaction import day_of
from graph.enrich.links.sighting_pairs import Pairs
from graph.enrich.write import difference
from graph.enrich.write.counts import Counts
from graph.enrich.write.difference import Difference

LEAST = 0.5  # confidence of a pair that a person should see
REPUBLISHED = 0.2  # confidence of a row that was published twice: reported, but not as paid twice
DUPLICATES = Difference(
    found="found_duplicates",
    columns=(
        "relationship_id, original_relationship_id, duplicate_confidence, relationship_key, "
        "original_key, evidence"
    ),
    gone="duplicates_gone",
    written="duplicates_written",
)
WORDS = {
    "paid_twice": "the same party, number and amount",
    "leading_zeros": "the same party and amount, and the number but for leading zeros",
    "number_suffix": "the same party and amount, and the number with a mark behind it",
    "transposed_number": "the same party and amount, and the number with two digits swapped",
    "transposed_amount": "the same party and number, and the amount with two digits swapped",
    "split": "the same party, in parts that add up to the original, their numbers marked",
    "same_account": "the same number, amount and bank account under another party's name",
    "other_vendor": "the same number and amount under another party's name",
    "same_amount": "the same party, purpose and odd amount, which it is hardly ever paid twice",
    "republished": "a whole publication whose rows are there again under other keys",
}
RHYTHMIC = {"paid_twice": 0.95, "same_amount": 0.5}  # factors of the confidence a month apart
SLIPS = frozenset({"transposed_number", "transposed_amount", "number_suffix", "leading_zeros"})


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A payment that probably repeats another one.

    `later` and `original` are the row numbers of the two. `notes` say what speaks against a
    repetition. `case` is the key of the first later row of the same case. `record` is what people
    have decided about this kind of duplicate.
    """

    later: int
    original: int
    kind: str
    confidence: float
    notes: tuple[str, ...] = ()
    case: str = ""
    record: Record | None = None


@dataclass(frozen=True)
class Stated:
    """What else each payment's row states: the bank account, and in which file or period it was
    first published ("" for none)."""

    accounts: Texts
    publication: Texts


def enrich(user_id: UUID, payments: Payments, duplicates: list[Duplicate] | None = None) -> Counts:
    """Write the tenant's open duplicates in one transaction, and return the numbers of changed
    rows.

    People's decisions stay. A dismissed pair stays dismissed under the keys of its rows, even after
    a re-import. `duplicates` are computed if they are not passed.
    """
    if duplicates is None:
        same, charges, reversed_by = reversals.known(user_id, payments)
        duplicates = find(payments, stated(user_id, payments), same, charges, reversed_by)
    weighed = by_records(duplicates, decision_counts.records(user_id))
    return difference.write(user_id, DUPLICATES, _rows(payments, weighed))


def by_records(duplicates: Iterable[Duplicate], records: Mapping[str, Record]) -> list[Duplicate]:
    """Return the duplicates with their confidence lowered where people have rejected most of their
    kind."""
    return [_by_record(duplicate, records.get(duplicate.kind)) for duplicate in duplicates]


def _by_record(duplicate: Duplicate, record: Record | None) -> Duplicate:
    """Return the duplicate with the record of its kind. Its confidence is at most the share of
    confirmed cases, if the record lowers it."""
    if record is None:
        return duplicate
    if not record.is_turned_down:
        return replace(duplicate, record=record)
    notes = (*duplicate.notes, f"turned down: {record}")
    confidence = min(duplicate.confidence, record.share)
    return replace(duplicate, record=record, notes=notes, confidence=confidence)


def find(
    payments: Payments,
    columns: Stated,
    same: Pairs,
    charges: Fees,
    reversed_by: Reversals,
    *,
    about: Ints | None = None,
) -> list[Duplicate]:
    """Return the tenant's duplicates, ordered by the later payment.

    `same`, `charges` and `reversed_by` are the results of the detectors of links. With `about` only
    duplicates that contain any of these rows are returned, and their `case` is computed among
    these.
    """
    again, first = republished.find(payments, columns.publication)
    printed = dict(zip(again.tolist(), first.tolist(), strict=True))
    taken_back, on_card = _taken_back(reversed_by), _on_card(payments, same)
    apart = {*printed, *charges.fee.tolist()}  # a charge has its payment's number
    candidates = [
        _weighed(payments, repeat, taken_back, on_card)
        for repeat in fraud_candidates.find(payments, columns.accounts, about)
        if repeat.later not in apart
    ]
    duplicates = _once_per_invoice(
        payments, [candidate for candidate in candidates if candidate.confidence >= LEAST]
    )
    duplicates += [Duplicate(*pair, "republished", REPUBLISHED) for pair in printed.items()]
    if about is not None:
        rows = set(about.tolist())
        duplicates = [one for one in duplicates if {one.later, one.original} & rows]
    return _in_cases(payments, sorted(duplicates, key=lambda duplicate: duplicate.later))


def _in_cases(payments: Payments, duplicates: list[Duplicate]) -> list[Duplicate]:
    """Return the duplicates with `case` set.

    Duplicates are one case if their later rows have one day, their originals have one day, and
    source, currency and party are the same: the lines of an invoice, or a batch that is paid again.
    """
    party, day, first = sides(payments).party, payments.day, dict[tuple[object, ...], int]()
    with_cases: list[Duplicate] = []
    for duplicate in duplicates:
        batch: tuple[object, ...] = (
            payments.source[duplicate.later], payments.currency[duplicate.later],
            int(party[duplicate.original]), int(day[duplicate.later]), int(day[duplicate.original]),
            duplicate.kind == "republished" and duplicate.later,
        )  # fmt: skip
        row = first.setdefault(batch, duplicate.later)
        with_cases.append(replace(duplicate, case=_key(payments, row)))
    return with_cases


def _once_per_invoice(payments: Payments, duplicates: list[Duplicate]) -> list[Duplicate]:
    """Return the duplicates without payments of a split invoice whose parts the ledger has, so that
    one invoice is one finding."""
    numbers = [normal(payments.document[duplicate.later]) for duplicate in duplicates]
    split = {
        number
        for number, duplicate in zip(numbers, duplicates, strict=True)
        if duplicate.kind == "split" and payments.platform[duplicate.later] == "ledger"
    }
    return [
        duplicate
        for number, duplicate in zip(numbers, duplicates, strict=True)
        if duplicate.kind != "split"
        or payments.platform[duplicate.later] == "ledger"
        or number not in split
    ]


def _taken_back(reversed_by: Reversals) -> dict[int, int]:
    """Return row of a payment that was wholly taken back → row of its reversal."""
    whole = reversed_by.only(reversed_by.whole)
    return dict(zip(whole.original.tolist(), whole.reversal.tolist(), strict=True))


def _on_card(payments: Payments, same: Pairs) -> set[int]:
    """Return the rows of payments that a card's feed recorded as well.

    They are hardly paid twice: entering a receipt twice charges the card only once.
    """
    card = are(payments.platform, "card")
    return {*same.one[card[same.other]].tolist(), *same.other[card[same.one]].tolist()}


def _weighed(
    payments: Payments,
    repeat: fraud_candidates.Repeat,
    taken_back: dict[int, int],
    on_card: set[int],
) -> Duplicate:
    later, original, confidence = repeat.later, repeat.original, repeat.confidence
    notes: list[str] = []
    day = payments.day
    if original in taken_back and day[taken_back[original]] <= day[later]:
        confidence *= 0.3
        notes.append("the original was taken back before: this pays it anew")
    if later in taken_back:
        confidence *= 0.5
        notes.append(f"taken back by {_key(payments, taken_back[later])}")
    if repeat.kind in SLIPS and {later, original} <= on_card:
        confidence *= 0.5
        notes.append("each has a card line of its own: two purchases")
    if repeat.kind in RHYTHMIC and _is_calendar(int(day[later] - day[original])):
        confidence *= RHYTHMIC[repeat.kind]
        notes.append("as far apart as the payments of a contract may be")
    return Duplicate(later, original, repeat.kind, confidence, tuple(notes))


def _is_calendar(days: int) -> bool:
    return days in (28, 29, 30, 31, 90, 91, 92) or 364 <= days <= 366


def _key(payments: Payments, at: int) -> str:
    """Return the source and key of row `at` as one text, which stays the same after a re-import."""
    return f"{payments.source[at]} {payments.external_id[at]}"


def evidence(payments: Payments, duplicate: Duplicate) -> dict[str, Any]:
    """Return the evidence that is stored with a duplicate: kind, reason, days between the rows,
    what speaks against it, and both rows."""
    rows = (duplicate.later, duplicate.original)
    return {
        "kind": duplicate.kind,
        "why": WORDS[duplicate.kind],
        "days": int(payments.day[rows[0]] - payments.day[rows[1]]),
        "against": list(duplicate.notes),
        "case": duplicate.case,
        "decided": str(duplicate.record) if duplicate.record else "",
        "rows": [
            {
                "key": _key(payments, at),
                "day": day_of(payments, at),
                "amount": f"{payments.amount[at] / UNIT:.2f} {payments.currency[at]}",
                "number": payments.document[at],
            }
            for at in rows
        ],
    }


def stated(user_id: UUID, payments: Payments) -> Stated:
    """Return the bank account and the first publication that each payment's row states."""
    with tenant_snapshot(user_id, hashed=True) as reader:
        query = SQL(sql.read("enrich/stated")).format(user_id=Literal(str(user_id)))
        table: pa.Table = reader.table(query)
    place = pc.index_in(pa.array(payments.payee_event, table["event"].type), table["event"])
    accounts, publications = (
        table[name].take(place).fill_null("") for name in ("account", "publication")
    )
    return Stated(texts(accounts), texts(publications))


def _rows(payments: Payments, duplicates: list[Duplicate]) -> Iterator[tuple[object, ...]]:
    for duplicate in duplicates:
        later, original = duplicate.later, duplicate.original
        yield (
            payments.relationship[later],
            payments.relationship[original],
            round(duplicate.confidence, 4),
            _key(payments, later),
            _key(payments, original),
            json.dumps(evidence(payments, duplicate), ensure_ascii=False),
        )
