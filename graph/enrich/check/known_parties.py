"""Finds the known party that each candidate pays, as an import with entity resolution would."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from graph.enrich.check.candidate_payment import Candidate
from graph.enrich.check.payment_history import History, Identity
from graph.enrich.columns.payments import Entities, Ints
from graph.enrich.resolution import resolve as resolving
from graph.enrich.resolution.resolve import resolve
from graph.enrich.resolution.strong_keys import Key
from graph.ingest.ledger_rows import Party
from graph.ingest.store.identity import identity, normalized


@dataclass(frozen=True, eq=False)
class Known:
    """The payee of each candidate, as a place among `entities`.

    `representative` has, for each entity of the history, the place of the entity that represents it
    after the candidates were added, because two parties may turn out to be one.
    """

    paid: Ints
    entities: Entities
    representative: Ints


def find(history: History, candidates: Sequence[Candidate], source: str) -> Known:
    """Return the payee of each candidate: the known party with its name and keys.

    If the books lack any payee, entity resolution decides over the books' parties and the
    candidates'.
    """
    places = [_exactly(history, candidate.party) for candidate in candidates]
    entities = history.payments.entities
    if None not in places:
        return Known(_ints(places), entities, np.arange(len(entities.id), dtype=np.int64))
    return _resolved(history, candidates, source)


def _ints(places: Sequence[int | None]) -> Ints:
    return np.array(places, dtype=np.int64)


def _identity(party: Party) -> Identity:
    return party.kind, identity(party)


def _exactly(history: History, party: Party) -> int | None:
    """Return the place of the one known entity that has this party's name and all of its keys, or
    None."""
    at = history.named.get(_identity(party))
    if at is not None:
        keys = history.keys.get(history.payments.entities.id[at], set())
        return int(history.stands[at]) if set(party.keys) <= keys else None
    namesakes = history.namesakes.get(normalized(party.name), set())
    return next(iter(namesakes)) if len(namesakes) == 1 and not party.keys else None


def _resolved(history: History, candidates: Sequence[Candidate], source: str) -> Known:
    every = {party.id: party for party in history.parties}
    entities, identities = history.payments.entities, dict(history.named)
    new: list[Party] = []
    for candidate in candidates:
        party = _identity(candidate.party)
        if party not in identities:
            identities[party] = len(entities.id) + len(new)
            new.append(candidate.party)
        place = identities[party]
        name = entities.id[place] if place < len(entities.id) else _new_id(place)
        every[name] = _stated(every.get(name), name, candidate.party, source)
    with_new = _with(entities, new)
    pairs = resolve(every.values(), history.decisions, history.continued)
    representatives = _representatives(history, with_new, pairs)
    paid = representatives[[identities[_identity(candidate.party)] for candidate in candidates]]
    return Known(paid, with_new, representatives[: len(entities.id)][history.stands])


def _new_id(place: int) -> str:
    return f"candidate {place}"


def _stated(
    earlier: resolving.Party | None, name: str, party: Party, source: str
) -> resolving.Party:
    keys = {Key(kind, value, source) for kind, value in party.keys}
    if earlier is None:
        return resolving.Party(name, party.kind, party.name, _sorted(keys), frozenset({source}), 1)
    more = _sorted({*earlier.keys, *keys})
    return replace(
        earlier, keys=more, sources=earlier.sources | {source}, events=earlier.events + 1
    )


def _sorted(keys: set[Key]) -> tuple[Key, ...]:
    return tuple(sorted(keys, key=lambda key: (key.kind, key.value, key.source)))


def _with(entities: Entities, new: Sequence[Party]) -> Entities:
    first = len(entities.id)
    columns = {
        "id": [_new_id(first + at) for at in range(len(new))],
        "kind": [party.kind for party in new],
        "name": [party.name for party in new],
    }
    texts = {
        name: np.concatenate([getattr(entities, name), np.array(values, dtype=object)])
        for name, values in columns.items()
    }
    return Entities(**texts, keys=[*entities.keys, *(dict(party.keys) for party in new)])


def _representatives(history: History, entities: Entities, pairs: Sequence[resolving.Pair]) -> Ints:
    """Return, for each entity's place, the place of the entity that represents it after the
    automatic merges in `pairs`.

    Of several merged entities it is one that represents itself in the history, if there is any.
    """
    place = {name: at for at, name in enumerate(entities.id)}
    old = len(history.stands)
    clusters: dict[int, list[int]] = {}
    for pair in pairs:
        if pair.decided == "automatic":
            members = clusters.setdefault(place[pair.kept], [place[pair.kept]])
            members.append(place[pair.merged])
    representatives = np.concatenate(
        [history.stands, np.arange(old, len(entities.id), dtype=np.int64)]
    )
    for members in sorted(clusters.values(), key=min):
        representative = [int(history.stands[at]) for at in members if at < old]
        first = representative[0] if representative else members[0]
        same = {*representative, *(at for at in members if at >= old)}
        representatives[np.isin(representatives, list(same))] = first
    return representatives
