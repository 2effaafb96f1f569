"""One document's number in two sources."""

import pytest

from graph.enrich.links.references import find, labelled, links
from tests.graph.enrich.handmade import payments


def found(*rows):
    books = payments(*rows)
    keys = books.external_id
    return {
        (keys[reference.one], keys[reference.other], reference.number) for reference in find(books)
    }


def stated(key, day, text, source="ledger", **values):
    return {"key": key, "day": day, "description": text, "source": source, **values}


def test_a_short_number_behind_one_label():
    rows = [
        stated("a", 1, "Travel permit number 424"),
        stated("b", 9, "permit number 424", "travel"),
    ]
    assert found(*rows) == {("b", "a", "permit number 424")}
    [link] = links(books := payments(*rows), find(books))
    assert link.confidence == 0.96


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("permit number 425", {}),
        ("seat number 424", {}),
        ("424 miles", {}),
        ("permit number 424.50", {}),
        ("permit number 424", {"party": "Oak Water Services"}),
        ("permit number 424", {"source": "ledger"}),
    ],
)
def test_what_a_short_number_is_not(text, values):
    rows = [stated("a", 1, "Travel permit number 424"), stated("b", 9, text, "travel")]
    assert found(rows[0], {**rows[1], **values}) == set()


def test_a_label_of_many_rows_tells_none_apart():
    ours = [stated(f"a{at}", at, "permit number 12", amount=at + 1) for at in range(5)]
    assert found(*ours, stated("b", 9, "permit number 12", "travel")) == set()


def test_the_one_owner_of_a_number_and_all_that_name_it():
    owner = stated("o", 0, "", document="INV-70123")
    naming = [stated(f"n{at}", 5 + at, "pays INV-70123", "bank") for at in range(6)]
    assert found(owner, *naming) == {(f"n{at}", "o", "INV70123") for at in range(6)}
    assert found({**owner, "document": "", "description": "INV-70123"}, *naming) == set()


def test_labelled():
    assert labelled("Claim no. 0042, permit 7, invoice 12345") == {"claim no 42"}
