"""Makes pay runs from a tenant's books, and compares checks with an import followed by
enrichment."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from graph.enrich import fraud
from graph.enrich.check import verdicts
from graph.enrich.check.books_with_candidates import EPOCH
from graph.enrich.check.candidate_payment import KEYS, Candidate
from graph.enrich.check.objection import Finding
from graph.enrich.check.payment_history import History
from graph.enrich.check.run_detectors import Found
from graph.enrich.check.verdicts import Verdict
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.payments import UNIT, Payments
from graph.enrich.detector_results import Findings
from graph.ingest.import_file import import_file
from graph.ingest.ledger_rows import Party
from graph.ingest.mappings.from_toml import loads
from graph.questions import check

PARTIES = ("vendor", "employee", "customer")
SOON = 10  # days after the end of the books within which a run pays
FORMAT = """
name = "pay-run"
source = "{source}"
platform = "{platform}"
records = "payment"
[key]
columns = ["id"]
unique = true
[date]
column = "date"
formats = ["%Y-%m-%d"]
[amount]
column = "amount"
[payer]
kind = "department"
kind_column = "payer_kind"
name = "payer"
[payee]
kind = "vendor"
kind_column = "party_kind"
name = "party"
[payee.keys]
{keys}
[fields]
currency = "currency"
document_ref = "number"
description = "description"
due_on = "due_on"
"""
COLUMNS = (
    "id", "date", "amount", "currency", "party", "party_kind", *KEYS, "number", "description",
    "due_on", "payer", "payer_kind",
)  # fmt: skip


def of_books(history: History, size: int, seed: int = 1) -> list[Candidate]:
    """A pay run of `size` candidates made from the books: new payments, payments that were made
    already, and payments with typing errors. Equal arguments give the same run."""
    rng = random.Random(seed)
    payments, side = history.payments, sides(history.payments)
    kinds = payments.entities.kind
    fits = (payments.source == history.usual_source) & side.outgoing
    fits &= np.isin(kinds[side.party].astype(str), PARTIES)
    rows = np.flatnonzero(fits).tolist()
    last = EPOCH + timedelta(days=int(payments.day[-1]))
    run: list[Candidate] = []
    for number in range(size):
        one = _of_row(payments, rng.choice(rows), f"RUN-{seed}-{number}")
        one = replace(one, day=last + timedelta(days=rng.randrange(SOON)))
        run.append(_altered(rng, one, run))
    return run


def _of_row(payments: Payments, at: int, key: str) -> Candidate:
    side, entities = sides(payments), payments.entities
    party, own = int(side.party[at]), int(side.own[at])
    keys = tuple((kind, v) for kind in KEYS if (v := entities.keys[party].get(kind)))
    return Candidate(
        id=key,
        day=EPOCH + timedelta(days=int(payments.day[at])),
        amount=Decimal(int(payments.amount[at])) / UNIT,
        currency=payments.currency[at],
        party=Party(entities.kind[party], entities.name[party], keys),
        number=payments.document[at],
        description=payments.description[at],
        payer=entities.name[own],
    )


def _altered(rng: random.Random, one: Candidate, run: Sequence[Candidate]) -> Candidate:
    """Change the candidate at random: usually to a new payment, else to one with an error, such as
    a repeated or a mistyped number."""
    new = f"{rng.choice('ABCDEFGH')}{rng.randrange(10**6, 10**7)}"
    cents = Decimal(rng.randrange(-999, 999)) / 100
    fresh = replace(one, number=new, amount=max(one.amount + cents, Decimal(1)))
    doings = {
        "again": (15, one),
        "suffix": (4, replace(one, number=f"{one.number}-1")),
        "swapped": (4, replace(one, number=_swapped(one.number))),
        "swapped amount": (4, replace(one, amount=_swapped_amount(one.amount))),
        "ten times": (5, replace(fresh, amount=10 * one.amount)),
        "nothing": (2, replace(fresh, amount=Decimal(0))),
        "other currency": (2, replace(one, currency="CHF")),
        "twice in the run": (4, replace(rng.choice(run), id=one.id) if run else one),
    }
    names = [*doings, "fresh"]
    weights = [weight for weight, _ in doings.values()]
    chosen = rng.choices(names, [*weights, 100 - sum(weights)])[0]
    return doings[chosen][1] if chosen in doings else fresh


def strangers(run: Sequence[Candidate]) -> list[Candidate]:
    """Three further candidates made from the first one of the run: with an unknown party, with
    another bank account, and with another spelling of the name."""
    one = run[0]
    kind, name = one.party.kind, one.party.name
    return [
        replace(one, id="X1", party=Party("vendor", "Zephyr Nautical Quartz")),
        replace(one, id="X2", party=Party(kind, name, (*one.party.keys, ("iban", "GB00NEW1")))),
        replace(one, id="X3", party=Party(kind, f"{name} Ltd.".upper())),
    ]


def _swapped(text: str) -> str:
    places = [
        at
        for at in range(len(text) - 1)
        if text[at : at + 2].isdigit() and text[at] != text[at + 1]
    ]
    if not places:
        return text
    at = places[-1]
    return f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"


def _swapped_amount(amount: Decimal) -> Decimal:
    return Decimal(_swapped(f"{amount:.2f}"))


def imported(user_id: UUID, history: History, run: Sequence[Candidate], folder: Path) -> None:
    """Import the run as a file into the books' usual source."""
    source = history.usual_source
    platform = history.payments.platform[history.payments.source == source][0]
    entities = history.payments.entities
    kinds = dict(zip(entities.name, entities.kind, strict=True))
    path = folder / "payrun.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for one in run:
            writer.writerow(_cells(one, kinds))
    keys = "\n".join(f'{kind} = "{kind}"' for kind in KEYS)
    text = FORMAT.format(source=source, platform=platform, keys=keys)
    done = import_file(user_id, path, loads("pay-run", text), folder)
    if done.counts.rows_stored != len(run):
        raise ValueError(f"{done.counts} of {len(run)} rows")


def _cells(one: Candidate, kinds: dict[str, str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "date": one.day.isoformat(),
        "amount": one.amount,
        "currency": one.currency,
        "party": one.party.name,
        "party_kind": one.party.kind,
        **dict(one.party.keys),
        "number": one.number,
        "description": one.description,
        "due_on": one.due_on or "",
        "payer": one.payer,
        "payer_kind": kinds[one.payer],
    }


def checked(user_id: UUID, run: Sequence[Candidate]) -> list[tuple[Any, ...]]:
    """Check the run against the tenant's books. Return each verdict as an `outline`."""
    with_them, verdicts_of_run = check.judged(check.books(user_id), run)
    return [outline(with_them.payments, one) for one in verdicts_of_run]


def judged(user_id: UUID, source: str, run: Sequence[Candidate]) -> list[tuple[Any, ...]]:
    """The verdicts on the run's rows after they were imported into `source` and enriched, as
    `outline`s in the order of the run."""
    books = Findings(user_id)
    payments = books.payments
    place = {
        key: at
        for at, (of, key) in enumerate(zip(payments.source, payments.external_id, strict=True))
        if of == source
    }
    found = Found(books.same, books.duplicates, books.settled)
    stated = fraud.stated(user_id, payments)
    places = [place[one.id] for one in run]
    return [outline(payments, one) for one in verdicts.judge(payments, stated, found, places)]


def outline(payments: Payments, verdict: Verdict) -> tuple[Any, ...]:
    """The verdict with rows' keys in place of ids, so that verdicts before and after an import can
    be compared: (key, verdict, findings, invoices that it pays)."""
    findings = [_finding(payments, one) for one in verdict.findings]
    pays = sorted((_key(payments, one.invoice), one.amount) for one in verdict.pays)
    return payments.external_id[verdict.place], verdict.verdict, findings, pays


def _finding(payments: Payments, one: Finding) -> tuple[Any, ...]:
    return one.verdict, round(one.confidence, 3), [_key(payments, at) for at in one.rows]


def _key(payments: Payments, at: int) -> tuple[str, str]:
    return payments.source[at], payments.external_id[at]
