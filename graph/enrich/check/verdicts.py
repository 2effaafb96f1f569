"""Verdicts on payments before they are made, with their evidence.

`judge` takes rows of the books. It treats appended candidates and imported rows alike. Detectors
find duplicates and paid invoices. The party's earlier payments show what is unusual.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from graph.enrich.check.objection import VERDICTS, Finding, is_paid, row
from graph.enrich.check.party_habits import Past
from graph.enrich.check.run_detectors import Found
from graph.enrich.check.settled_invoices import Paid
from graph.enrich.columns.payments import Payments
from graph.enrich.fraud import WORDS, Duplicate, Stated
from graph.enrich.links.republished import SHARE
from graph.enrich.links.settlements import Settled

SURELY = 0.85  # confidence from which a repeated number and amount counts as paid


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of the check of one payment, which is row `place`.

    `findings` are the objections to the payment, the gravest first. `pays` are its settlements of
    invoices.
    """

    place: int
    findings: tuple[Finding, ...]
    pays: tuple[Settled, ...] = ()

    @property
    def verdict(self) -> str:
        return self.findings[0].verdict if self.findings else "fine"


def judge(payments: Payments, stated: Stated, found: Found, places: Sequence[int]) -> list[Verdict]:
    """Return one verdict for each of the rows `places`, in their order.

    Each of these rows is compared with all rows of `payments`, which contains the stored payments
    and the other candidates.
    """
    repeats = _repeats(payments, found, set(places))
    paid = Paid(payments, found.settled)
    past = Past(payments, stated, np.asarray(places, dtype=np.int64))
    return [
        _verdict(place, [*repeats[place], *paid.findings(place), *_unusual(past, place)], paid)
        for place in places
    ]


def _verdict(place: int, findings: list[Finding], paid: Paid) -> Verdict:
    ordered = sorted(findings, key=lambda one: (VERDICTS.index(one.verdict), -one.confidence))
    return Verdict(place, tuple(ordered), tuple(paid.by_payment.get(place, ())))


def _unusual(past: Past, place: int) -> Iterator[Finding]:
    if past.payments.amount[place]:
        yield from past.bank_details(place)
        yield from past.amount(place)
        yield from past.expected(place)


def _repeats(payments: Payments, found: Found, judged: set[int]) -> dict[int, list[Finding]]:
    by_place: dict[int, list[Finding]] = defaultdict(list)
    for duplicate in found.duplicates:
        ends = (duplicate.later, duplicate.original)
        for place, other in (ends, ends[::-1]):
            if place in judged:
                by_place[place].append(_duplicate(payments, duplicate, other))
    places = np.array(sorted(judged), dtype=np.int64)
    same = found.same.only(np.isin(found.same.one, places) | np.isin(found.same.other, places))
    pairs = zip(same.one.tolist(), same.other.tolist(), strict=True)
    for at, pair in enumerate(pairs):
        for place, other in (pair, pair[::-1]):
            if place in judged and is_paid(payments, other):
                why = f"{row(payments, other)} is probably this very payment"
                sure = float(same.confidence[at])
                by_place[place].append(Finding("already_paid", sure, why, (other,)))
    return by_place


def _duplicate(payments: Payments, duplicate: Duplicate, other: int) -> Finding:
    if duplicate.kind == "republished":
        why = f"the run repeats rows that are in the books: {row(payments, other)}"
        return Finding("already_paid", SHARE, why, (other,))
    against = f" (against it: {'; '.join(duplicate.notes)})" if duplicate.notes else ""
    why = f"{WORDS[duplicate.kind]} as {row(payments, other)}{against}"
    sure = duplicate.kind == "paid_twice" and duplicate.confidence >= SURELY
    verdict = "already_paid" if sure and is_paid(payments, other) else "duplicate"
    return Finding(verdict, duplicate.confidence, why, (other,))
