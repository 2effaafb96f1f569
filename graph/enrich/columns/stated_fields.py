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
    """The tenant's fields with few values, as each payment's row states them ("" for nothing).

    A sample of each source decides which fields have few values, because the rows are wide.
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
    """The places of SAMPLE rows of each source, spread over all of its rows."""
    samples: list[Ints] = []
    for name in sorted(set(source)):
        rows = np.flatnonzero(source == name)
        samples.append(rows[:: max(1, len(rows) // SAMPLE)])
    return np.concatenate([np.zeros(0, dtype=np.int64), *samples])


def _stated(
    reader: TenantReader, user_id: UUID, values: list[Composable], among: Composable, events: Texts
) -> list[Texts]:
    """What the rows of these events state, one column per value, in their order; None for
    nothing."""
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
    """The fields with 2 to MOST values in some source, of rows as JSON objects."""
    rows = [json.loads(text) for text in objects]
    names = dict.fromkeys(chain.from_iterable(rows))
    columns = {name: [_text(row[name]) if name in row else None for row in rows] for name in names}
    return _few({name: np.array(values, dtype=object) for name, values in columns.items()}, source)


def _text(value: object) -> str | None:
    """The value as text, in the form that PostgreSQL's `->>` gives."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _few(columns: Mapping[str, Texts], source: Texts) -> Fields:
    """The columns with 2 to MOST values in some source; "" for nothing."""
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
    """For each of `rows`, how often rows of its kind have a sighting in the other source, relative
    to the kind that has one most often.

    `of` are all rows of the source, and `mated` those that certainly have a sighting. The kinds are
    the values of the one field with the greatest information gain (J. Quinlan, "Induction of
    decision trees", 1986). The result is 1 if no field says anything.
    """
    best, gain = None, 0.05  # bits; a smaller gain is chance
    share = len(mated) / max(len(of), 1)
    for name in sorted(kinds):
        code = codes(kinds[name])
        rates = _rates(code, of, mated)
        bits = _doubt(share) - sum(n * _doubt(r) for r, n in rates.values()) / max(len(of), 1)
        if len(rates) <= MOST and bits > gain * _doubt(share):
            best, gain = (code, rates), bits / max(_doubt(share), 1e-9)
    if best is None:
        return np.ones(len(rows))
    code, rates = best
    top = max(rate for rate, _ in rates.values())
    factors = {value: max(_smooth(rate, n, top) / top, LEAST) for value, (rate, n) in rates.items()}
    return np.array([factors[value] for value in code[rows].tolist()], dtype=np.float64)


def _rates(code: Ints, of: Ints, mated: Ints) -> dict[int, tuple[float, int]]:
    """For each code in the rows `of`, in the order of its first row: the share of its rows that are
    in `mated`, and their number."""
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
    """The rate as if one more row had the best rate, because few rows without a sighting say
    little."""
    return (rate * size + top) / (size + 1)


def _doubt(share: float) -> float:
    """The entropy of a yes-or-no value, in bits."""
    parts = (share, 1 - share)
    return float(-sum(part * np.log2(part) for part in parts if part > 0))
