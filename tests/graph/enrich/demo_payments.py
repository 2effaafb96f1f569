"""Reads demo books as payments without a database, with the entities that an import and `enrich`
would create."""

import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from finley.demo.books import write
from finley.demo.truth import Ref, Truth
from graph.enrich.columns import stated_fields
from graph.enrich.columns.payments import UNIT, Entities, Payments
from graph.enrich.resolution.resolve import Party, resolve
from graph.enrich.resolution.strong_keys import Key
from graph.ingest.import_file import format_of
from graph.ingest.ledger_rows import LedgerRow
from graph.ingest.rows_from_file import read
from graph.ingest.store.identity import identity

ACCOUNTS = ("iban", "bank_account")
EPOCH = np.datetime64("1970-01-01")


class Demo(NamedTuple):
    """Demo books as payments: the payments, the truth, the position of each row among the payments,
    and each payment's stated account and fields."""

    payments: Payments
    truth: Truth
    place: dict[Ref, int]
    accounts: np.ndarray[Any, Any]
    kinds: stated_fields.Fields


class Read(NamedTuple):
    """Books read from files: the payments, the position of each row among them, and each payment's
    stated account and fields."""

    payments: Payments
    place: dict[Ref, int]
    accounts: np.ndarray[Any, Any]
    kinds: stated_fields.Fields


@cache
def demo(seed: int, **options: Any) -> Demo:
    """The demo books of this seed."""
    with TemporaryDirectory() as folder:
        books = write(Path(folder), seed, **options)
        contents = of_files([path for path in books.files if path.suffix == ".csv"])
    return Demo(contents.payments, books.truth, contents.place, contents.accounts, contents.kinds)


def of_files(paths: list[Path], *, merged: bool = True) -> Read:
    """Read ledger files as payments, each key once. Similar parties are merged as enrichment does,
    unless `merged` is False."""
    row_by_key: dict[tuple[str, str], tuple[str, str, str, LedgerRow]] = {}
    for path in paths:
        by = format_of(path)
        for row in read(path, by):
            if isinstance(row, LedgerRow):
                row_by_key.setdefault(
                    (by.source, row.key), (path.name, by.source, by.platform, row)
                )
    rows = sorted(row_by_key.values(), key=lambda item: (item[3].occurred_at, item[1], item[3].key))
    payments = _payments(rows, merged)
    place = {Ref(file, row.key): at for at, (file, _, _, row) in enumerate(rows)}
    kinds = stated_fields.few((json.dumps(row.data) for *_, row in rows), payments.source)
    accounts = np.array([_account(row) for *_, row in rows], dtype=object)
    return Read(payments, place, accounts, kinds)


def _account(row: LedgerRow) -> str:
    keys = {**dict(row.payer.keys), **dict(row.payee.keys)}
    return next((f"{kind} {keys[kind]}" for kind in ACCOUNTS if keys.get(kind)), "")


def _payments(rows: list[Any], merged: bool) -> Payments:
    entity_of, entities = _entities(rows, merged)
    ends = [(row.payer, row.payee)[:: 1 if row.amount >= 0 else -1] for *_, row in rows]
    payer, payee = (
        np.array([entity_of[pair[side].kind, identity(pair[side])] for pair in ends])
        for side in (0, 1)
    )
    texts: dict[str, list[str]] = defaultdict(list)
    for at, (_, source, platform, row) in enumerate(rows):
        texts["relationship"].append(f"r{at}")
        texts["currency"].append(row.currency)
        texts["precision"].append(row.precision)
        texts["source"].append(source)
        texts["platform"].append(platform)
        texts["external_id"].append(row.key)
        texts["document"].append(row.document_ref or "")
        texts["transaction"].append(f"{source} {row.transaction_ref}")
        texts["description"].append(row.description or "")
        texts["payer_event"].append(f"p{at}")
        texts["payee_event"].append(f"e{at}")
    return Payments(
        payer=payer,
        payee=payee,
        amount=np.array([int(abs(row.amount) * UNIT) for *_, row in rows], dtype=np.int64),
        day=np.array([_days(row.occurred_at.date()) for *_, row in rows], dtype=np.int64),
        due_day=np.array(
            [_days(row.due_on) if row.due_on else -1 for *_, row in rows], dtype=np.int64
        ),
        entities=entities,
        **{name: np.array(values, dtype=object) for name, values in texts.items()},
    )


def _days(day: Any) -> int:
    return int((np.datetime64(day) - EPOCH).astype(int))


def _entities(rows: list[Any], merged: bool) -> tuple[dict[tuple[str, str], int], Entities]:
    """The entities, and for each (kind, identity) the position of the entity that stands for it."""
    party_by_mark: dict[tuple[str, str], Any] = {}
    sources, keys, events = defaultdict(set), defaultdict(set), defaultdict(int)
    for _, source, _, row in rows:
        for party in (row.payer, row.payee):
            mark = (party.kind, identity(party))
            party_by_mark.setdefault(mark, party)
            sources[mark].add(source)
            events[mark] += 1
            keys[mark] |= {Key(kind, value, source) for kind, value in party.keys}
    marks = list(party_by_mark)
    parties = [
        Party(
            f"{at:06d}", mark[0], party_by_mark[mark].name, tuple(sorted(keys[mark], key=repr)),
            frozenset(sources[mark]), events[mark],
        )
        for at, mark in enumerate(marks)
    ]  # fmt: skip
    into = {
        int(pair.merged): int(pair.kept) for pair in resolve(parties) if pair.decided == "automatic"
    }
    entities = Entities(
        id=np.array([f"n{at}" for at in range(len(marks))], dtype=object),
        kind=np.array([mark[0] for mark in marks], dtype=object),
        name=np.array([party_by_mark[mark].name for mark in marks], dtype=object),
        keys=[dict(party_by_mark[mark].keys) for mark in marks],
    )
    return {mark: into.get(at, at) for at, mark in enumerate(marks)}, entities
