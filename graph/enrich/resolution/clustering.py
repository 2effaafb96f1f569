"""Clusters entities under constraints: the most certain pair is joined first, and entities that
exclude each other are never joined."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

MARGIN = 0.04  # two partners within this score that exclude each other: neither is taken
LEGAL_FORM = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A reason why the entities `one` and `other` may be one party, with a score in 0..1.

    `begins`: one name is only a beginning of the other. `is_key`: they share a key.
    """

    score: float
    one: int
    other: int
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)
    begins: bool = False
    is_key: bool = False


class Clusters:
    """Clusters of the entities 0 … n-1, joined step by step.

    Each entity has facts by kind. Two clusters with disjoint facts of one kind are never joined.
    """

    def __init__(self, facts: Sequence[dict[str, set[str]]]) -> None:
        self.root = list(range(len(facts)))
        self.members = {at: [at] for at in range(len(facts))}
        self.facts = {at: {kind: set(values) for kind, values in own.items()}
                      for at, own in enumerate(facts)}  # fmt: skip
        self.apart: defaultdict[int, set[int]] = defaultdict(set)
        self.near: defaultdict[int, dict[int, Edge]] = defaultdict(dict)
        self.joined: defaultdict[int, list[Edge]] = defaultdict(list)
        self.left: list[Edge] = []

    def find(self, at: int) -> int:
        while self.root[at] != at:
            self.root[at] = self.root[self.root[at]]
            at = self.root[at]
        return at

    def obey(self, one: int, other: int, decided: Literal["merge", "apart"]) -> None:
        """Join two entities or keep them apart, as a person decided.

        Apply the newest decision first: a decision does nothing if it contradicts one that was
        applied before.
        """
        first, second = self.find(one), self.find(other)
        if first == second:
            return
        if decided == "apart":
            self.apart[first].add(second)
            self.apart[second].add(first)
        elif second not in self.apart[first]:
            self._join(Edge(1.0, one, other, "merged by a person", {"person": True}))

    def agglomerate(self, edges: Iterable[Edge], sure: float) -> None:
        """Join clusters by the edges with a score of at least `sure`, the most certain first.

        The other edges are kept for `undecided`.
        """
        ordered = sorted(edges, key=lambda edge: (-edge.score, edge.one, edge.other, edge.reason))
        for edge in ordered:
            self._neighbour(edge)
        for edge in ordered:
            first, second = self.find(edge.one), self.find(edge.other)
            if first == second:
                continue
            if edge.score < sure or self._rivalled(edge, first, second):
                self.left.append(edge)
            elif not self.conflict(first, second, edge.is_key):
                self._join(edge)
            elif not self._by_keys(first, second):
                self.left.append(edge)

    def conflict(self, first: int, second: int, by_key: bool = False) -> bool:
        """Return whether the two clusters must not be joined: a person keeps them apart, their keys
        differ, or their legal forms do.

        With `by_key` the reason to join them is a shared key, and different legal forms do not
        matter.
        """
        if second in self.apart[first] or self._by_keys(first, second):
            return True
        return not by_key and self._by(LEGAL_FORM, first, second)

    def _by_keys(self, first: int, second: int) -> bool:
        return any(self._by(kind, first, second) for kind in self.facts[first] if kind)

    def _by(self, kind: str, first: int, second: int) -> bool:
        one, other = self.facts[first].get(kind), self.facts[second].get(kind)
        return bool(one and other and not one & other)

    def _rivalled(self, edge: Edge, first: int, second: int) -> bool:
        """Return whether one of the two clusters could equally well be joined with a third one
        that must not be joined with the other. An edge by a key has no such rival."""
        if edge.is_key:
            return False
        return self._has_rival(edge, first, second) or self._has_rival(edge, second, first)

    def _has_rival(self, edge: Edge, here: int, there: int) -> bool:
        for third, other in self.near[here].items():
            if third in (here, there) or other.score < edge.score - MARGIN:
                continue
            if self.conflict(here, third, other.is_key):
                continue
            if self.conflict(there, third):
                return True
            if edge.begins and other.begins and third not in self.near[there]:
                return True
        return False

    def _neighbour(self, edge: Edge) -> None:
        first, second = self.find(edge.one), self.find(edge.other)
        if first != second:
            for here, there in ((first, second), (second, first)):
                previous = self.near[here].get(there)
                if previous is None or previous.score < edge.score:
                    self.near[here][there] = edge

    def _join(self, edge: Edge) -> None:
        first, second = self.find(edge.one), self.find(edge.other)
        big, small = sorted((first, second), key=lambda at: (-len(self.members[at]), at))
        self.root[small] = big
        self.members[big] += self.members.pop(small)
        self.joined[edge.one].append(edge)
        self.joined[edge.other].append(edge)
        for kind, values in self.facts.pop(small).items():
            self.facts[big].setdefault(kind, set()).update(values)
        for other in self.apart.pop(small, set()):
            self.apart[other].discard(small)
            self.apart[other].add(big)
            self.apart[big].add(other)
        self._move_neighbours(small, big)

    def _move_neighbours(self, small: int, big: int) -> None:
        for other, edge in self.near.pop(small, {}).items():
            self.near[other].pop(small, None)
            if other == big:
                continue
            previous = self.near[big].get(other)
            if previous is None or previous.score < edge.score:
                self.near[big][other] = self.near[other][big] = edge

    def groups(self) -> Iterator[list[int]]:
        """Yield the members of each cluster that has two or more."""
        return (sorted(members) for _, members in sorted(self.members.items()) if len(members) > 1)

    def why(self, at: int, root: int) -> Edge:
        """Return the reason why the member `at` is one party with the kept entity `root`.

        Clusters were joined edge by edge, so a chain of edges leads from `root` to the member. The
        result is the last edge of the chain with the lowest score of all its edges.
        """
        way = self._way(at, root)
        nearest = way[-1]
        weakest = min(edge.score for edge in way)
        return replace(nearest, score=weakest)

    def _way(self, at: int, root: int) -> list[Edge]:
        """Return the chain of edges by which the member `at` was joined with `root`, beginning
        at `root`."""
        ways: dict[int, list[Edge]] = self._ways(root)
        return ways[at]

    def _ways(self, root: int) -> dict[int, list[Edge]]:
        if getattr(self, "_ways_of", (None, {}))[0] != root:
            ways: dict[int, list[Edge]] = {root: []}
            turn = [root]
            for here in turn:
                for edge in self.joined[here]:
                    there = edge.other if edge.one == here else edge.one
                    if there not in ways:
                        ways[there] = [*ways[here], edge]
                        turn.append(there)
            self._ways_of = (root, ways)
        return self._ways_of[1]

    def undecided(self) -> Iterator[tuple[int, int, Edge]]:
        """Yield (cluster, cluster, edge) for the pairs of clusters that an edge connects and
        that were neither joined nor kept apart, the most certain first."""
        pairs: set[tuple[int, int]] = set()
        for edge in self.left:
            first, second = sorted((self.find(edge.one), self.find(edge.other)))
            if first == second or (first, second) in pairs or second in self.apart[first]:
                continue
            if self._by_keys(first, second):
                continue
            pairs.add((first, second))
            yield first, second, edge
