"""Scores each layer (recurrence, seasons, duplicates, links, aliases, forecasts): compares what
detectors found with the truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from itertools import combinations

import networkx as nx

from benchmarks.scoring.scores import (
    PROBABLE,
    Card,
    Forecasts,
    Pair,
    Score,
    Share,
    of_clusters,
    of_pairs,
    settled_groups,
)
from benchmarks.scoring.written_layers import Found
from finley.demo.truth import Ref, Series, Truth

ENOUGH = 4  # occurrences; three intervals are the fewest that could contradict a frequency
TWO_CYCLES = 24  # months; fewer show no season


def judge(claims: Found, truth: Truth) -> Card:
    """Score everything that enrichment found against the truth: one score per layer and link type
    that the truth covers."""
    scores: dict[str, Score | Share] = {
        "recurrence": recurrence(claims, truth),
        "frequency": frequency(claims, truth),
        "duplicates": duplicates(claims, truth),
        "same_transaction": same_transaction(claims, truth),
        "reversals": reversals(claims, truth),
        "settles": settles(claims, truth),
        "fee_of": fee_of(claims, truth),
        "aliases": aliases(claims, truth),
        "aliases_offered": offered(claims, truth),
        "aliases_with_offered": aliases(claims, truth, joined=True),
    }
    if months(truth) >= TWO_CYCLES:
        scores["seasonal"] = seasonal(claims, truth)
        scores["seasonal_months"] = seasonal_months(claims, truth)
    return Card(dict(scores))


def months(truth: Truth) -> int:
    """The length of the books in months."""
    days = (truth.end - truth.start).days
    return round(days / 30.44)


# --- series ---


def recurrence(claims: Found, truth: Truth) -> Score:
    """The score of recurrence, counted by rows. A row is right if most rows of its pattern are from
    the row's own series.

    Some rows are not counted: those of series with fewer than ENOUGH occurrences, payments that
    settle a series' invoices, and duplicates of a series' rows. A pattern's confidence is scored if
    most of its rows are counted.
    """
    series_of, ignored = _series_of(truth), _unknowable(truth)
    whose = _majority(claims.series_of_row, series_of)
    rows = [row for row in claims.series_of_row if row in series_of or row not in ignored]
    right = [row for row in rows if series_of.get(row, "") == whose.get(claims.series_of_row[row])]
    judged = Counter(claims.series_of_row[row] for row in rows)
    size = Counter(claims.series_of_row.values())
    used = {pattern for pattern, count in judged.items() if 2 * count > size[pattern]}
    return Score(len(right), len(rows), len(series_of), _sure(claims, whose, used))


def _sure(
    claims: Found, whose: Mapping[str, str], used: set[str]
) -> tuple[tuple[float, bool], ...]:
    """For each pattern in `used`, its confidence and whether it belongs to a true series
    (`whose`)."""
    return tuple((score, p in whose) for p, (_, score) in claims.patterns.items() if p in used)


def frequency(claims: Found, truth: Truth) -> Share:
    """The share of right frequencies: of the series with a pattern, those whose largest pattern has
    the series' frequency."""
    right = 0
    matched = matches(claims, truth)
    for series in enough(truth):
        if series.id in matched:
            claimed, _ = claims.patterns[matched[series.id]]
            right += claimed == series.frequency.replace("-", "_")
    return Share(right, len(matched))


def matches(claims: Found, truth: Truth) -> dict[str, str]:
    """For each series the pattern that has the most of its rows, among the patterns most of whose
    rows are that series'."""
    series_of = _series_of(truth)
    whose = _majority(claims.series_of_row, series_of)
    shared = Counter(
        (series, claims.series_of_row[row])
        for row, series in series_of.items()
        if row in claims.series_of_row and whose[claims.series_of_row[row]] == series
    )
    ranked = sorted(shared.items(), key=lambda item: (item[1], item[0]))
    return {series: pattern for (series, pattern), _ in ranked}


def enough(truth: Truth) -> list[Series]:
    """The series that have at least ENOUGH occurrences, so that they can be detected."""
    return [one for one in truth.series if len(set(one.due)) >= ENOUGH]


def _series_of(truth: Truth) -> dict[Ref, str]:
    return {row: one.id for one in enough(truth) for row in one.rows}


def _unknowable(truth: Truth) -> set[Ref]:
    unsure = {*truth.echoes, *(row for one in truth.series for row in one.rows)}
    return unsure | {one.row for one in truth.duplicates if one.original in unsure}


def _majority(pattern_of: Mapping[Ref, str], series_of: Mapping[Ref, str]) -> dict[str, str]:
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for row, pattern in pattern_of.items():
        if row in series_of:
            votes[pattern][series_of[row]] += 1
    return {p: max(sorted(count), key=count.__getitem__) for p, count in votes.items()}


# --- seasons ---


def seasonal(claims: Found, truth: Truth) -> Score:
    """The score of seasons. A true season is found if most of its rows have a pattern. A pattern is
    right if any of its rows has a true season."""
    true = [one for one in enough(truth) if one.seasonal_months and _spans(one)]
    covered = [one for one in true if 2 * sum(r in claims.season for r in one.rows) > len(one.rows)]
    rows = {row for one in truth.series if one.seasonal_months for row in one.rows}
    rows |= set(truth.echoes)
    patterns = set(claims.season.values())
    wrong = patterns - {claims.season[row] for row in rows if row in claims.season}
    return Score(len(covered), len(covered) + len(wrong), len(true))


def seasonal_months(claims: Found, truth: Truth) -> Share:
    """The share of right months of the found seasons: months that are both reported and true, out
    of those that are either."""
    right = whole = 0
    for one in enough(truth):
        patterns = Counter(claims.season[row] for row in one.rows if row in claims.season)
        if one.seasonal_months and _spans(one) and patterns:
            claimed = set(claims.seasons[patterns.most_common(1)[0][0]])
            right += len(claimed & set(one.seasonal_months))
            whole += len(claimed | set(one.seasonal_months))
    return Share(right, whole)


def _spans(series: Series) -> bool:
    return (max(series.due) - min(series.due)).days > 30 * (TWO_CYCLES - 1)


# --- pairs ---


def duplicates(claims: Found, truth: Truth) -> Score:
    """The score of duplicate pairs with a confidence of at least one half. Echoes, and pairs of two
    copies of one original, are not counted."""
    true = {frozenset((d.row, d.original)) for d in truth.duplicates if not d.echo}
    related = nx.Graph([(d.row, d.original) for d in truth.duplicates])
    ignored = {frozenset(p) for group in nx.connected_components(related)
               for p in combinations(group, 2)}  # fmt: skip
    sure_pairs = {pair: sure for pair, sure in claims.duplicates.items() if sure >= PROBABLE}
    return of_pairs(sure_pairs, true, ignored)


def same_transaction(claims: Found, truth: Truth) -> Score:
    """The score of pairs that record one payment. Any one-to-one pairing within an interchangeable
    group is right.

    A claim and the single payment that settled it are the same money, so the pair is not counted
    here. Whether one settles the other is scored in `settles`.
    """
    groups: dict[str, list[tuple[Ref, Ref]]] = defaultdict(list)
    for one in truth.same_transaction:
        if one.group:
            groups[one.group].append((one.seen, one.ledger))
    settled = settled_groups(claims.links["same_transaction"], groups.values())
    true = {frozenset((s.seen, s.ledger)) for s in truth.same_transaction}
    alone = (s for s in truth.settles if s.complete and len(s.invoices) == len(s.payments) == 1)
    return of_pairs(settled, true, {frozenset((*s.invoices, *s.payments)) for s in alone})


def reversals(claims: Found, truth: Truth) -> Score:
    """The score of pairs of a reversal and its original."""
    return of_pairs(claims.links["reversal"], {frozenset(r[:2]) for r in _reversed(truth)})


def _reversed(truth: Truth) -> list[tuple[Ref, Ref]]:
    return [(one.row, one.original) for one in truth.reversals]


def settles(claims: Found, truth: Truth) -> Score:
    """The score of pairs of an invoice and one of its payments. Credit notes and returned payments
    are not counted, because they settle only by what they take away."""
    back = {row for row, _ in _reversed(truth)}
    true: set[Pair] = set()
    ignored: set[Pair] = set()
    for one in truth.settles:
        for invoice in one.invoices:
            for payment in one.payments:
                is_known = invoice in back or payment in back
                (ignored if is_known else true).add(frozenset((invoice, payment)))
    return of_pairs(claims.links["settles"], true, ignored)


def fee_of(claims: Found, truth: Truth) -> Score:
    """The score of pairs of a fee and the payment that caused it."""
    true = {frozenset((one.fee, one.payment)) for one in truth.fee_of}
    return of_pairs(claims.links["fee_of"], true)


# --- parties ---


def aliases(claims: Found, truth: Truth, *, joined: bool = False) -> Score:
    """The pairwise score of spellings. Two spellings are found to be one party if most of their
    rows are matched to one entity.

    A spelling that several parties have with the same words and keys is not counted. `joined`
    scores as if a person had merged all correct offers.
    """
    named = labels(claims, truth)
    merged = nx.Graph(rightly(claims, named)) if joined else nx.Graph()
    groups = {entity: min(group) for group in nx.connected_components(merged) for entity in group}
    return of_clusters((party, groups.get(entity, entity)) for party, entity in named)


def offered(claims: Found, truth: Truth) -> Score:
    """The score of the pairs of entities that a person is asked about. A pair is right if both
    entities are one true party.

    The number of true ones is that of the merges after which each party is one entity. Pairs with
    an entity that has no known spelling are not counted.
    """
    named = labels(claims, truth)
    entities_known = {entity for _, entity in named}
    right = set(rightly(claims, named))
    pairs = [pair for pair in claims.offered if {*pair[:2]} <= entities_known]
    entities = defaultdict(set)
    for party, entity in named:
        entities[party].add(entity)
    missing = sum(len(names) - 1 for names in entities.values())
    sure = tuple((confidence, (one, other) in right) for one, other, confidence in pairs)
    return Score(len(right), len(pairs), missing, sure)


def rightly(found: Found, named: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The offered pairs whose two entities have spellings of the same true party. `named` is the
    result of `labels`."""
    parties = defaultdict(set)
    for party, entity in named:
        parties[entity].add(party)
    return [(one, other) for one, other, _ in found.offered if parties[one] & parties[other]]


def labels(found: Found, truth: Truth) -> list[tuple[str, str]]:
    """For each spelling: (its true party, the entity that most of its rows are matched to)."""
    parties: dict[object, set[str]] = defaultdict(set)
    entities: dict[object, Counter[str]] = defaultdict(Counter)
    for alias in truth.aliases:
        for one in alias.spellings:
            spelling = (one.file, one.column, one.name, *sorted(one.keys.items()))
            parties[spelling].add(alias.party)
            named = ((row, " ".join(one.name.split())) for row in one.rows)
            entities[spelling].update(found.named[key] for key in named if key in found.named)
    return [
        (next(iter(whose)), _top(entities[spelling]) or f"unmatched {spelling}")
        for spelling, whose in parties.items()
        if len(whose) == 1
    ]


def _top(counts: Counter[str]) -> str:
    return max(sorted(counts), key=counts.__getitem__, default="")


# --- predictions ---


def groups(truth: Truth, days: Mapping[Ref, date], cut: date) -> list[list[Ref]]:
    """The rows of each series, without doubled occurrences. Series that miss a day just at the cut
    are left out."""
    result = []
    for one in enough(truth):
        due = [d for row, d in zip(one.rows, one.due, strict=True) if days[row] < cut]
        ahead = [d for row, d in zip(one.rows, one.due, strict=True) if days[row] >= cut]
        if due and ahead and not any(max(due) < day < min(ahead) for day in one.missed):
            result.append([row for row in one.rows if row not in one.doubled])
    return result


def forecasts(
    before: Found, series: list[list[Ref]], days: Mapping[Ref, date], cut: date
) -> Forecasts:
    """Compare the predictions that were made from the books before `cut` with the first row of each
    series on or after it.

    `days` are those of the whole books. A prediction belongs to the series of the row to which it
    refers.
    """
    by_row = {one.row: one for one in before.predictions}
    covered, errors, sure, unpredicted = [], [], [], 0
    for rows in series:
        ahead = sorted(days[row] for row in rows if days[row] >= cut)
        behind = [row for row in rows if row in before.series_of_row and days[row] < cut]
        predictions = [by_row[row] for row in behind if row in by_row]
        if not ahead or not behind:
            continue
        if not predictions:
            unpredicted += 1
            continue
        last = max(predictions, key=lambda one: (days[one.row], one.row))
        holds = last.first <= ahead[0] <= last.last
        covered.append(holds)
        middle = (last.first.toordinal() + last.last.toordinal()) / 2
        errors.append(abs(ahead[0].toordinal() - middle))
        sure.append((last.confidence, holds))
    return Forecasts(tuple(covered), tuple(errors), tuple(sure), unpredicted)
