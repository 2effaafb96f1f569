"""Names as feeds spell them, numbers as clerks do."""

import numpy as np
import pytest

from graph.enrich import fraud_candidates, repeat_keys
from graph.enrich.columns import numbers
from graph.enrich.columns.name_similarity import Likeness
from graph.enrich.columns.payments import Entities

NAMES = [
    "Coldmere Filling Station Ltd", "COLDMERE FILLING TRURO", "ZP *COLDMERE FILLING",
    "Alice Hartnell", "A HARTNELL", "Norfield Flavourings Ltd", "Elm Water Services",
    "NORFIELD FLAVOURIN", "Norfield Flavourings", "Oak Water Services", "Tarn Water Services", "",
]  # fmt: skip


def alike(one: str, other: str) -> float:
    texts = np.array(NAMES, dtype=object)
    entities = Entities(id=texts, kind=texts, name=texts, keys=[])
    ends = (np.array([NAMES.index(name)]) for name in (one, other))
    return float(Likeness(entities).of(*ends)[0])


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("Norfield Flavourings Ltd", "Norfield Flavourings", 1, 1),
        ("Norfield Flavourings Ltd", "NORFIELD FLAVOURIN", 0.75, 1),
        ("Coldmere Filling Station Ltd", "COLDMERE FILLING TRURO", 0.5, 0.99),
        ("Coldmere Filling Station Ltd", "ZP *COLDMERE FILLING", 0.7, 1),
        ("Alice Hartnell", "A HARTNELL", 0.7, 1),
        ("Elm Water Services", "Oak Water Services", 0, 0.75),
        ("Alice Hartnell", "Norfield Flavourings Ltd", 0, 0.2),
        ("", "Alice Hartnell", 0, 0),
    ],
)
def test_likeness(one, other, least, most):
    assert least <= alike(one, other) <= most
    assert alike(one, other) == alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("INV-0017", "inv 17"), ("DLM-24-0010692", "DLM-24-10692"), ("PF00000369", "PF 369")],
)
def test_one_number_in_two_spellings(one, other):
    assert numbers.normal(one) == numbers.normal(other)


def test_zeros_within_a_number_count():
    assert numbers.normal("INV-107") != numbers.normal("INV-17")


def test_the_numbers_of_a_text():
    text = "INV-59460/1 and 0076643, of 2024-01-31 for 1,432.66"
    assert numbers.within(text) == {"INV594601", "76643"}


@pytest.mark.parametrize(
    ("number", "stem"),
    [("INV-59217 DUP", "INV59217"), ("MSL/15316-A", "MSL15316"), ("CSR/33406/1", "CSR33406"),
     ("15316A", "15316"), ("INV-59217", ""), ("153161", "")],
)  # fmt: skip
def test_marks_behind_a_number(number, stem):
    assert repeat_keys.stem(number) == stem


def test_swapped_digits():
    assert fraud_candidates.swapped("SI31696", "SI31669")
    assert not fraud_candidates.swapped("SI31696", "SI31696")
    assert not fraud_candidates.swapped("SI31696", "SI39661")
    assert not fraud_candidates.swapped("IS31696", "SI31696")
