"""Entity resolution: which entities are one party, which may be, and why.

Keys are compared first, then names, and then follows a constrained agglomeration (Fellegi & Sunter,
JASA 64, 1969, for weighing agreement; Wagstaff & Cardie, ICML 2000, for must-link and cannot-link).
The most certain pair is joined first. No join may bring together different keys of one kind,
different legal forms, or entities that a person keeps apart.

Vendors, customers and employees may be one another: a customer is refunded, and a bank whose
statement only knows vendors pays an employee. Departments, accounts, projects and clearing accounts
are the tenant's own and are not compared.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any, Literal

from graph.enrich.resolution import blocking, offers, spelling
from graph.enrich.resolution.clustering import Clusters, Edge
from graph.enrich.resolution.improbable_counts import MOST, beyond_accident
from graph.enrich.resolution.name_words import Name, read
from graph.enrich.resolution.similarity import POSSIBLE, SURE, Likeness, are_kin, compare
from graph.enrich.resolution.strong_keys import EVERYWHERE, Key, canonical, plain
from graph.ingest.store.identity import normalized

PARTIES = frozenset({"vendor", "customer", "employee"})
FEW = 12  # entities with one key up to which all are compared
OPEN_EACH = 3  # open pairs per entity, because a person reads them


@dataclass(frozen=True, slots=True)
class Party:
    """An entity with what its events state. `kept` means that others are merged into it now."""

    id: str
    kind: str
    name: str
    keys: tuple[Key, ...] = ()
    sources: frozenset[str] = frozenset()
    events: int = 0
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision on two entities. Of several on the same two, the newest counts."""

    one: str
    other: str
    decided: Literal["merge", "apart"]


@dataclass(frozen=True, slots=True)
class Continued:
    """Two entities: the equal payments of the second begin where those of the first end."""

    one: str
    other: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entities that are one (`decided` automatic) or may be (open)."""

    kept: str
    merged: str
    confidence: float
    reason: str
    decided: Literal["automatic", "open"]
    evidence: dict[str, Any] = field(default_factory=dict)


def resolve(
    parties: Iterable[Party],
    decisions: Sequence[Decision] = (),
    continued: Sequence[Continued] = (),
) -> list[Pair]:
    """Return the merges and the open pairs. `decisions` has the oldest first. The order of
    `parties` does not matter.

    Each merged entity has one Pair with the kept entity of its cluster. That is the entity kept
    before, else the one with the best spelling (`spelling`), then the one with the most kinds of
    keys, then the one with the most events. An entity that a person merged has a Pair, too, because
    of that decision.
    """
    ordered = sorted((party for party in parties if party.kind in PARTIES), key=_by_name)
    reading = _Reading(ordered)
    clusters = Clusters([reading.facts(at) for at in range(len(ordered))])
    place = {party.id: at for at, party in enumerate(ordered)}
    for decision in reversed(decisions):
        if decision.one in place and decision.other in place:
            clusters.obey(place[decision.one], place[decision.other], decision.decided)
    offered = _of_continued(place, continued)
    clusters.agglomerate([*reading.of_keys(), *reading.of_names(), *offered], SURE)
    return [*_merges(ordered, reading.without_towns, clusters), *_open_pairs(ordered, clusters)]


def _by_name(party: Party) -> tuple[str, str, str]:
    """Return a key to sort parties by name, so that results do not depend on ids, which are
    random. Names in capitals come last."""
    return party.name.swapcase(), party.kind, party.id


def _of_continued(place: Mapping[str, int], continued: Iterable[Continued]) -> Iterator[Edge]:
    for each in continued:
        ends = place.get(each.one, -1), place.get(each.other, -1)
        if min(ends) >= 0:
            yield Edge(offers.CONTINUES, *ends, each.reason, {"series": each.reason})


class _Reading:
    """What entity resolution knows of the parties' names and keys, and which of these identify
    nobody (`masks`, `placeholders`)."""

    def __init__(self, parties: Sequence[Party]) -> None:
        self.known = parties
        self.normal = [normalized(party.name) for party in parties]
        self.nameless = [_is_nameless(party) for party in parties]
        self.cuts = _cuts(parties, self.normal)
        self.names = [self._name(party) for party in parties]
        self.common = blocking.commonness(self.names)
        stated_keys = [{(canonical(key), key.source) for key in party.keys} for party in parties]
        self.masks = _masks(self.normal, stated_keys)
        self.placeholders = _placeholders(self, stated_keys)
        self.keys = [
            {(key, source) for key, source in keys if key not in self.placeholders}
            for keys in stated_keys
        ]
        self.namesakes: defaultdict[Name, list[int]] = defaultdict(list)
        for at, name in enumerate(self.names):
            if not self.hides(at):
                self.namesakes[name].append(at)

    def _name(self, party: Party) -> Name:
        lengths = [self.cuts.get(source, set()) for source in party.sources]
        cut = bool(lengths) and all(len(party.name) in cuts for cuts in lengths)
        return read(party.name, cut=cut, person=party.kind == "employee")

    def hides(self, at: int) -> bool:
        """Return whether the name is a mask or missing, so that only its key identifies the
        entity."""
        return self.normal[at] in self.masks or self.nameless[at]

    def facts(self, at: int) -> dict[str, set[str]]:
        """Return the entity's facts that must not differ within a cluster: its keys by kind, and
        its legal form under ""."""
        values: defaultdict[str, set[str]] = defaultdict(set)
        for (kind, value), _ in self.keys[at]:
            values[kind].add(value)
        if self.names[at].legal:
            values[""] = set(self.names[at].legal)
        return dict(values)

    def of_keys(self) -> Iterator[Edge]:
        """Yield an edge for pairs of entities with the same key. A number that one source
        assigned does not count in another."""
        holders: defaultdict[tuple[tuple[str, str], str], list[int]] = defaultdict(list)
        for at, keys in enumerate(self.keys):
            if self.normal[at] in self.masks:
                continue
            for key, source in keys:
                holders[key, "" if key[0] in EVERYWHERE else source].append(at)
        for ((kind, value), _), places in sorted(holders.items()):
            yield from self._of_key(kind, value, places)

    def _of_key(self, kind: str, value: str, places: list[int]) -> Iterator[Edge]:
        """Yield edges between the entities with one key: all pairs if they are few. Otherwise
        neighbours by name, and each entity with the one that has the most events."""
        ordered = sorted(set(places), key=lambda at: (self.names[at].plain, at))
        spokes = set(combinations(sorted(ordered), 2)) if len(ordered) <= FEW else set()
        if not spokes:
            centre = max(ordered, key=lambda at: (self.known[at].events, -at))
            pairs = [*pairwise(ordered), *((at, centre) for at in ordered if at != centre)]
            spokes = {(min(pair), max(pair)) for pair in pairs}
        label = f"same {kind.replace('_', ' ')} {value}"
        for one, other in sorted(spokes):
            alike = self._compared(self.names[one], self.names[other])
            score = 1.0 if alike else 0.97 if are_kin(self.names[one], self.names[other]) else 0.95
            note = f", and {alike.reason}" if alike else ", though the names differ"
            note = "" if self.nameless[one] or self.nameless[other] else note
            yield Edge(score, one, other, label + note, {"key": {kind: value}}, is_key=True)

    def of_names(self) -> Iterator[Edge]:
        """Yield edges between entities with similar names."""
        for name, places in sorted(self.namesakes.items(), key=lambda item: item[1][0]):
            reason = f"the same name '{name.text}'"
            for one, other in pairwise(places):
                yield Edge(0.995, one, other, reason, {"likeness": 0.995})
        every = sorted(self.namesakes, key=lambda name: self.namesakes[name][0])
        variants = [(name, name) for name in every]
        variants += [(name, name.without_place()) for name in every if self._has_town(name)]
        for one, other in blocking.pairs([variant for _, variant in variants], self.common):
            yield from self._of_pair(*variants[one], *variants[other])
        for one, other, alike in offers.pairs(every):
            yield from self._of_offer(every[one], every[other], alike)

    def _of_offer(self, one: Name, other: Name, alike: Likeness) -> Iterator[Edge]:
        """Yield an edge between the entities of the two names that have the most events. Others
        of the same name are connected with these."""
        if self._compared(one, other) is None:
            texts = [one.text, other.text]
            evidence = {"likeness": alike.score, "names": texts, "kind": alike.kind}
            first, second = (self._busiest(self.namesakes[name]) for name in (one, other))
            yield Edge(alike.score, first, second, alike.reason, evidence)

    def _busiest(self, places: list[int]) -> int:
        return max(places, key=lambda at: (self.known[at].events, -at))

    def _of_pair(
        self, one: Name, variant: Name, other: Name, other_variant: Name
    ) -> Iterator[Edge]:
        if one == other:
            return
        alike = self._compared(variant, other_variant)
        if alike is None or alike.score < POSSIBLE:
            return
        evidence = {**alike.numbers, "names": [one.text, other.text]}
        for first in self.namesakes[one]:
            for second in self._partners(first, self.namesakes[other]):
                yield Edge(alike.score, first, second, alike.reason, evidence, alike.begins)

    def _partners(self, first: int, places: list[int]) -> list[int]:
        """Return all `places` if they are few, else the first one. Many entities of one name are
        joined by that name, or not at all."""
        return places if len(places) <= blocking.WIDEST else places[:1]

    def _compared(self, one: Name, other: Name) -> Likeness | None:
        return compare(one, other, self.common)

    @cached_property
    def without_towns(self) -> list[Name]:
        """Return the parties' names without the towns that sources add."""
        return [name.without_place() if self._has_town(name) else name for name in self.names]

    def _has_town(self, name: Name) -> bool:
        return len(name.words) > 1 and name.words[-1] in self._towns.get(name, ())

    @cached_property
    def _towns(self) -> dict[Name, set[str]]:
        """Return name → the words that its sources add after names. Sources that state keys are
        left out."""
        with_keys = {key.source for party in self.known for key in party.keys}
        by_source: defaultdict[str, list[Name]] = defaultdict(list)
        for at, party in enumerate(self.known):
            for source in party.sources:
                by_source[source].append(self.names[at])
        towns_of: defaultdict[Name, set[str]] = defaultdict(set)
        for source, feed in by_source.items():
            if source not in with_keys and source in self.cuts:
                others = [n for name, ns in by_source.items() if name != source for n in ns]
                towns = blocking.places(feed, others)
                for name in feed:
                    towns_of[name] |= towns
        return dict(towns_of)


def _is_nameless(party: Party) -> bool:
    """Return whether the party's name is only one of its keys."""
    return any(plain(key.value) == plain(party.name) for key in party.keys)


def _cuts(parties: Sequence[Party], normal: Sequence[str]) -> dict[str, set[int]]:
    """Return source → the lengths at which it cuts names, for sources that do. `normal` has the
    parties' normalised names."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for party in parties:
        for source in party.sources:
            names[source].append(party.name)
    known = blocking.KnownNames(
        (text, source)
        for text, party in zip(normal, parties, strict=True)
        for source in party.sources
    )
    cuts = {
        source: blocking.cut_lengths(map(len, feed)) or blocking.cut_by_known(feed, source, known)
        for source, feed in names.items()
    }
    return {source: cut for source, cut in cuts.items() if cut}


Stated = Sequence[set[tuple[tuple[str, str], str]]]


def _masks(normal: Sequence[str], stated_keys: Stated) -> set[str]:
    """Return the normalised names that have too many keys of one kind for an accident."""
    values: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for name, keys in zip(normal, stated_keys, strict=True):
        for (kind, value), _ in keys:
            values[kind, name].add(value)
    return {name for _, name in beyond_accident({at: len(v) for at, v in values.items()})}


def _placeholders(reading: _Reading, stated_keys: Stated) -> set[tuple[str, str]]:
    """Return the keys (kind, value) that have too many different names for an accident."""
    names: defaultdict[tuple[str, str], set[Name]] = defaultdict(set)
    for at, keys in enumerate(stated_keys):
        if not reading.hides(at):
            for key, _ in keys:
                names[key].add(reading.names[at])
    return set(beyond_accident({key: _unlike(names_of_key) for key, names_of_key in names.items()}))


def _unlike(names: set[Name]) -> int:
    """Return how many of the names are no spellings of each other, at most MOST."""
    distinct: list[Name] = []
    for name in sorted(names, key=lambda name: (name.plain, name.text)):
        if not any(are_kin(name, other) for other in distinct):
            distinct.append(name)
        if len(distinct) >= MOST:
            break
    return len(distinct)


def _merges(parties: Sequence[Party], names: Sequence[Name], clusters: Clusters) -> Iterator[Pair]:
    for members in clusters.groups():
        kept = _kept(parties, names, members)
        for at in members:
            if at != kept:
                edge = clusters.why(at, kept)
                yield _pair(parties, kept, at, edge, "automatic")


def _kept(parties: Sequence[Party], names: Sequence[Name], members: Sequence[int]) -> int:
    ranked = sorted(members, key=lambda at: _rank(parties[at]))
    if parties[ranked[0]].kept:
        return ranked[0]
    return spelling.best(
        {at: names[at] for at in ranked}, {at: parties[at].events for at in ranked}
    )[0]


def _rank(party: Party) -> tuple[object, ...]:
    kinds = len({key.kind for key in party.keys})
    return not party.kept, -kinds, -party.events, party.name, party.id


def _open_pairs(parties: Sequence[Party], clusters: Clusters) -> Iterator[Pair]:
    """Yield the open pairs: of each two clusters only the most certain one, and only a few pairs
    for any entity."""
    raised: defaultdict[int, int] = defaultdict(int)
    for one, other, edge in clusters.undecided():
        if max(raised[one], raised[other]) < OPEN_EACH:
            raised[one] += 1
            raised[other] += 1
            kept, merged = sorted((edge.one, edge.other), key=lambda at: _rank(parties[at])[1:])
            yield _pair(parties, kept, merged, edge, "open")


def _pair(
    parties: Sequence[Party],
    kept: int,
    merged: int,
    edge: Edge,
    decided: Literal["automatic", "open"],
) -> Pair:
    evidence = {**edge.evidence, "kept": parties[kept].name, "merged": parties[merged].name}
    if {edge.one, edge.other} != {kept, merged}:
        evidence["through"] = [parties[edge.one].name, parties[edge.other].name]
    confidence = round(min(edge.score, SURE - 0.01 if decided == "open" else 1), 4)
    return Pair(parties[kept].id, parties[merged].id, confidence, edge.reason, decided, evidence)
