"""Scores each kind of planted case alone: what its layer says about the rows of the kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import networkx as nx

from benchmarks.planted.truth import Kind, PlantedTruth
from benchmarks.scoring import layer_scores
from benchmarks.scoring.scores import PROBABLE, Card, Pair, Pairs, Score, of_pairs
from benchmarks.scoring.written_layers import Found, Prediction
from finley.demo.truth import Ref, Series, Truth

WHOLE = 0.8  # share of its rows in one pattern from which a series counts as found as one
FREQUENCIES = frozenset({"two_monthly", "half_yearly", "twice_monthly", "thirty_days", "yearly"})
NEAR = 0.15  # share of the amount; a range that is wider on one side says too little


def judge(found: Found, truth: PlantedTruth) -> Card:
    """Return a score for each kind, and one for all spelling kinds together."""
    scores = {kind.name: SCORERS.get(kind.layer, links)(found, truth, kind) for kind in truth.kinds}
    spelled = [scores[kind.name] for kind in truth.kinds if kind.layer == "aliases"]
    scores["alias_all"] = sum(spelled[1:], spelled[0])
    return Card({f"planted_{name}": score for name, score in scores.items()})


def links(found: Found, _: Truth, kind: Kind) -> Score:
    """The score of the pairs that contain a row of the kind, for the kind's link type ("linked":
    all link types)."""
    of_types = found.links.values() if kind.layer == "linked" else [found.links[kind.layer]]
    pairs = {pair: sure for each in of_types for pair, sure in each.items()}
    return of_pairs(_touching(pairs, kind), {frozenset(pair) for pair in kind.pairs})


def duplicates(found: Found, _: Truth, kind: Kind) -> Score:
    claims = {pair: sure for pair, sure in found.duplicates.items() if sure >= PROBABLE}
    return of_pairs(_touching(claims, kind), {frozenset(pair) for pair in kind.pairs})


def _touching(pairs: Pairs, kind: Kind) -> Pairs:
    rows = set(kind.rows)
    return {pair: sure for pair, sure in pairs.items() if pair & rows}


def by_case(found: Found, truth: Truth) -> Score:
    """The score of duplicates counted by case instead of by pair. A finding is right if most of its
    pairs are true. A true case is found if any of its pairs is found.

    In books without planted cases, connected pairs are one case.
    """
    cases = [{frozenset(pair) for pair in case} for case in _cases(truth)]
    true = {pair for case in cases for pair in case}
    echoes = {frozenset((one.row, one.original)) for one in truth.duplicates if one.echo}
    groups: dict[str, list[Pair]] = defaultdict(list)
    for pair, sure in found.duplicates.items():
        if sure >= PROBABLE and pair not in echoes:
            groups[found.cases.get(pair, "") or repr(sorted(pair))].append(pair)
    right = {name: 2 * sum(p in true for p in pairs) > len(pairs) for name, pairs in groups.items()}
    sure = tuple((max(found.duplicates[p] for p in groups[name]), ok) for name, ok in right.items())
    seen = sum(any(found.duplicates.get(pair, 0) >= PROBABLE for pair in case) for case in cases)
    # several true cases may be one finding, so recall counts cases and precision counts findings
    wrong = len(right) - sum(right.values())
    return Score(seen, seen + wrong, len(cases), sure)


def _cases(truth: Truth) -> Iterable[Iterable[Iterable[Ref]]]:
    if isinstance(truth, PlantedTruth):
        return [case for kind in truth.kinds for case in kind.cases]
    pairs = [(one.row, one.original) for one in truth.duplicates if not one.echo]
    groups = nx.connected_components(nx.Graph(pairs))
    return [[pair for pair in pairs if pair[0] in group] for group in groups]


def series(found: Found, truth: Truth, kind: Kind) -> Score:
    """The score of the patterns on the kind's rows. A pattern is right if it has nearly all rows of
    one series and hardly any others; for a kind that tests a frequency, it must also have that
    frequency."""
    members = {one.id: one for one in truth.series if one.id in kind.series}
    rows_of: dict[str, list[Ref]] = defaultdict(list)
    for row, pattern in found.series_of_row.items():
        rows_of[pattern].append(row)
    touched = {found.series_of_row[row] for row in kind.rows if row in found.series_of_row}
    right = {
        pattern: _whose(found, kind, pattern, rows_of[pattern], members) for pattern in touched
    }
    sure = tuple((found.patterns[pattern][1], bool(name)) for pattern, name in right.items())
    return Score(len({*right.values()} - {""}), len(right), len(members), sure)


def _whose(
    found: Found, kind: Kind, pattern: str, rows: list[Ref], members: dict[str, Series]
) -> str:
    for name, one in members.items():
        both = len(set(one.rows) & set(rows))
        if both >= WHOLE * len(one.rows) and both >= WHOLE * len(rows):
            frequency = one.frequency.replace("-", "_")
            named = kind.name not in FREQUENCIES or found.patterns[pattern][0] == frequency
            return name if named else ""
    return ""


def overdue(found: Found, truth: Truth, kind: Kind) -> Score:
    """The score of predictions for series that stopped: each must be overdue, neither pending nor
    deleted."""
    latest = _latest(found, truth, kind)
    right = sum(one.status == "overdue" for one in latest.values())
    return Score(right, len(latest), len(kind.series))


def amounts(found: Found, truth: Truth, kind: Kind) -> Score:
    """The score of predicted amounts: the true next amount must be within the predicted range, and
    the range must be narrow."""
    latest = _latest(found, truth, kind)
    true = dict(zip(kind.series, kind.pence, strict=True))
    right = sum(_holds(one, true[name] / 100) for name, one in latest.items())
    return Score(right, len(latest), len(kind.series))


def _holds(prediction: Prediction, pounds: float) -> bool:
    low, high = sorted(abs(pence) for pence in prediction.amounts)
    return (1 - NEAR) * pounds <= low <= pounds + 0.01 and pounds - 0.01 <= high <= (
        1 + NEAR
    ) * pounds


def _latest(found: Found, truth: Truth, kind: Kind) -> dict[str, Prediction]:
    """For each of the kind's series, its prediction. If several rows of the series have one, that
    of the latest row."""
    whose = {row: one.id for one in truth.series if one.id in kind.series for row in one.rows}
    ranked = sorted(found.predictions, key=lambda one: (found.days[one.row], one.row))
    return {whose[one.row]: one for one in ranked if one.row in whose}


def aliases(found: Found, truth: Truth, kind: Kind) -> Score:
    """The score of parties all of whose spellings are one entity, or are offered to be merged into
    one. The number of found ones includes parties of the kind that were merged with another
    party."""
    labels = layer_scores.labels(found, truth)
    graph = nx.Graph(layer_scores.rightly(found, labels))
    parties: dict[str, set[str]] = defaultdict(set)
    for party, entity in labels:
        parties[entity].add(party)
        graph.add_node(entity)
    entities = {party: {e for p, e in labels if p == party} for party in kind.parties}
    whole = [p for p, own in entities.items() if own and own <= _reach(graph, next(iter(own)))]
    mixed = sum(any(len(parties[e]) > 1 for e in own) for own in entities.values())
    return Score(len(whole), len(whole) + mixed, len(kind.parties))


def _reach(graph: nx.Graph, entity: str) -> set[str]:
    return set(nx.node_connected_component(graph, entity))


SCORERS = {
    "duplicates": duplicates, "series": series, "overdue": overdue, "amounts": amounts,
    "aliases": aliases,
}  # fmt: skip
