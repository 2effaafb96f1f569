"""Exports of banks, cards, processors and programs: each known by its own header, and read right.

ready_formats.txt holds an invented file for each, as in guessing/shapes.
"""

from pathlib import Path

import pytest

from graph.ingest.csv_dialect import header
from graph.ingest.file_parts import format_of
from graph.ingest.guessing.guess import guess
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.ledger_rows import LedgerRow
from graph.ingest.mappings import ready_formats
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.rows_from_file import read
from tests.graph.ingest.conftest import Write
from tests.graph.ingest.guessing.test_shapes import is_row, shapes_of

SAMPLES = shapes_of(Path(__file__).with_name("ready_formats.txt"))
VENDORS = sorted(name for name, by in ready_formats.ready().items() if by.header)


def test_each_has_a_sample() -> None:
    assert sorted(SAMPLES) == VENDORS
    assert len(VENDORS) >= 40


@pytest.mark.parametrize("name", VENDORS)
def test_its_sample_is_recognised_and_read_right(name: str, write: Write) -> None:
    content, expected = SAMPLES[name]
    path = write(content, "export.csv")
    by = format_of(path)
    assert isinstance(by, Mapping)
    assert (by.name, by.doubts) == (name, ())
    rows = [row for row in read(path, by) if isinstance(row, LedgerRow)]
    assert len(rows) == len(expected)
    for row, right in zip(rows, expected, strict=True):
        assert is_row(right, row), (right, row)


@pytest.mark.parametrize("name", VENDORS)
def test_another_header_is_not_taken_for_it(name: str) -> None:
    titles = list(ready_formats.ready()[name].header)
    assert ready_formats.recognise(titles).name == name
    for other in (titles[:-1], [*titles, "Shop"], [*titles[:-1], "Shop"]):
        found = ready_formats.recognise(other)
        assert found is None or found.name != name


def test_a_file_of_another_delimiter_is_guessed(write: Write) -> None:
    content, _ = SAMPLES["revolut"]
    path = write(content.replace(b",", b";"), "export.csv")
    assert ready_formats.of_file(path) is None
    assert format_of(path).amount.column == "amount"


@pytest.mark.parametrize("name", ["paypal", "citi-card", "lloyds"])
def test_dates_of_another_country_are_not_read_as_the_format_says(name: str, write: Write) -> None:
    by = ready_formats.ready()[name]
    day = "13/02/2025" if by.date.formats[0].startswith("%m") else "02/13/2025"
    titles = [title.replace(",", "") for title in by.header]
    at = by.names(titles).index(by.date.column)
    cells = [day if place == at else "1" for place in range(len(titles))]
    path = write(f"{','.join(titles)}\n{','.join(cells)}\n".encode(), "export.csv")
    assert ready_formats.recognise(titles).name == name
    assert ready_formats.of_file(path) is None


def test_the_titles_of_another_vendor_are_guessed_by_their_dates(write: Write) -> None:
    content, _ = SAMPLES["us-bank"]
    assert ready_formats.of_file(write(content, "own.csv")).name == "us-bank"
    other = content.replace(b"2025-02-03", b"2/13/2025").replace(b"2025-02-04", b"2/14/2025")
    path = write(other, "export.csv")
    assert ready_formats.of_file(path) is None
    assert format_of(path).date.formats == ("%m/%d/%Y",)


@pytest.mark.parametrize("name", ["paypal", "citi-card"])
def test_dates_that_could_be_either_countrys_are_left_to_the_guess_which_says_so(
    name: str, write: Write
) -> None:
    sample = SAMPLES[name][0].replace(b"02/14/", b"02/04/").replace(b"02/15/", b"02/05/")
    path = write(sample, "export.csv")
    assert ready_formats.of_file(path) is None
    assert any(doubt.topic == "date" for doubt in guess(path).doubts)


@pytest.mark.parametrize(
    ("name", "order"),
    [("chase-checking", "month"), ("dkb", "day"), ("wise", "day"), ("amex-us", "month")],
)
def test_rows_that_a_guess_has_read_are_known_again(name: str, order: str, write: Write) -> None:
    path = write(SAMPLES[name][0], "export.csv")
    by, guessed = format_of(path), guess(path, choices=Choices(date_order=order))
    assert isinstance(by, Mapping)
    assert (by.source, by.key) == (guessed.source, guessed.key)
    ours, theirs = (
        [row.key for row in read(path, mapping) if isinstance(row, LedgerRow)]
        for mapping in (by, guessed)
    )
    assert ours == theirs


def test_a_title_above_the_header_is_no_header(write: Write) -> None:
    path = write(SAMPLES["nationwide"][0], "export.csv")
    assert header(path)[0] == "Account Name:"
    assert ready_formats.of_file(path).file.header_line > 1
