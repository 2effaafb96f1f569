"""Links rows of different sources that name one document: the same number, however it is spelled.

Only numbers count that few rows have, or that one row has as its own. Two rows of one source are
never linked: an invoice of 123 lines says nothing about any two of them. A short number counts if
the parties' names are similar, too. A very short one counts if both rows put the same label before
it ('permit 424'). If a row calls a number an order's, the link is `ordered_by`, from that row to
the row that has the number as its own.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from uuid import UUID

import numpy as np

from graph.enrich.columns import numbers
from graph.enrich.columns.column_cache import by_row, once
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import codes, groups, unlike
from graph.enrich.columns.name_similarity import likeness
from graph.enrich.columns.payments import Payments, Texts
from graph.enrich.write.counts import Counts
from graph.enrich.write.write_links import Link, write
from graph.ingest.documents import document_references

METHOD = "reference"
RARE = 3  # rows of one source with a number; a number with more identifies none of them
SHORTEST = 5  # least characters of a number
LABELLED = 2  # least characters of a number with the same label in both rows
LONG = 9  # characters, with letters among them, from which a number needs no similar parties
# Confidence of a link by a short number behind one label: all 180 links in planted books of seeds
# 6 to 10 were right, beside as many look-alikes.
BY_LABEL = 0.96
ALIKE = 0.5  # least similarity of the parties' names for a shorter number


_LABELLED = re.compile(
    r"(?P<label>(?:[^\W\d]{2,}\s)?"
    r"(?:numbers?|no|nr|num|permit|claim|invoice|inv|order|ticket|case|licen[cs]e|contract|grant"
    r"|ref|reference|rechnung|beleg|facture))\b\s*[.:#]{0,2}\s*"
    r"(?P<number>\d{1,4})(?![.,/\-]?\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A document number that two rows of different sources name. `one` and `other` are the row
    numbers."""

    one: int
    other: int
    number: str
    is_order: bool


def enrich(user_id: UUID, payments: Payments) -> Counts:
    """Write the tenant's reference and ordered_by links, and return the numbers of changed
    links."""
    return write(user_id, METHOD, links(payments, find(payments)))


@once
def find(payments: Payments) -> list[Reference]:
    """Return one reference per pair of rows, under the longest number that both name. `one` is
    the later row."""
    own = numbers.of_documents(payments)
    number_of: dict[tuple[int, int], str] = {}
    by_label = numbers.rows_by(_labels(payments))
    for number, rows in (*by_label.items(), *_by_number(payments)):
        for pair in _pairs(payments, number, rows, own):
            if len(number) > len(number_of.get(pair, "")) or " " in number_of[pair]:
                number_of[pair] = number
    pairs = _of_like_parties(payments, number_of)
    return [_directed(payments, own, pair, number_of[pair]) for pair in sorted(pairs)]


def _by_number(payments: Payments) -> Iterator[tuple[str, list[int]]]:
    """Yield each number that rows of different sources state, with its rows in order."""
    stated = numbers.stated(payments)
    code = codes(stated.texts)
    elsewhere = unlike(code, codes(payments.source)[stated.rows])[code] > 1
    for places in groups(code, np.flatnonzero(elsewhere)):
        yield stated.texts[places[0]], stated.rows[places].tolist()


def links(payments: Payments, references: list[Reference]) -> Iterator[Link]:
    """Yield one link per reference, from the payee's posting of `one` to that of `other`."""
    for reference in references:
        one, other = reference.one, reference.other
        kind = "ordered_by" if reference.is_order else "reference"
        what = "orders by" if reference.is_order else "names"
        number = reference.number
        reason = (
            f"row {payments.external_id[one]} of {payments.source[one]} {what} {number}, as "
            f"row {payments.external_id[other]} of {payments.source[other]} does, "
            f"{abs(payments.day[one] - payments.day[other])} days apart"
        )
        confidence = _confidence(reference.number)
        yield Link(payments.payee_event[one], payments.payee_event[other], kind, confidence, reason)


def _confidence(number: str) -> float:
    if " " in number:
        return BY_LABEL
    return 0.95 if len(number) >= LONG else 0.85


@by_row
def _labels(payments: Payments) -> list[object]:
    return list(map(labelled, payments.description))


@lru_cache(maxsize=65_536)
def labelled(text: str) -> frozenset[str]:
    """Return the short numbers in a text, each with its label: the one or two words before it.

    'travel permit number 424' gives 'permit number 424'.
    """
    return frozenset(
        f"{' '.join(match['label'].casefold().split())} {match['number'].lstrip('0')}"
        for match in _LABELLED.finditer(text)
        if LABELLED <= len(match["number"].lstrip("0")) < SHORTEST
    )


def _pairs(
    payments: Payments, number: str, rows: list[int], own: Texts
) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows of different sources among the rows that state the number, the later row
    first.

    If many rows state the number and exactly one has it as its own, only that row is paired, with
    each of the others.
    """
    if len(number) < SHORTEST or len(rows) < 2:
        return
    by_source: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        by_source[payments.source[row]].append(row)
    if max(map(len, by_source.values())) > RARE:
        owners = [row for row in rows if own[row] == number]
        if len(owners) == 1 and len(rows) <= numbers.MOST_OWNERS:
            yield from _with_owner(payments, owners[0], rows)
        return
    for one, other in combinations(rows, 2):
        if payments.source[one] != payments.source[other]:
            yield other, one


def _with_owner(payments: Payments, owner: int, rows: list[int]) -> Iterator[tuple[int, int]]:
    for row in rows:
        if payments.source[row] != payments.source[owner]:
            yield max(row, owner), min(row, owner)


def _of_like_parties(
    payments: Payments, number_of: dict[tuple[int, int], str]
) -> list[tuple[int, int]]:
    """Return the pairs whose parties have similar names, or whose number is long enough to connect
    them alone."""
    pairs = sorted(number_of)
    if not pairs:
        return []
    party = sides(payments).party
    ends = np.array(pairs, dtype=np.int64)
    alike = likeness(payments.entities).of(party[ends[:, 0]], party[ends[:, 1]])
    return [
        pair
        for pair, likeness in zip(pairs, alike.tolist(), strict=True)
        if likeness >= ALIKE or _is_long(number_of[pair])
    ]


def _is_long(number: str) -> bool:
    return len(number) >= LONG and not number.isdigit() and " " not in number


def _directed(payments: Payments, own: Texts, pair: tuple[int, int], number: str) -> Reference:
    """Return the reference between two rows. If one row calls the number an order's, it goes from
    that row to the row that has the number as its own."""
    for one, other in (pair, pair[::-1]):
        if own[other] == number != own[one] and _calls_it_order(payments, one, number):
            return Reference(one, other, number, True)
    return Reference(*pair, number, False)


def _calls_it_order(payments: Payments, row: int, number: str) -> bool:
    text = f"{payments.description[row]} {payments.document[row]}"
    return any(
        reference.kind == "order" and numbers.normal(reference.number) == number
        for reference in document_references.named(text)
    )
