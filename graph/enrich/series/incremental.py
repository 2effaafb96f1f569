"""Searches for series only where payments have changed since the last search.

A group consists of the payments between the same two parties in one source and currency. A group
with unchanged rows is not searched again. The activity of the other books has a small influence on
a fit's odds, too, but a change of it alone is no reason to search again (`manage.py enrich --all`
does). A change of the method's source code is a reason.
"""

import hashlib
import inspect
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from types import ModuleType
from typing import Any
from uuid import UUID

import numpy as np

from graph import sql
from graph.database.bulk import alone
from graph.database.tenancy import tenant_transaction
from graph.enrich.columns import ragged
from graph.enrich.columns.payments import Ints, Payments
from graph.enrich.series import (
    activity,
    best_run,
    candidate_grids,
    closing_days,
    day_sets,
    detect,
    grid_fit,
    joined_series,
    periods,
    short_series,
)
from graph.enrich.series.detect import Found, Series
from graph.enrich.series.grid_fit import Fit
from graph.enrich.series.periods import BY_FREQUENCY, Grid

METHOD: tuple[ModuleType, ...] = (
    activity,
    grid_fit,
    ragged,
    periods,
    best_run,
    detect,
    day_sets,
    candidate_grids,
    short_series,
    closing_days,
)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """The result of an earlier search in a group: the `digest` of its rows, and its series."""

    digest: str = ""
    found: list[Json] = field(default_factory=list)


def find(user_id: UUID, payments: Payments, *, everything: bool = False) -> list[Series]:
    """Return the tenant's series in the order of their first payments. With `everything`, all
    groups are searched again."""
    groups = {_key(payments, places): places for places in detect.groups(payments)}
    stored = {} if everything else _known(user_id)
    digests = {key: _digest(payments, places) for key, places in groups.items()}
    new = [key for key in groups if stored.get(key, Known()).digest != digests[key]]
    series = dict(zip(new, detect.search(payments, (groups[key] for key in new)), strict=True))
    rows = [_row(key, digests[key], groups[key], series[key]) for key in new]
    _remember(user_id, groups, rows)
    for key in groups.keys() - series.keys():
        series[key] = [_series(groups[key], row) for row in stored[key].found]
    every = list(chain.from_iterable(series.values()))
    return detect.numbered(payments, joined_series.joined(payments, every))


def _key(payments: Payments, places: Ints) -> str:
    first = places[0]
    payer, payee = payments.entities.id[[payments.payer[first], payments.payee[first]]]
    who = (payments.source[first], payer, payee, payments.currency[first])
    return _hashed(_method(), "\x00".join(who).encode("utf-8", "surrogatepass"))


def _digest(payments: Payments, places: Ints) -> str:
    """Return a digest of the days, amounts and descriptions of the group's rows, in their order."""
    words = "\x00".join(payments.description[places]).encode("utf-8", "surrogatepass")
    return _hashed(payments.day[places].tobytes(), payments.amount[places].tobytes(), words)


def _hashed(*parts: bytes) -> str:
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        hashed.update(len(part).to_bytes(8) + part)
    return hashed.hexdigest()


@cache
def _method() -> bytes:
    return _hashed("".join(map(inspect.getsource, METHOD)).encode()).encode()


def _known(user_id: UUID) -> dict[str, Known]:
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("enrich/searched_known"), {"user_id": user_id})
        return {key: Known(digest, json.loads(series)) for key, digest, series in cursor.fetchall()}


def _remember(user_id: UUID, present: Iterable[str], searched: list[Json]) -> None:
    values: dict[str, Any] = {
        "user_id": user_id,
        "present": json.dumps(list(present)),
        "searched": json.dumps(searched),
    }
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(sql.read("enrich/searched_written"), values)


def _row(key: str, digest: str, group: Ints, series: Found) -> Json:
    return {
        "key": key,
        "digest": digest,
        "found": [_as_json(group, one) for one in series],
    }


def _as_json(group: Ints, one: Series) -> Json:
    return {
        "places": np.searchsorted(group, one.places).tolist(),
        "slots": one.slots.tolist(),
        "main": one.main.tolist(),
        "fit": _fit_as_json(one.fit),
    }


def _fit_as_json(fit: Fit) -> Json:
    return {
        "rhythm": fit.grid.frequency.name,
        "phase": int(fit.grid.phase),
        "width": int(fit.width),
        "hits": fit.hits.tolist(),
        "slots": fit.slots.tolist(),
        "offsets": fit.offsets.tolist(),
        "odds": float(fit.odds),
        "kept": float(fit.kept),
    }


def _series(group: Ints, row: Json) -> Series:
    places, slots, main = (_ints(row[name]) for name in ("places", "slots", "main"))
    return Series(group[places], slots, main, _fit(row["fit"]))


def _fit(row: Json) -> Fit:
    grid = Grid(BY_FREQUENCY[row["rhythm"]], row["phase"])
    hits, slots, offsets = (_ints(row[name]) for name in ("hits", "slots", "offsets"))
    return Fit(grid, row["width"], hits, slots, offsets, row["odds"], row["kept"])


def _ints(values: list[int]) -> Ints:
    return np.asarray(values, dtype=np.int64)
