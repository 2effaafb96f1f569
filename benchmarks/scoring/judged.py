"""The found against the truth, layer by layer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from itertools import combinations

import networkx as nx

from benchmarks.scoring.found import Found
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
from finley.demo.truth import Ref, Series, Truth

ENOUGH = 4  # occurrences; three intervals are the fewest that could contradict a rhythm
TWO_CYCLES = 24  # months; less shows no season


def judge(found: Found, truth: Truth) -> Card:
    """Every layer and link type that the truth speaks of."""
    scores: dict[str, Score | Share] = {
        "recurrence": recurrence(found, truth),
        "frequency": frequency(found, truth),
        "duplicates": duplicates(found, truth),
        "same_transaction": same_transaction(found, truth),
        "reversals": reversals(found, truth),
        "settles": settles(found, truth),
        "fee_of": fee_of(found, truth),
        "aliases": aliases(found, truth),
        "aliases_offered": offered(found, truth),
        "aliases_with_offered": aliases(found, truth, joined=True),
    }
    if months(truth) >= TWO_CYCLES:
        scores["seasonal"] = seasonal(found, truth)
        scores["seasonal_months"] = seasonal_months(found, truth)
    return Card(dict(scores))


def months(truth: Truth) -> int:
    """How long the books are."""
    days = (truth.end - truth.start).days
    return round(days / 30.44)


# --- series ---


def recurrence(found: Found, truth: Truth) -> Score:
    """By rows: one is right where it is in a pattern most of whose rows are its own series'.

    Neither right nor wrong: series with fewer than ENOUGH occurrences, payments that follow a
    series' invoices, and a series' duplicates.
    """
    series_of, ignored = _series_of(truth), _unknowable(truth)
    whose = _majority(found.rhythm, series_of)
    counted = [row for row in found.rhythm if row in series_of or row not in ignored]
    right = [row for row in counted if series_of.get(row, "") == whose.get(found.rhythm[row])]
    return Score(len(right), len(counted), len(series_of), _sure(found, whose))


def _sure(found: Found, whose: Mapping[str, str]) -> tuple[tuple[float, bool], ...]:
    """Each pattern's score, and whether it is any true series."""
    used = set(found.rhythm.values())
    return tuple((score, p in whose) for p, (_, score) in found.patterns.items() if p in used)


def frequency(found: Found, truth: Truth) -> Share:
    """Among the series that a pattern is of: those whose largest pattern has their frequency."""
    right = 0
    matched = matches(found, truth)
    for series in enough(truth):
        if series.id in matched:
            told, _ = found.patterns[matched[series.id]]
            right += told == series.frequency.replace("-", "_")
    return Share(right, len(matched))


def matches(found: Found, truth: Truth) -> dict[str, str]:
    """Series → the pattern that is of it and has the most of its rows."""
    series_of = _series_of(truth)
    whose = _majority(found.rhythm, series_of)
    shared = Counter(
        (series, found.rhythm[row])
        for row, series in series_of.items()
        if row in found.rhythm and whose[found.rhythm[row]] == series
    )
    ranked = sorted(shared.items(), key=lambda item: (item[1], item[0]))
    return {series: pattern for (series, pattern), _ in ranked}


def enough(truth: Truth) -> list[Series]:
    """The series that one could know."""
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


def seasonal(found: Found, truth: Truth) -> Score:
    """By series and pattern: a true season is found where most of its rows have a pattern; a
    pattern is right where any of its rows is of a true season.
    """
    true = [one for one in enough(truth) if one.seasonal_months and _spans(one)]
    seen = [one for one in true if 2 * sum(r in found.season for r in one.rows) > len(one.rows)]
    rows = {row for one in truth.series if one.seasonal_months for row in one.rows}
    rows |= set(truth.echoes)
    patterns = set(found.season.values())
    wrong = patterns - {found.season[row] for row in rows if row in found.season}
    return Score(len(seen), len(seen) + len(wrong), len(true))


def seasonal_months(found: Found, truth: Truth) -> Share:
    """Months of found seasons that are right, among those that are said or true."""
    right = whole = 0
    for one in enough(truth):
        patterns = Counter(found.season[row] for row in one.rows if row in found.season)
        if one.seasonal_months and _spans(one) and patterns:
            said = set(found.seasons[patterns.most_common(1)[0][0]])
            right += len(said & set(one.seasonal_months))
            whole += len(said | set(one.seasonal_months))
    return Share(right, whole)


def _spans(series: Series) -> bool:
    return (max(series.due) - min(series.due)).days > 30 * (TWO_CYCLES - 1)


# --- pairs ---


def duplicates(found: Found, truth: Truth) -> Score:
    """Pairs at least as sure as not. An echo, and two copies of one original, count neither way."""
    true = {frozenset((d.row, d.original)) for d in truth.duplicates if not d.echo}
    related = nx.Graph([(d.row, d.original) for d in truth.duplicates])
    ignored = {frozenset(p) for group in nx.connected_components(related)
               for p in combinations(group, 2)}  # fmt: skip
    said = {pair: sure for pair, sure in found.duplicates.items() if sure >= PROBABLE}
    return of_pairs(said, true, ignored)


def same_transaction(found: Found, truth: Truth) -> Score:
    """Pairs; any one-to-one pairing within an interchangeable group is right.

    One claim and the one payment that settled it are the same money, seen twice: neither. That
    they settle is asked in `settles`.
    """
    groups: dict[str, list[tuple[Ref, Ref]]] = defaultdict(list)
    for one in truth.same_transaction:
        if one.group:
            groups[one.group].append((one.seen, one.ledger))
    said = settled_groups(found.links["same_transaction"], groups.values())
    true = {frozenset((s.seen, s.ledger)) for s in truth.same_transaction}
    alone = (s for s in truth.settles if s.complete and len(s.invoices) == len(s.payments) == 1)
    return of_pairs(said, true, {frozenset((*s.invoices, *s.payments)) for s in alone})


def reversals(found: Found, truth: Truth) -> Score:
    """Pairs of what takes back and what is taken back."""
    return of_pairs(found.links["reversal"], {frozenset(r[:2]) for r in _reversed(truth)})


def _reversed(truth: Truth) -> list[tuple[Ref, Ref]]:
    return [(one.row, one.original) for one in truth.reversals]


def settles(found: Found, truth: Truth) -> Score:
    """Each invoice with each of its payments. Credit notes and returned payments, which settle
    only by what they take away, count neither way.
    """
    back = {row for row, _ in _reversed(truth)}
    true: set[Pair] = set()
    ignored: set[Pair] = set()
    for one in truth.settles:
        for invoice in one.invoices:
            for payment in one.payments:
                known = invoice in back or payment in back
                (ignored if known else true).add(frozenset((invoice, payment)))
    return of_pairs(found.links["settles"], true, ignored)


def fee_of(found: Found, truth: Truth) -> Score:
    """Each fee with what caused it."""
    true = {frozenset((one.fee, one.payment)) for one in truth.fee_of}
    return of_pairs(found.links["fee_of"], true)


# --- parties ---


def aliases(found: Found, truth: Truth, *, joined: bool = False) -> Score:
    """Pairwise over spellings, by the entity that most of a spelling's rows are matched to.

    A spelling that stands for several parties in the same words and keys tells nobody apart.
    `joined`: as if a person had merged what was offered rightly.
    """
    named = labels(found, truth)
    merged = nx.Graph(rightly(found, named)) if joined else nx.Graph()
    groups = {entity: min(group) for group in nx.connected_components(merged) for entity in group}
    return of_clusters((party, groups.get(entity, entity)) for party, entity in named)


def offered(found: Found, truth: Truth) -> Score:
    """Of the pairs of entities that a person is asked about: those that are one party, among all
    that would have to be joined. Entities of no known spelling count neither way."""
    named = labels(found, truth)
    known = {entity for _, entity in named}
    right = set(rightly(found, named))
    asked = [pair for pair in found.offered if {*pair[:2]} <= known]
    entities = defaultdict(set)
    for party, entity in named:
        entities[party].add(entity)
    missing = sum(len(each) - 1 for each in entities.values())
    sure = tuple((confidence, (one, other) in right) for one, other, confidence in asked)
    return Score(len(right), len(asked), missing, sure)


def rightly(found: Found, named: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The offered pairs whose entities have a party in common."""
    parties = defaultdict(set)
    for party, entity in named:
        parties[entity].add(party)
    return [(one, other) for one, other, _ in found.offered if parties[one] & parties[other]]


def labels(found: Found, truth: Truth) -> list[tuple[str, str]]:
    """Each spelling's party and entity."""
    parties: dict[object, set[str]] = defaultdict(set)
    entities: dict[object, Counter[str]] = defaultdict(Counter)
    for alias in truth.aliases:
        for one in alias.spellings:
            mark = (one.file, one.column, one.name, *sorted(one.keys.items()))
            parties[mark].add(alias.party)
            named = ((row, " ".join(one.name.split())) for row in one.rows)
            entities[mark].update(found.named[key] for key in named if key in found.named)
    return [
        (next(iter(whose)), _top(entities[mark]) or f"unmatched {mark}")
        for mark, whose in parties.items()
        if len(whose) == 1
    ]


def _top(counted: Counter[str]) -> str:
    return max(sorted(counted), key=counted.__getitem__, default="")


# --- predictions ---


def groups(truth: Truth, days: Mapping[Ref, date], cut: date) -> list[list[Ref]]:
    """The rows of each series (doubled ones out), but of those that miss a day just at the cut."""
    kept = []
    for one in enough(truth):
        due = [d for row, d in zip(one.rows, one.due, strict=True) if days[row] < cut]
        ahead = [d for row, d in zip(one.rows, one.due, strict=True) if days[row] >= cut]
        if due and ahead and not any(max(due) < day < min(ahead) for day in one.missed):
            kept.append([row for row in one.rows if row not in one.doubled])
    return kept


def forecasts(
    before: Found, series: list[list[Ref]], days: Mapping[Ref, date], cut: date
) -> Forecasts:
    """Predictions made of the books before `cut`, against each series' first row from then on.

    `days` are those of the whole books. A prediction belongs to the series of the row it hangs on.
    """
    by_row = {one.row: one for one in before.predictions}
    covered, errors, sure, unpredicted = [], [], [], 0
    for rows in series:
        ahead = sorted(days[row] for row in rows if days[row] >= cut)
        behind = [row for row in rows if row in before.rhythm and days[row] < cut]
        said = [by_row[row] for row in behind if row in by_row]
        if not ahead or not behind:
            continue
        if not said:
            unpredicted += 1
            continue
        last = max(said, key=lambda one: (days[one.row], one.row))
        holds = last.first <= ahead[0] <= last.last
        covered.append(holds)
        middle = (last.first.toordinal() + last.last.toordinal()) / 2
        errors.append(abs(ahead[0].toordinal() - middle))
        sure.append((last.confidence, holds))
    return Forecasts(tuple(covered), tuple(errors), tuple(sure), unpredicted)
