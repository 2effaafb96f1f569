"""Fields of the sources' rows that have few values, such as an entry type or a kind of account.

finley does not know what the values mean. But if rows with one value usually have a sighting in
another source, and rows with another value hardly ever, the value tells how likely a row has one.
"""

import json
from collections.abc import Iterable, Mapping
from itertools import chain
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from psycopg.sql import SQL, Composable, Identifier, Literal

from graph import sql
from graph.database.arrow import TenantReader, tenant_snapshot
from graph.enrich.columns.grouping import codes
from graph.enrich.columns.payments import Ints, Payments, Texts, fixed

Floats = NDArray[np.float64]
Fields = dict[str, Texts]

SAMPLE = 1_000  # rows per source from which fields with few values are detected
MOST = 20  # values of a field that sorts rows into kinds
LEAST = 0.0005  # the odds of a kind that never has a sighting in the other source


def load(user_id: UUID, payments: Payments) -> Fields:
    """Return field's name → the value that each payment's row has in it, for the tenant's fields
    with few values ("" for no value).

    A sample of each source's rows decides which fields have few values, because the rows are wide.
    """
    events, some = payments.payee_event, _sample(payments.source)
    with tenant_snapshot(user_id, hashed=True) as reader:
        among = SQL("id = ANY ({}::uuid[])").format(Literal(events[some].tolist()))
        (sample,) = _stated(reader, user_id, [SQL("data::text")], among, events[some])
        names = sorted(few([text or "{}" for text in sample], payments.source[some]))
        if not names:
            return {}
        values: list[Composable] = [SQL("data ->> {}").format(Literal(name)) for name in names]
        columns = _stated(reader, user_id, values, SQL("posting = 2"), events)
    return _few(dict(zip(names, columns, strict=True)), payments.source)


def _sample(source: Texts) -> Ints:
    """Return the numbers of about SAMPLE rows of each source, spread evenly over the source's
    rows."""
    samples: list[Ints] = []
    for name in sorted(set(source)):
        rows = np.flatnonzero(source == name)
        samples.append(rows[:: max(1, len(rows) // SAMPLE)])
    return np.concatenate([np.zeros(0, dtype=np.int64), *samples])


def _stated(
    reader: TenantReader, user_id: UUID, values: list[Composable], among: Composable, events: Texts
) -> list[Texts]:
    """Return one column per SQL expression in `values`: what it yields for each of the events, or
    None.

    `among` is an SQL condition that selects the rows to read.
    """
    columns = [SQL("{} AS {}").format(x, Identifier(f"value_{at}")) for at, x in enumerate(values)]
    query = SQL(sql.read("enrich/fields")).format(
        values=SQL(", ").join(columns), user_id=Literal(str(user_id)), among=among
    )
    table: pa.Table = reader.table(query)
    place = pc.index_in(pa.array(events, table["event"].type), value_set=table["event"])
    return [
        np.asarray(table[f"value_{at}"].take(place).to_pylist(), dtype=object)
        for at in range(len(values))
    ]


def few(objects: Iterable[str], source: Texts) -> Fields:
    """Return field's name → values, for the fields that have 2 to MOST different values in some
    source.

    `objects` are rows as the text of JSON objects, `source` the source of each.
    """
    rows = [json.loads(text) for text in objects]
    names = dict.fromkeys(chain.from_iterable(rows))
    columns = {name: [_text(row[name]) if name in row else None for row in rows] for name in names}
    return _few({name: np.array(values, dtype=object) for name, values in columns.items()}, source)


def _text(value: object) -> str | None:
    """Return a JSON value as text in the form that PostgreSQL's `->>` gives; None for null."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _few(columns: Mapping[str, Texts], source: Texts) -> Fields:
    """Return the columns that have 2 to MOST different values in some source, with "" for None."""
    of = codes(source)
    fields: Fields = {}
    for name in sorted(columns):
        is_stated = np.array([value is not None for value in columns[name]], dtype=bool)
        texts = np.where(is_stated, columns[name], "")
        groups = np.unique(np.stack([of, codes(texts)])[:, is_stated], axis=1)[0]
        counts = np.bincount(groups, minlength=1)
        if ((counts >= 2) & (counts <= MOST)).any():
            fields[name] = fixed(texts)
    return fields


def favour(kinds: Fields, of: Ints, mated: Ints, rows: Ints) -> Floats:
    """Return a factor up to 1 for each row in `rows`: how often rows of its kind have a sighting in
    the other source, relative to the kind that has one most often.

    `of` are all rows of the source, and `mated` those that certainly have a sighting. The kinds are
    the values of the one field with the greatest information gain (J. Quinlan, "Induction of
    decision trees", 1986). All factors are 1 if no field tells anything.
    """
    best, gain = None, 0.05  # bits; a smaller gain is chance
    share = len(mated) / max(len(of), 1)
    for name in sorted(kinds):
        code = codes(kinds[name])
        rates = _rates(code, of, mated)
        bits = _entropy(share) - sum(n * _entropy(r) for r, n in rates.values()) / max(len(of), 1)
        if len(rates) <= MOST and bits > gain * _entropy(share):
            best, gain = (code, rates), bits / max(_entropy(share), 1e-9)
    if best is None:
        return np.ones(len(rows))
    code, rates = best
    top = max(rate for rate, _ in rates.values())
    factors = {value: max(_smooth(rate, n, top) / top, LEAST) for value, (rate, n) in rates.items()}
    return np.array([factors[value] for value in code[rows].tolist()], dtype=np.float64)


def _rates(code: Ints, of: Ints, mated: Ints) -> dict[int, tuple[float, int]]:
    """Return code → (share of its rows that are in `mated`, number of its rows), over the rows
    `of`.

    Codes are in the order of their first rows.
    """
    size = int(code.max(initial=-1)) + 1
    counts = np.bincount(code[of], minlength=size).tolist()
    mated_counts = np.bincount(code[mated], minlength=size).tolist()
    first = np.full(size, len(of), dtype=np.int64)
    first[code[of][::-1]] = np.arange(len(of), dtype=np.int64)[::-1]  # the last assigned stays
    ordered = np.argsort(first, kind="stable").tolist()
    return {
        value: (min(mated_counts[value] / counts[value], 1.0), counts[value])
        for value in ordered
        if counts[value]
    }


def _smooth(rate: float, size: int, top: float) -> float:
    """Return the rate of `size` rows as if there were one more row with the rate `top`, because few
    rows say little."""
    return (rate * size + top) / (size + 1)


def _entropy(share: float) -> float:
    """Return the entropy, in bits, of a value that is true in this share of cases."""
    parts = (share, 1 - share)
    return float(-sum(part * np.log2(part) for part in parts if part > 0))
