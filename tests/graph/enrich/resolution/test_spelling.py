"""The spelling by which a merged party is named."""

import pytest

from graph.enrich.resolution.name_words import read
from graph.enrich.resolution.spelling import best


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ({"Aldgate Stnadards Institute LLP": 1, "Aldgate Standards Institute LLP": 1}, 1),
        ({"hatherwick hygiene svcs": 2, "Hatherwick Hygiene Services Ltd": 3}, 1),
        ({"Insurance Brokers, Elmford": 1, "Elmford Insurance Brokers": 1}, 1),
        ({"PENBRIDGE HOTEL LEEDS": 7, "Penbridge Hotel Ltd": 11}, 1),
        ({"Brockworth Pest Control": 2, "Brockworth Pest Control Ltd": 2}, 1),
    ],
)
def test_the_one_that_most_rows_agree_with(spelled, expected):
    """A third source, which cut the name, has an opinion, too, but is not the name."""
    bank = {"ALDGATE STANDARDS": 2, "HATHERWICK HYGIENE": 5, "ELMFORD INSURANCE": 2}
    cut = {name: rows for name, rows in bank.items() if name.split()[0].title() in str(spelled)}
    names = [*(read(text) for text in spelled), *(read(text, cut=True) for text in cut)]
    rows = dict(enumerate([*spelled.values(), *cut.values()]))
    assert best(dict(enumerate(names)), rows)[0] == expected


@pytest.mark.parametrize(
    ("often", "seldom"),
    [
        (("Acme Consulting Ltd", 500), ("Acme", 2)),
        (("Amazon Web Services EMEA SARL", 200), ("Amazon", 4)),
        (("Transport for London", 900), ("Transport", 1)),
        (("Acme", 500), ("Acme Consulting Ltd", 2)),
    ],
)
def test_the_name_that_most_rows_bear_wins_however_long_it_is(often, seldom):
    names = {0: read(seldom[0]), 1: read(often[0])}
    assert best(names, {0: seldom[1], 1: often[1]}) == [1, 0]


def test_a_town_behind_a_name_is_not_shown_however_many_rows_have_it():
    names = {0: read("PENBRIDGE HOTEL LEEDS").without_place(), 1: read("Penbridge Hotel Ltd")}
    assert best(names, {0: 70, 1: 1}) == [1, 0]


def test_a_name_that_a_feed_cut_is_the_last():
    names = {0: read("COLDWICK WEB HOS LEEDS", cut=True), 1: read("Coldwick Web Hosting")}
    assert best(names, {0: 31, 1: 1}) == [1, 0]
    form = {0: read("MABZENWICK BANK LI", cut=True), 1: read("Mabzenwick Bank Limited")}
    assert best(form, {0: 28, 1: 25}) == [1, 0]
    whole = {0: read("KELMERE DELICATESSEN", cut=True), 1: read("Kelmere Dellicatessen")}
    assert best(whole, {0: 6, 1: 4}) == [0, 1]  # the column is full by accident
