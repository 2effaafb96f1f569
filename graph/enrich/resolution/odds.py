"""Estimates how likely an offered pair is one party, from its kind, the books and people's
decisions. Pure functions.

The kind has an initial probability (`KINDS`). Its odds are multiplied by factors (I. Fellegi, A.
Sunter, JASA 64, 1969): whether both deal with the same department, account or project, and whether
their amounts have one size. A factor is how often this holds for names that are merged already in
these books, divided by how often it holds for offered names that are paired at random. If there is
one department only, sharing it says nothing. If there are a thousand cards, not sharing one says
little. People's decisions on pairs of a kind move the odds of the tenant's other pairs of the kind,
towards the share that they merged.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import Any

from graph.enrich.resolution.resolve import Pair

# The chance before any evidence. 'begins': 51 of 77 pairs of a public body, by its publisher's ids,
# and 72 of 83 of a council, read one by one. Of the others all were right in planted books of seeds
# 6 to 8 (66 pairs) and nearly all of the few in real ones: they are taken to be hardly surer.
KINDS = {
    "begins": 0.77, "cut": 0.75, "initials": 0.75, "authority": 0.8, "trades": 0.8,
    "continues": 0.8,
}  # fmt: skip
# How often two names of one party share a partner, and amounts of one size, as far as the books'
# merged names do not tell.
PARTNER, SIZE = 0.9, 0.8
MERGED = 300  # merged pairs that are read
ALIKE = 0.7  # largest difference of mean log amounts of one size: up to twice as much
STRONGEST, WEAKEST = 10.0, 0.5  # largest and smallest value of one factor
LEAST, MOST = 0.05, 0.97  # bounds of the stated probability
TRUSTED = 6.0  # weight, in decisions, of the probability that was stated before any decision
MOVED = 1.5  # largest change of a kind's log odds by decisions
SHIFTS = range(1, 9)  # places by which pairs are shifted to get random pairs


@dataclass(frozen=True, slots=True)
class Dealings:
    """An entity's payments in one source: its partners, and the mean logarithm of the amounts."""

    partners: frozenset[str]
    amount: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair on which a person has decided: its kind, and the probability that was stated for
    it."""

    kind: str
    chance: float
    is_merged: bool


By = Mapping[str, Mapping[str, Dealings]]  # entity, source


def weighed(pairs: Iterable[Pair], dealings: By, decided: Sequence[Judged] = ()) -> list[Pair]:
    """Return the pairs, with a probability as the confidence of each open pair, and the reasons for
    it.

    `dealings` has the payments of the pairs' entities by source. `decided` are the pairs that
    people have decided.
    """
    every = list(pairs)
    asked = [pair for pair in every if pair.decided == "open"], merged(every)
    by_partner, by_size = (_Factor(*asked, dealings, agree, often) for agree, often in TESTS)
    moves = {kind: _move(those) for kind, those in _by_kind(decided).items()}
    return [
        _weighed(pair, [by_partner.of(pair), by_size.of(pair)], moves) if is_open else pair
        for pair in every
        for is_open in [pair.decided == "open"]
    ]


def merged(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the first MERGED pairs that were merged automatically, by names or keys.

    The weights are learnt from them: they are examples of two names of one party.
    """
    return [pair for pair in pairs if pair.decided == "automatic"][:MERGED]


def _weighed(pair: Pair, factors: Sequence[float], moves: Mapping[str, float]) -> Pair:
    kind = kind_of(pair.evidence)
    odds = _log_odds(KINDS.get(kind, pair.confidence)) + sum(map(log, factors))
    chance = _bounded(odds)
    shared, size = (_word(factor) for factor in factors)
    evidence = {**pair.evidence, "kind": kind, "chance": chance, "same_partners": shared,
                "amounts_of_one_size": size}  # fmt: skip
    notes = [note for note, is_so in zip(NOTES, factors, strict=True) if is_so > 1]
    if kind in moves:
        chance = _bounded(odds + moves[kind])
        evidence["decisions_moved_it_by"] = round(chance - evidence["chance"], 4)
    reason = "; ".join([pair.reason, *notes])
    return replace(pair, confidence=chance, reason=reason, evidence=evidence)


def kind_of(evidence: Mapping[str, Any]) -> str:
    """Return the kind of a pair (a key of KINDS), which its evidence shows."""
    if "kind" in evidence:
        return str(evidence["kind"])
    return next((kind for mark, kind in MARKS.items() if mark in evidence), "spelled")


MARKS = {"series": "continues", "key": "key"}
NOTES = ("both deal with the same", "for amounts of one size")


def _word(factor: float) -> str:
    return "for" if factor > 1 else "against" if factor < 1 else "says nothing"


class _Factor:
    """A factor to a pair's odds for one test of its two entities, such as a common department.

    It is how often entities of one party agree in the test, divided by how often random entities
    do.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        merged: Sequence[Pair],
        dealings: By,
        agree: Callable[[Dealings, Dealings], bool],
        often: float,
    ) -> None:
        self._dealings, self._agree = dealings, agree
        shifted = [
            (one.kept, other.merged)
            for by in SHIFTS if by < len(pairs)
            for one, other in zip(pairs, [*pairs[by:], *pairs[:by]], strict=True)
        ]  # fmt: skip
        self._by_chance = self._share(shifted, 0.5, 4.0)
        self._often = self._share([(pair.kept, pair.merged) for pair in merged], often, TRUSTED)

    def _share(self, ends: Iterable[tuple[str, str]], usual: float, weight: float) -> float:
        """Return the share (0..1) of pairs that agree, among pairs with data for the test.

        It is smoothed: `usual` counts as the share of `weight` further pairs.
        """
        agreements = [self._agreed(*pair) for pair in ends]
        known = [agreed for agreed in agreements if agreed is not None]
        return (sum(known) + weight * usual) / (len(known) + weight)

    def of(self, pair: Pair) -> float:
        """Return the factor of the pair: at least 1 if its entities agree, at most 1 if they do
        not, and 1 if no source has both."""
        agreed = self._agreed(pair.kept, pair.merged)
        if agreed is None:
            return 1.0
        often, chance = self._often, self._by_chance
        factor = max(often / chance, 1.0) if agreed else min((1 - often) / (1 - chance), 1.0)
        return min(max(factor, WEAKEST), STRONGEST)

    def _agreed(self, one: str, other: str) -> bool | None:
        """Return whether the two entities agree in any source; None if no source has both."""
        first, second = self._dealings.get(one, {}), self._dealings.get(other, {})
        agreements = [
            self._agree(first[source], second[source]) for source in first.keys() & second
        ]
        return any(agreements) if agreements and one != other else None


def _share_a_partner(one: Dealings, other: Dealings) -> bool:
    return bool(one.partners & other.partners)


def _are_of_one_size(one: Dealings, other: Dealings) -> bool:
    return abs(one.amount - other.amount) <= ALIKE


TESTS = ((_share_a_partner, PARTNER), (_are_of_one_size, SIZE))


def _by_kind(decided: Iterable[Judged]) -> dict[str, list[Judged]]:
    by: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in decided:
        by[one.kind].append(one)
    return by


def _move(decided: Sequence[Judged]) -> float:
    """Return what to add to the log odds of other pairs of a kind, so that they approach the share
    that people merged.

    The stated probabilities count as TRUSTED decisions. The result is at most MOVED either way.
    """
    stated = sum(one.chance for one in decided) / len(decided)
    merged = sum(one.is_merged for one in decided)
    share = (merged + TRUSTED * stated) / (len(decided) + TRUSTED)
    return min(max(_log_odds(share) - _log_odds(stated), -MOVED), MOVED)


def _log_odds(chance: float) -> float:
    return log(chance / (1 - chance))


def _bounded(odds: float) -> float:
    return round(min(max(1 / (1 + exp(-odds)), LEAST), MOST), 4)
