"""Types of scores (how many results are right, found and true), and the ratios of these counts. The
scores of the layers are in layer_scores."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import comb
from statistics import median
from typing import Any

import numpy as np

from finley.demo.truth import Ref

BINS = 10
PROBABLE = 0.5  # a duplicate with a lower confidence does not count as reported

Pair = frozenset[Ref]
Pairs = Mapping[Pair, float]


@dataclass(frozen=True)
class Score:
    """Counts of results: of `found` things `right` are true, and there are `n` true ones. The
    scores of several books can be added.

    `sure` has, for each found thing, its confidence and whether it was right.
    """

    right: int = 0
    found: int = 0
    n: int = 0
    sure: tuple[tuple[float, bool], ...] = ()

    def __add__(self, other: Score) -> Score:
        sums = (self.right + other.right, self.found + other.found, self.n + other.n)
        return Score(*sums, self.sure + other.sure)

    def as_json(self) -> dict[str, Any]:
        """The score as JSON. A ratio is None if its divisor is 0."""
        precision, recall = ratio(self.right, self.found), ratio(self.right, self.n)
        f1 = ratio(2 * self.right, self.found + self.n)
        counts = {"n": self.n, "found": self.found, "right": self.right}
        figures = {"precision": precision, "recall": recall, "f1": f1, **counts}
        return figures | ({"calibration_error": calibration_error(self.sure)} if self.sure else {})


@dataclass(frozen=True)
class Forecasts:
    """The results of predictions. `covered` has, for each, whether the true day was within its
    range; `errors` has the days by which the middle of the range was wrong. `sure` has its
    confidence and whether it was right. `unpredicted` counts series that went on without a
    prediction."""

    covered: tuple[bool, ...] = ()
    errors: tuple[float, ...] = ()
    sure: tuple[tuple[float, bool], ...] = ()
    unpredicted: int = 0

    def __add__(self, other: Forecasts) -> Forecasts:
        return Forecasts(
            self.covered + other.covered,
            self.errors + other.errors,
            self.sure + other.sure,
            self.unpredicted + other.unpredicted,
        )

    def as_json(self) -> dict[str, Any]:
        """The forecasts as JSON. `unpredicted` counts series that went on without a prediction."""
        return {
            "coverage": ratio(sum(self.covered), len(self.covered)),
            "median_error_days": median(self.errors) if self.errors else None,
            "n": len(self.covered),
            "unpredicted": self.unpredicted,
            "calibration_error": calibration_error(self.sure),
        }


@dataclass(frozen=True)
class Share:
    """A share: `part` out of `whole`, both as counts."""

    part: int = 0
    whole: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.part + other.part, self.whole + other.whole)

    def as_json(self) -> dict[str, Any]:
        return {"accuracy": ratio(self.part, self.whole), "n": self.whole}


@dataclass
class Card:
    """The scores of one set of books, by name."""

    scores: dict[str, Any] = field(default_factory=dict)

    def __add__(self, other: Card) -> Card:
        names = {**self.scores, **other.scores}
        both = {n: [c.scores[n] for c in (self, other) if n in c.scores] for n in names}
        return Card({name: sum(scores[1:], scores[0]) for name, scores in both.items()})

    def as_json(self) -> dict[str, Any]:
        return {name: score.as_json() for name, score in self.scores.items()}


def ratio(part: float, whole: float) -> float | None:
    """`part` divided by `whole`, or None if `whole` is 0."""
    return round(part / whole, 4) if whole else None


def calibration_error(sure: Collection[tuple[float, bool]]) -> float | None:
    """Expected calibration error: the mean over ten equal bins of |share right - mean confidence|,
    weighted by the number in each bin (Naeini, Cooper & Hauskrecht, AAAI 2015)."""
    if not sure:
        return None
    confidence, right = (np.array(column, dtype=float) for column in zip(*sure, strict=True))
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs((confidence - right)[bins == b].sum()) for b in range(BINS)]
    return round(float(sum(gaps)) / len(right), 4)


def reliability(sure: Collection[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """For each of ten equal bins of confidence that is not empty: its mean confidence, the share of
    results that was right, and their number."""
    confidence, right = (np.array(column, dtype=float) for column in zip(*sure, strict=True))
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        (round(float(confidence[at].mean()), 3), round(float(right[at].mean()), 3), int(at.sum()))
        for at in (bins == b for b in range(BINS))
        if at.any()
    ]


def of_pairs(claims: Pairs, true: Collection[Pair], ignored: Collection[Pair] = ()) -> Score:
    """Score reported pairs, in any order within a pair, against the true ones. Pairs in `ignored`
    that are not in `true` are not counted."""
    true = set(true)
    judged = {pair: sure for pair, sure in claims.items() if pair in true or pair not in ignored}
    sure = tuple((confidence, pair in true) for pair, confidence in judged.items())
    return Score(sum(pair in true for pair in judged), len(judged), len(true), sure)


def settled_groups(claims: Pairs, groups: Iterable[Collection[tuple[Ref, Ref]]]) -> Pairs:
    """The reported pairs, with right pairings within interchangeable groups replaced.

    Every one-to-one pairing within a group is right, so it is replaced by the group's own pairs. A
    pairing that is not one to one stays as it is.
    """
    settled = dict(claims)
    for group in groups:
        left, right = ({pair[side] for pair in group} for side in (0, 1))
        ours = {p: settled.pop(p) for p in list(settled) if _joins(p, left, right)}
        own, free = iter(sorted(group)), set(left | right)
        for pair, sure in sorted(ours.items(), key=lambda item: sorted(item[0])):
            if pair <= free:
                free -= pair
                settled[frozenset(next(own))] = sure
            else:
                settled[pair | {Ref("", "surplus")}] = sure
    return settled


def _joins(pair: Pair, left: set[Ref], right: set[Ref]) -> bool:
    return len(pair & left) == len(pair & right) == 1


def of_clusters(labels: Iterable[tuple[str, str]]) -> Score:
    """Score a clustering by pairs. Each label is (true cluster, found cluster) of one item. A pair
    is right if both clusters are shared, found if the found one is, and true if the true one is."""
    both: dict[tuple[str, str], int] = {}
    for label in labels:
        both[label] = both.get(label, 0) + 1
    true, claimed_counts = ({}, {})  # type: tuple[dict[str, int], dict[str, int]]
    for (party, entity), count in both.items():
        true[party] = true.get(party, 0) + count
        claimed_counts[entity] = claimed_counts.get(entity, 0) + count
    right, claimed, n = (sum(comb(c, 2) for c in x.values()) for x in (both, claimed_counts, true))
    return Score(right, claimed, n)
