"""Searches for series only where payments have changed since the last search.

A group consists of the payments between the same two parties in one source and currency. The
result is exactly that of a search of all groups (`manage.py enrich --all`). A group is not searched
again if its rows are unchanged and one of these holds:

- The activity with which its days are compared is unchanged, too.
- The earlier search fitted none of its days, and would fit none with the present activity
  (`repeated_requests`).

A change of the method's source code is a reason to search all groups.
"""

import hashlib
import inspect
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
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
    activities,
    activity,
    best_run,
    candidate_grids,
    closing_days,
    day_sets,
    detect,
    grid_fit,
    joined_series,
    periods,
    repeated_requests,
    short_series,
)
from graph.enrich.series.activities import Activities
from graph.enrich.series.detect import Searched, Series
from graph.enrich.series.grid_fit import Fit
from graph.enrich.series.periods import BY_FREQUENCY, Grid
from graph.enrich.series.repeated_requests import Repeated

METHOD: tuple[ModuleType, ...] = (
    activities,
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
    """The result of an earlier search in a group: the `digest` of its rows, and what was found.

    `found` has the `series`, the digest of the `activity`, and for a search without a fit the
    `prices` and `parts` of its requests (else None).
    """

    digest: str = ""
    found: Json = field(default_factory=dict)


def find(user_id: UUID, payments: Payments, *, everything: bool = False) -> list[Series]:
    """Return the tenant's series in the order of their first payments. With `everything`, all
    groups are searched again."""
    groups = {_key(payments, places): places for places in detect.groups(payments)}
    stored = {} if everything else _known(user_id)
    around = Activities(payments)
    digests = {key: _digest(payments, around, places) for key, places in groups.items()}
    same = {key: stored[key] for key in groups if stored.get(key, Known()).digest == digests[key]}
    valid = _valid(payments, around, groups, same)
    new = [key for key in groups if key not in valid]
    searched = detect.search(payments, [groups[key] for key in new], around)
    results = dict(zip(new, searched, strict=True))
    rows = [
        {"key": key, "digest": digests[key], "found": _found(groups[key], result, around)}
        for key, result in results.items()
    ]
    _remember(user_id, groups, rows)
    every = [
        one
        for key, places in groups.items()
        for one in (results[key].series if key in results else _stored(places, stored[key]))
    ]
    return detect.numbered(payments, joined_series.joined(payments, every))


def _valid(
    payments: Payments, around: Activities, groups: dict[str, Ints], same: dict[str, Known]
) -> set[str]:
    """Return the keys of those groups with unchanged rows in which a search would find what is
    stored."""
    changed = [
        key
        for key, known in same.items()
        if known.found["parts"] != []
        and known.found["activity"] != around.around(groups[key]).digest
    ]
    without_fit = [key for key in changed if same[key].found["parts"] is not None]
    repeated = [
        Repeated(groups[key], same[key].found["prices"], same[key].found["parts"])
        for key in without_fit
    ]
    still = repeated_requests.unanswered(payments, around, repeated)
    proved = {key for key, is_still in zip(without_fit, still, strict=True) if is_still}
    return (same.keys() - changed) | proved


def _key(payments: Payments, places: Ints) -> str:
    first = places[0]
    payer, payee = payments.entities.id[[payments.payer[first], payments.payee[first]]]
    who = (payments.source[first], payer, payee, payments.currency[first])
    return _hashed(_method(), "\x00".join(who).encode("utf-8", "surrogatepass"))


def _digest(payments: Payments, around: Activities, places: Ints) -> str:
    """Return a digest of the days, amounts and descriptions of the group's rows, in their order,
    and of whether many parties have its wording."""
    words = "\x00".join(payments.description[places]).encode("utf-8", "surrogatepass")
    numbers = payments.day[places].tobytes(), payments.amount[places].tobytes()
    return _hashed(*numbers, words, bytes([bool(around.is_common(int(places[0])))]))


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


def _found(group: Ints, result: Searched, around: Activities) -> Json:
    requests = result.requests
    return {
        "series": [_as_json(group, one) for one in result.series],
        "activity": around.around(group).digest,
        "prices": None if requests is None else [float(request.price) for request in requests],
        "parts": None if requests is None else [request.part.tolist() for request in requests],
    }


def _stored(group: Ints, known: Known) -> list[Series]:
    return [_series(group, row) for row in known.found["series"]]


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
