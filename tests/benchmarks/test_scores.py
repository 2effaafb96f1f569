"""Scorers on tiny truths whose precision and recall are known, and are not 1."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scoring import layer_scores
from benchmarks.scoring.scores import (
    Card,
    Forecasts,
    Score,
    Share,
    calibration_error,
    of_clusters,
    of_pairs,
    settled_groups,
)
from benchmarks.scoring.written_layers import Found, Prediction
from finley.demo.truth import (
    Alias,
    Duplicate,
    Fee,
    Ref,
    Reversal,
    SameTransaction,
    Series,
    Settlement,
    Spelling,
    Truth,
)

START, END = date(2022, 1, 1), date(2023, 12, 31)
MONTH = timedelta(days=30)


def row(key: object, file: str = "a") -> Ref:
    return Ref(file, str(key))


def pair(one: object, other: object) -> frozenset[Ref]:
    return frozenset((row(one), row(other)))


def truth(**lists: Any) -> Truth:
    return Truth(1, START, END, **lists)


def series(name: str, keys: list[int], **changes: Any) -> Series:
    days = [START + MONTH * n for n in range(len(keys))]
    usual = Series(
        name, name, "a", "p", "monthly", [row(key) for key in keys], days, days, [], [], [], True,
        END, None,
    )  # fmt: skip
    return replace(usual, **changes)


def numbers(score: Score) -> tuple[int, int, int]:
    return score.right, score.found, score.n


def test_ratios():
    figures = Score(3, 4, 6).as_json()
    assert (figures["precision"], figures["recall"], figures["f1"]) == (0.75, 0.5, 0.6)
    assert Score().as_json()["precision"] is None


def test_pairs_are_right_wrong_missing_or_neither():
    claims = {pair(1, 2): 0.9, pair(3, 4): 0.8, pair(5, 6): 0.7, pair(7, 8): 0.6}
    score = of_pairs(claims, [pair(2, 1), pair(3, 4), pair(9, 10)], ignored=[pair(5, 6)])
    assert numbers(score) == (2, 3, 3)
    assert sorted(score.sure) == [(0.6, False), (0.8, True), (0.9, True)]


def test_what_is_true_is_never_ignored():
    assert numbers(of_pairs({pair(1, 2): 1}, [pair(1, 2)], [pair(1, 2)])) == (1, 1, 1)


def test_calibration_error_is_the_gap_in_each_bin():
    sure = [(0.9, True), (0.9, False), (0.2, False), (1.0, True)]
    # bins [.2], [.9, .9, 1]: |.2 - 0| / 4 + |.9 + .9 + 1 - 2| / 4
    assert calibration_error(sure) == pytest.approx(0.25)
    assert calibration_error([]) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=14))
def test_clusters_are_scored_as_all_their_pairs(labels):
    labels = [(str(true), str(claimed)) for true, claimed in labels]
    both = [(a, b) for i, a in enumerate(labels) for b in labels[i + 1 :]]
    same = [(a[0] == b[0], a[1] == b[1]) for a, b in both]
    expected = (sum(t and f for t, f in same), sum(f for _, f in same), sum(t for t, _ in same))
    assert numbers(of_clusters(labels)) == expected


def test_interchangeable_pairs_may_cross_but_stay_one_to_one():
    group = [(row(1), row(11)), (row(2), row(12)), (row(3), row(13))]
    true = {pair(1, 11), pair(2, 12), pair(3, 13), pair(4, 14)}
    crossed = {pair(1, 12): 1.0, pair(2, 11): 1.0, pair(4, 14): 1.0}
    assert numbers(of_pairs(settled_groups(crossed, [group]), true)) == (3, 3, 4)
    doubled = {pair(1, 11): 1.0, pair(1, 12): 1.0, pair(1, 2): 1.0}
    assert numbers(of_pairs(settled_groups(doubled, [group]), true)) == (1, 3, 4)


def test_recurrence_counts_rows_of_the_right_pattern():
    """Rent 1-5, repairs 6-9, short 20-22; 30, 32 and 33 pay rent's invoices, 31 repeats row 1."""
    true_books = truth(
        series=[series("rent", [1, 2, 3, 4, 5]), series("other", [6, 7, 8, 9]),
                series("short", [20, 21, 22])],
        duplicates=[Duplicate(row(31), row(1), "paid_twice")],
        echoes=[row(30), row(32), row(33)],
    )  # fmt: skip
    claims = Found(patterns={"P": ("monthly", 0.9), "Q": ("weekly", 0.8), "R": ("weekly", 0.4)})
    claims.patterns["S"] = ("monthly", 0.7)  # most of its rows count neither way
    claims.series_of_row |= {row(32): "S", row(33): "S", row(60): "S"}
    for key in (1, 2, 3, 6, 20, 30, 31, 40):
        claims.series_of_row[row(key)] = "P"
    claims.series_of_row |= {row(7): "Q", row(8): "Q", row(50): "R"}
    # right: 1 2 3 7 8; wrong: 6 (another series' pattern), 40, 50 and 60; missing: 4 5 9 and 6
    score = layer_scores.recurrence(claims, true_books)
    assert numbers(score) == (5, 9, 9)
    assert sorted(score.sure) == [(0.4, False), (0.8, True), (0.9, True)]
    assert layer_scores.frequency(claims, true_books) == Share(1, 2)


def test_the_frequency_is_that_of_the_largest_pattern():
    true_books = truth(series=[series("four", [1, 2, 3, 4, 5], frequency="four-weekly")])
    claims = Found(patterns={"P": ("four_weekly", 1), "Q": ("monthly", 1)})
    claims.series_of_row |= {row(k): "P" for k in (1, 2, 3)} | {row(k): "Q" for k in (4, 5)}
    assert layer_scores.frequency(claims, true_books) == Share(1, 1)
    claims.series_of_row[row(3)] = "Q"
    assert layer_scores.frequency(claims, true_books) == Share(0, 1)


def test_duplicates_leave_echoes_and_copies_of_copies_out():
    true_books = truth(
        duplicates=[
            Duplicate(row(2), row(1), "paid_twice"),
            Duplicate(row(3), row(1), "paid_twice"),
            Duplicate(row(5), row(4), "split"),
            Duplicate(row(12), row(11), "paid_twice", echo=True),
        ]
    )
    claims = Found(
        duplicates={pair(1, 2): 0.9, pair(2, 3): 0.9, pair(11, 12): 0.9, pair(8, 9): 0.9,
                    pair(4, 5): 0.4}
    )  # fmt: skip
    assert numbers(layer_scores.duplicates(claims, true_books)) == (1, 2, 3)


def test_links():
    true_books = truth(
        same_transaction=[SameTransaction(row(1), row(2), "card"),
                          SameTransaction(row(3), row(4), "card", "g"),
                          SameTransaction(row(5), row(6), "card", "g")],
        reversals=[Reversal(row(11), row(10), partial=True), Reversal(row(13), row(12), False)],
        settles=[Settlement([row(10), row(11)], [row(20), row(21)], "purchase"),
                 Settlement([row(14)], [row(22)], "purchase")],
        fee_of=[Fee(row(30), row(31)), Fee(row(32), row(33))],
    )  # fmt: skip
    claims = Found()
    claims.links["same_transaction"] = {pair(3, 6): 1, pair(1, 9): 1, pair(14, 22): 1}
    claims.links["reversal"] = {pair(10, 11): 1, pair(10, 13): 1, pair(1, 2): 1}
    claims.links["settles"] = {pair(10, 20): 1, pair(11, 20): 1, pair(14, 20): 1}
    claims.links["fee_of"] = {pair(30, 31): 1, pair(30, 33): 1, pair(32, 31): 1, pair(9, 8): 1}
    assert numbers(layer_scores.same_transaction(claims, true_books)) == (1, 2, 3)
    assert numbers(layer_scores.reversals(claims, true_books)) == (1, 3, 2)
    assert numbers(layer_scores.settles(claims, true_books)) == (
        1,
        2,
        3,
    )  # a credit note counts neither way
    assert numbers(layer_scores.fee_of(claims, true_books)) == (1, 4, 2)


def spelling(name: str, *keys: int, **strong: str) -> Spelling:
    return Spelling("a", "party", name, strong, [row(key) for key in keys])


def test_aliases_go_by_the_entity_of_most_rows():
    true_books = truth(
        aliases=[
            Alias("p1", "vendor", "Acme", [spelling("Acme", 1, 2), spelling("ACME  LTD", 3),
                                           spelling("Acne", 4), spelling("CUT", 5)], []),
            Alias("p2", "vendor", "Acme North", [spelling("Acme", 6, vat="2"),
                                                 spelling("CUT", 7)], ["p1"]),
        ]
    )  # fmt: skip
    claims = Found(named={
        (row(1), "Acme"): "E1", (row(2), "Acme"): "E1", (row(3), "ACME LTD"): "E1",
        (row(4), "Acne"): "E2", (row(6), "Acme"): "E1", (row(5), "CUT"): "E1",
        (row(7), "CUT"): "E1",
    })  # fmt: skip
    # of 4 spellings (CUT is both parties'): true pairs 3, found pairs 3 (E1 has 3), right 1
    assert numbers(layer_scores.aliases(claims, true_books)) == (1, 3, 3)


def test_spellings_without_an_entity_are_each_alone():
    true_books = truth(
        aliases=[Alias("p1", "vendor", "A", [spelling("A", 1), spelling("B", 2)], [])]
    )
    assert numbers(layer_scores.aliases(Found(), true_books)) == (0, 0, 1)


def long(name: str, first: int, season: list[int] | None) -> Series:
    return series(name, list(range(first, first + 25)), seasonal_months=season)


def test_seasons_are_scored_by_series_and_pattern():
    true_books = truth(
        series=[long("gas", 0, [1, 2]), long("ice", 100, [7]), long("rent", 200, None)]
    )
    claims = Found(seasons={"S": [1, 2, 3], "T": [5]})
    claims.season |= {row(key): "S" for key in range(20)} | {row(200): "T"}
    assert numbers(layer_scores.seasonal(claims, true_books)) == (1, 2, 2)
    assert layer_scores.seasonal_months(claims, true_books) == Share(2, 3)


def test_predictions_are_held_against_what_came():
    firsts = {"a": 1, "b": 11, "c": 21, "d": 31}
    true_books = truth(
        series=[series(name, list(range(at, at + 5))) for name, at in firsts.items()]
    )
    days = {r: d for one in true_books.series for r, d in zip(one.rows, one.due, strict=True)}
    cut = START + MONTH * 4
    before = Found()
    before.series_of_row |= {r: one.id for one in true_books.series[:3] for r in one.rows}
    at = START + MONTH * 4
    before.predictions += [
        Prediction(row(4), at - timedelta(days=3), at + timedelta(days=1), 0.9),
        Prediction(row(3), at, at, 0.9),  # not the series' last
        Prediction(row(14), at + timedelta(days=2), at + timedelta(days=4), 0.9),
    ]
    groups = layer_scores.groups(true_books, days, cut)
    forecasts = layer_scores.forecasts(before, groups, days, cut)
    assert forecasts.covered == (True, False)
    assert forecasts.errors == (1, 3)
    assert forecasts.unpredicted == 1  # c is known and nothing was foretold; d was not known
    assert forecasts.as_json()["coverage"] == 0.5
    assert forecasts.as_json()["median_error_days"] == 2


def test_series_that_miss_a_day_at_the_cut_are_left_out():
    cut = START + MONTH * 2
    skips = series("a", [1, 2, 4], due=[START, START + MONTH, START + MONTH * 3, END][:3])
    skips = replace(skips, rows=[*skips.rows, row(5)], due=[*skips.due, START + MONTH * 4],
                    missed=[START + MONTH * 2])  # fmt: skip
    days = dict(zip(skips.rows, skips.due, strict=True))
    assert layer_scores.groups(truth(series=[skips]), days, cut) == []
    assert len(layer_scores.groups(truth(series=[replace(skips, missed=[])]), days, cut)) == 1


def test_cards_of_several_books_add_up():
    one = Card({"a": Score(1, 2, 3), "b": Share(1, 2), "c": Forecasts((True,), (1.0,))})
    other = Card({"a": Score(1, 1, 1), "c": Forecasts((False,), (2.0,), unpredicted=1)})
    both = (one + other).as_json()
    assert both["a"]["precision"] == pytest.approx(0.6667)
    assert both["b"] == {"accuracy": 0.5, "n": 2}
    assert (both["c"]["coverage"], both["c"]["n"], both["c"]["unpredicted"]) == (0.5, 2, 1)
