"""The currency of files that state none: what speaks for one, and when a person is asked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from graph.ingest.doubts import Doubt
from graph.ingest.guessing.guess import guess
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.mappings.mapping import Mapping

Write = Callable[..., Path]
CODES = ("NOK", "SEK", "DKK", "CZK", "PLN", "HUF", "")
PLAIN = ("Fern Foods", "Moss Bar", "Reed Cafe")


def bank(write: Write, parties: tuple[str, ...] = PLAIN, title: str = "Amount") -> Path:
    days = range(13, 13 + len(parties))
    rows = [f"2026-03-{day},{name},-{day}.50" for day, name in zip(days, parties, strict=True)]
    return write("\n".join((f"Date,Description,{title}", *rows, "")), "bank.csv")


def doubt(by: Mapping) -> Doubt | None:
    return next((doubt for doubt in by.doubts if doubt.topic == "currency"), None)


@pytest.mark.parametrize(
    ("parties", "code"),
    [
        (("BACS Fern", "Moss", "Reed"), "GBP"),
        (("ACH Fern", "Moss", "Reed"), "USD"),
        (("Interac e-Transfer Fern", "Moss", "Reed"), "CAD"),
        (("Fern Foods Ltd", "Moss plc", "Reed"), "GBP"),
        (("Fern Foods Inc", "Moss", "Reed"), "USD"),
        (("FERN FOODS PTY LTD", "Moss", "Reed"), "AUD"),
        (("Fern (Pty) Ltd", "Moss", "Reed"), "ZAR"),
        (("Fern GmbH", "Moss", "Reed"), "EUR"),
    ],
)
def test_what_speaks_for_one_is_taken_and_said(
    write: Write, parties: tuple[str, ...], code: str
) -> None:
    by = guess(bank(write, parties))
    stated = doubt(by)
    assert by.currency == code
    assert stated is not None
    assert not stated.blocking
    assert f"read as {code}" in stated.text


def test_two_countries_are_asked_about(write: Write) -> None:
    path = bank(write, ("Interac Fern", "BPAY Moss", "Reed"))
    stated = doubt(guess(path))
    assert stated is not None
    assert (stated.blocking, stated.values) == (True, ("AUD", "CAD"))
    assert doubt(guess(path, choices=Choices(currency="CAD"))) is None
    by = guess(path, usual={"": "CAD"})  # the tenant's other books decide
    assert by.currency == "CAD"
    assert not any(each.blocking for each in by.doubts)


def test_the_other_books_currency(write: Write) -> None:
    by = guess(bank(write), usual={"": "NOK"})
    stated = doubt(by)
    assert by.currency == "NOK"
    assert stated is not None
    assert "your other books" in stated.text
    foreign = doubt(guess(bank(write, ("Fern Inc", "Moss", "Reed")), usual={"": "NOK"}))
    assert foreign is not None
    assert (foreign.blocking, foreign.values) == (True, ("NOK", "USD"))


def test_earlier_files_of_the_source_settle_it_and_it_is_said(write: Write) -> None:
    path = bank(write)
    source = guess(path).source
    by = guess(path, usual={source: "SEK", "": "EUR"})
    stated = doubt(by)
    assert by.currency == "SEK"
    assert stated is not None
    assert (stated.blocking, stated.values) == (False, ("SEK",))
    assert "read as SEK, as your earlier files" in stated.text


def test_earlier_files_do_not_overrule_what_only_another_country_has(write: Write) -> None:
    """The first of them may have been read in the home currency for want of evidence."""
    iban = "IBAN,DE89370400440532013000\n\n"
    path = write(iban + bank(write).read_text(), "other.csv")
    source = guess(path).source
    american = bank(write, ("ACH Fern", "Moss Bar", "Reed Cafe"))
    for file, codes in ((path, ("GBP", "EUR")), (american, ("GBP", "USD"))):
        stated = doubt(guess(file, usual={source: "GBP", "": "GBP"}))
        assert stated is not None
        assert (stated.blocking, stated.values) == (True, codes)
    assert doubt(guess(path, choices=Choices(currency="GBP"), usual={source: "GBP"})) is None


def test_the_commonest_code_fills_blanks_the_first_of_equals(write: Write) -> None:
    rows = [f"2026-03-{13 + n},Fern {n},-{n + 2}.50,{code}" for n, code in enumerate(CODES)]
    by = guess(write("\n".join(("Date,Description,Amount,Currency", *rows, "")), "codes.csv"))
    assert by.currency == "NOK"


def test_what_the_file_states_goes_before_all_books(write: Write) -> None:
    by = guess(bank(write, title="Amount (CHF)"), usual={"": "EUR"})
    assert (by.currency, doubt(by)) == ("CHF", None)


def test_nothing_speaks_for_one(write: Write) -> None:
    stated = doubt(guess(bank(write)))
    assert stated is not None
    assert "nothing in the file speaks for one: read as GBP" in stated.text
