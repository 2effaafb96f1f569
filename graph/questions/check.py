"""Checks candidate payments against the books and against each other before they are paid."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connections

from graph.enrich import decision_counts, fraud
from graph.enrich.check import books_with_candidates, payment_history, run_detectors, verdicts
from graph.enrich.check.books_with_candidates import EPOCH, Books
from graph.enrich.check.candidate_payment import Candidate
from graph.enrich.check.objection import VERDICTS, Finding
from graph.enrich.check.payment_history import History
from graph.enrich.check.verdicts import Verdict
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import are, code_by_text
from graph.enrich.columns.payments import UNIT, Payments
from graph.enrich.decision_counts import Record
from graph.errors import QuestionError
from graph.reading import memory_cache
from graph.view import version

Answer = dict[str, Any]
MOST = 5_000  # candidates of one request
NOTHING = "Nothing in the books speaks against it."


def check(user_id: UUID, candidates: Sequence[Candidate], *, source: str | None = None) -> Answer:
    """Return one verdict for each candidate, in their order.

    The verdict is the same as if the candidates were imported into `source` and enriched. The
    default source is the one with the most outgoing payments. Nothing is stored. Raises
    QuestionError for an unknown source, for an id that two candidates have, and for an id that a
    row of the source already has.
    """
    tenant_history = books(user_id)
    into = _source(tenant_history, source)
    _must_be_new(tenant_history, candidates, into)
    with_them, of_run = judged(tenant_history, candidates, into, decision_counts.records(user_id))
    ids = {
        int(at): candidate.id for at, candidate in zip(with_them.places, candidates, strict=True)
    }
    return {
        "source": into,
        "books_until": _books_until(tenant_history.payments),
        "payments_compared": len(tenant_history.payments),
        "counts": _counts(of_run),
        "results": [_answer(with_them, verdict, ids) for verdict in of_run],
    }


def judged(
    tenant_history: History,
    candidates: Sequence[Candidate],
    source: str | None = None,
    records: Mapping[str, Record] | None = None,
) -> tuple[Books, list[Verdict]]:
    """Return the books with the candidates added, and one verdict per candidate, in their order.

    `records` are the decisions of people, by kind of duplicate.
    """
    with_them = books_with_candidates.append(
        tenant_history, candidates, source or tenant_history.usual_source
    )
    found = run_detectors.find(with_them)
    found = replace(found, duplicates=fraud.by_records(found.duplicates, records or {}))
    places = with_them.places.tolist()
    return with_them, verdicts.judge(with_them.payments, with_them.stated, found, places)


def books(user_id: UUID) -> History:
    """Return the tenant's books. They are kept in memory while they do not change."""
    name = (
        connections["default"].settings_dict["NAME"],
        user_id,
        version.version(user_id),
        payment_history.state(user_id),
    )
    if (tenant_history := memory_cache.histories.get(name)) is None:
        tenant_history = payment_history.read(user_id)
        memory_cache.histories.put(name, tenant_history, tenant_history.nbytes)
    return tenant_history


def _source(tenant_history: History, source: str | None) -> str:
    if source is not None and source not in set(tenant_history.payments.source):
        names = ", ".join(sorted(set(tenant_history.payments.source))) or "none"
        raise QuestionError(
            f"Your books have no source of this name. Choose from: {names}.", "source"
        )
    return source or tenant_history.usual_source


def _must_be_new(tenant_history: History, candidates: Sequence[Candidate], source: str) -> None:
    """Raise QuestionError if two candidates have the same id, or a row of the source has it.

    An import would use the ids as keys, which are unique within a source.
    """
    ids = [candidate.id for candidate in candidates]
    if len(set(ids)) < len(ids):
        raise QuestionError("Two payments have the same id.", "payments")
    payments = tenant_history.payments
    known = set(ids) & code_by_text(payments.external_id).keys()
    rows = are(payments.source, source) & are(payments.external_id, *known)
    duplicates = set(payments.external_id[rows]) if known else set()
    if duplicates:
        raise QuestionError(
            f"The source {source} has a row {min(duplicates)!r} already: it is not a new payment.",
            "payments",
        )


def _books_until(payments: Payments) -> date | None:
    return EPOCH + timedelta(days=int(payments.day[-1])) if len(payments) else None


def _counts(judged: Sequence[Verdict]) -> dict[str, int]:
    return {name: sum(verdict.verdict == name for verdict in judged) for name in VERDICTS}


def _answer(with_them: Books, judged: Verdict, ids: dict[int, str]) -> Answer:
    payments, at = with_them.payments, judged.place
    party = int(sides(payments).party[at])
    best = judged.findings[0] if judged.findings else None
    words = [f"{finding.why}." for finding in judged.findings] or [NOTHING]
    return {
        "id": payments.external_id[at],
        "verdict": judged.verdict,
        "confidence": best and round(best.confidence, 4),
        "in_words": " ".join(f"{text[0].upper()}{text[1:]}" for text in words),
        "party": payments.entities.name[party],
        "party_id": _known_id(payments.entities.id[party]),
        "amount": _amount(payments, at),
        "currency": payments.currency[at],
        "findings": [_finding(with_them, finding, ids) for finding in judged.findings],
        "pays": [
            {
                **_shown(with_them, settlement.invoice, ids),
                "settles": Decimal(settlement.amount) / UNIT,
            }
            for settlement in judged.pays
        ],
    }


def _finding(with_them: Books, found: Finding, ids: dict[int, str]) -> Answer:
    return {
        "verdict": found.verdict,
        "confidence": round(found.confidence, 4),
        "why": found.why,
        "rows": [_shown(with_them, at, ids) for at in found.rows],
    }


def _shown(with_them: Books, at: int, ids: dict[int, str]) -> Answer:
    """Return, as the answer shows it, row `at` of the books with the candidates: a candidate or
    a stored row."""
    payments = with_them.payments
    return {
        "candidate": ids.get(at),
        "relationship_id": None if at in ids else payments.relationship[at],
        "source": payments.source[at],
        "key": payments.external_id[at],
        "day": EPOCH + timedelta(days=int(payments.day[at])),
        "party": payments.entities.name[int(sides(payments).party[at])],
        "amount": _amount(payments, at),
        "currency": payments.currency[at],
        "document_ref": payments.document[at] or None,
        "records": None if payments.records is None else payments.records[at],
    }


def _amount(payments: Payments, at: int) -> Decimal:
    return Decimal(int(payments.amount[at])) / UNIT


def _known_id(name: str) -> str | None:
    """Return the id of a party, or None if the books do not have the party."""
    return None if name.startswith(("candidate ", "payer ")) else name
