"""The planted books: the truth agrees with the files, and each kind's score can be 0 and 1."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from benchmarks.planted.book_files import COLUMNS
from benchmarks.planted.planted_books import Books, write
from benchmarks.planted.truth import Kind
from benchmarks.scoring import planted_scores
from benchmarks.scoring.written_layers import Found, Prediction
from finley.demo.truth import Ref, Truth

DAY = date(2024, 1, 1)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    return write(tmp_path_factory.mktemp("planted"), 3)


def rows_of(path: Path) -> set[Ref]:
    with path.open(newline="") as file:
        return {Ref(path.name, row[COLUMNS[path.name][0]]) for row in csv.DictReader(file)}


def test_the_truth_speaks_of_rows_that_are_there(books: Books) -> None:
    rows = set().union(*map(rows_of, books.files))
    names = {one.id for one in books.truth.series}
    parties = {one.party for one in books.truth.aliases}
    for kind in books.truth.kinds:
        assert set(kind.rows) <= rows, kind.name
        assert {row for pair in kind.pairs for row in pair} <= set(kind.rows), kind.name
        assert set(kind.series) <= names, kind.name
        assert set(kind.parties) <= parties, kind.name
        assert kind.pairs or kind.series or kind.parties or kind.name == "staff_claims"
    assert {row for one in books.truth.series for row in one.rows} <= rows
    assert all(len(one.rows) == len(one.due) for one in books.truth.series)


def test_the_same_seed_writes_the_same_books(books: Books, tmp_path: Path) -> None:
    assert write(tmp_path / "again", 3).truth == books.truth
    assert write(tmp_path / "other", 4).truth != books.truth


def test_a_case_is_found_by_any_pair_and_wrong_by_most() -> None:
    a, b, c, d = (Ref("f", key) for key in "abcd")
    kind = Kind("k", "duplicates", [a, b, c, d], [[b, a]], cases=[[[b, a]]])
    truth = planted_scores.PlantedTruth(1, DAY, DAY, kinds=[kind])
    found = Found(duplicates={frozenset((a, b)): 0.9, frozenset((c, d)): 0.8})
    assert planted_scores.by_case(found, truth).as_json()["precision"] == 0.5
    found.cases = dict.fromkeys(found.duplicates, "one")
    assert planted_scores.by_case(found, truth).as_json()["recall"] == 1


def test_amounts_hold_within_a_narrow_range_alone() -> None:
    def held(low: float, high: float) -> bool:
        return planted_scores._holds(
            Prediction(Ref("f", "a"), DAY, DAY, 0.9, "pending", (low, high)), 150
        )

    assert held(149, 151)
    assert held(-151, -149)
    assert not held(100, 151)
    assert not held(149, 200)
    assert not held(151, 152)


def test_books_without_kinds_have_cases_of_what_hangs_together() -> None:
    assert planted_scores.by_case(Found(), Truth(1, DAY, DAY)).as_json()["n"] == 0
