"""Adds the candidates to the payments of the books, as an import would."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from graph.enrich.check import known_parties
from graph.enrich.check.candidate_payment import Candidate
from graph.enrich.check.payment_history import History
from graph.enrich.columns.grouping import are, inserted
from graph.enrich.columns.payments import UNIT, Entities, Extended, Ints, Payments, Texts
from graph.enrich.columns.stated_fields import Fields
from graph.enrich.columns.taken_apart import NOTHING
from graph.enrich.fraud import Stated
from graph.ingest.store.identity import normalized

EPOCH = date(1970, 1, 1)
SECONDS = 86_400  # seconds of a day
PUBLICATION = "check"
PLATFORM = "ledger"  # the platform of a source that has no rows yet


@dataclass(frozen=True, eq=False)
class Books:
    """All payments of a tenant with the candidates inserted, and what their rows state.

    `places` has the row number of each candidate, in the order of the candidates.
    """

    payments: Payments
    stated: Stated
    kinds: Fields
    places: Ints


def append(history: History, candidates: Sequence[Candidate], source: str) -> Books:
    """Return the tenant's books as they would be if the source had the candidates as rows. The
    history is not changed."""
    matched = known_parties.find(history, candidates, source)
    entities, payers = _payers(history, candidates, matched, source)
    order = sorted(range(len(candidates)), key=lambda at: _key(candidates[at]))
    ordered = [candidates[at] for at in order]
    before = _before(history.payments, ordered, source)
    rows = _rows(history, ordered, source)
    ends = {
        "payer": np.array([payers[at] for at in order], dtype=np.int64),
        "payee": matched.paid[order],
    }
    payments = _payments(history.payments, matched, entities, before, {**rows, **ends})
    places = np.empty(len(candidates), dtype=np.int64)
    places[order] = before + np.arange(len(order))
    return Books(payments, *_stated(history, ordered, before), places)


def _key(candidate: Candidate) -> tuple[date, str]:
    return candidate.day, candidate.id


def day_number(day: date) -> int:
    return (day - EPOCH).days


def _before(payments: Payments, ordered: Sequence[Candidate], source: str) -> Ints:
    """Return, for each candidate, how many of the history's rows come before it, ordered by
    timestamp, source and key."""
    timestamp = payments.day * SECONDS if payments.timestamp is None else payments.timestamp
    keys = np.array([day_number(candidate.day) * SECONDS for candidate in ordered], dtype=np.int64)
    lows, highs = (np.searchsorted(timestamp, keys, side=side) for side in ("left", "right"))
    positions = [
        bisect_left(
            range(low, high),
            (source, candidate.id),
            key=lambda at: (payments.source[at], payments.external_id[at]),
        )
        + low
        for candidate, low, high in zip(ordered, lows.tolist(), highs.tolist(), strict=True)
    ]
    return np.array(positions, dtype=np.int64)


def _rows(history: History, ordered: Sequence[Candidate], source: str) -> dict[str, Any]:
    payments = history.payments
    platforms = payments.platform[are(payments.source, source)]
    constants = {
        "precision": "day",
        "source": source,
        "platform": platforms[0] if len(platforms) else PLATFORM,
        "records": "payment",
    }
    texts: dict[str, list[str]] = {
        "external_id": [candidate.id for candidate in ordered],
        "relationship": [f"candidate {candidate.id}" for candidate in ordered],
        "payer_event": [f"payer of candidate {candidate.id}" for candidate in ordered],
        "payee_event": [f"payee of candidate {candidate.id}" for candidate in ordered],
        "transaction": [f"{source} {candidate.id}" for candidate in ordered],
        "currency": [candidate.currency for candidate in ordered],
        "document": [candidate.number for candidate in ordered],
        "description": [candidate.description for candidate in ordered],
        **{name: [text] * len(ordered) for name, text in constants.items()},
    }
    due = [
        -1 if candidate.due_on is None else day_number(candidate.due_on) for candidate in ordered
    ]
    days = np.array([day_number(candidate.day) for candidate in ordered], dtype=np.int64)
    return {
        **{name: _texts(values) for name, values in texts.items()},
        "amount": np.array([int(candidate.amount * UNIT) for candidate in ordered], dtype=np.int64),
        "day": days,
        "due_day": np.array(due, dtype=np.int64),
        "timestamp": days * SECONDS,
    }


def _texts(values: Sequence[str]) -> Texts:
    return np.array(values, dtype=object)


def _payments(
    old: Payments,
    matched: known_parties.Known,
    entities: Entities,
    before: Ints,
    rows: dict[str, Any],
) -> Payments:
    """Return the old payments with the new rows inserted before the row numbers `before`.

    `rows` has the new rows' values by column. Old rows get the representatives that parties have
    after the candidates were matched.
    """
    columns, values = {}, {name: some for name, some in rows.items() if _is_read(old, name)}
    for name, some in values.items():
        column = getattr(old, name)
        if name in ("payer", "payee"):
            column = matched.representative[column]
        insert = inserted if column.dtype == object else np.insert
        columns[name] = insert(column, before, some)
    new = replace(old, **values, entities=entities, apart=NOTHING)
    places = np.arange(len(old))
    moved = old.apart.moved(places + np.searchsorted(np.sort(before), places, side="right"))
    extended = vars(old) | columns | {"entities": entities, "apart": moved}
    return Extended(**extended, old=old, new=new, before=before)


def _is_read(payments: Payments, name: str) -> bool:
    """Return whether the payments have the column. Hand-made books lack some."""
    return getattr(payments, name) is not None


def _stated(history: History, ordered: Sequence[Candidate], before: Ints) -> tuple[Stated, Fields]:
    accounts = _texts([candidate.account for candidate in ordered])
    published, nothing = (_texts([text] * len(ordered)) for text in (PUBLICATION, ""))
    statements = Stated(
        inserted(history.stated.accounts, before, accounts),
        inserted(history.stated.publication, before, published),
    )
    kinds = {name: inserted(values, before, nothing) for name, values in history.kinds.items()}
    return statements, kinds


def _payers(
    history: History, candidates: Sequence[Candidate], matched: known_parties.Known, source: str
) -> tuple[Entities, list[int]]:
    """Return the entities with any new payers, and the place among them of the party that pays each
    candidate.

    That is the tenant's party that the candidate names, else the one that usually pays the payee.
    """
    usual, most = history.usual_payers(source)
    entities, new = matched.entities, dict[str, int]()
    payers = {candidate.payer for candidate in candidates}
    place_of = {name: history.ours.get(normalized(name)) for name in payers}
    places: list[int] = []
    for candidate, party in zip(candidates, matched.paid.tolist(), strict=True):
        place = place_of[candidate.payer] if candidate.payer else usual.get(party, most)
        if place is None:
            name = candidate.payer or "Our account"
            place = new.setdefault(name, len(entities.id) + len(new))
        places.append(place)
    more = Entities(
        id=_texts([f"payer {name}" for name in new]),
        kind=_texts(["department"] * len(new)),
        name=_texts(list(new)),
        keys=[{} for _ in new],
    )
    return _together(entities, more) if new else entities, places


def _together(one: Entities, other: Entities) -> Entities:
    names = ("id", "kind", "name")
    texts = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in names}
    return Entities(**texts, keys=[*one.keys, *other.keys])
