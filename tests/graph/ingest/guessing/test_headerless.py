"""Files whose first line is a row of data."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from graph.ingest.guessing.as_toml import as_toml
from graph.ingest.guessing.guess import GuessError, guess
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.ledger_rows import LedgerRow, Reject
from graph.ingest.mappings import mapping_for_header
from graph.ingest.mappings.from_toml import loads
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.mappings.mapping_for_header import Saved
from graph.ingest.rows_from_file import read

Write = Callable[..., Path]
PARTIES = ("Acme Ltd", "Bolt & Co", "Café Zoë", "Delta plc", "Eon")
MOVES = ("-10.50", "25.00", "-3.20", "-7.75", "-1.10")


def _lines(*more: tuple[str, ...]) -> list[str]:
    """Five rows of a date, a party and a signed amount, and of one cell of each in `more`."""
    days = [f"{day:02}.02.2026" for day in (14, 15, 16, 17, 18)]
    return [",".join(cells) for cells in zip(days, PARTIES, MOVES, *more, strict=True)]


def _file(write: Write, lines: list[str], name: str = "bank.csv") -> Path:
    return write("\n".join([*lines, ""]), name)


def _asked(by: Mapping) -> set[str]:
    return {doubt.option for doubt in by.doubts if doubt.blocking}


def _amounts(path: Path, by: Mapping) -> list[Decimal]:
    return [row.amount for row in read(path, by) if isinstance(row, LedgerRow)]


def test_every_row_is_read_and_a_bad_one_is_rejected_by_its_line(write: Write) -> None:
    lines = _lines()
    path = _file(write, [*lines[:2], "16.02.2026,Nobody,much", *lines[2:]])
    by = guess(path)
    rows = list(read(path, by))
    assert [row.line for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [(row.line, row.field) for row in rows if isinstance(row, Reject)] == [(3, "column_3")]
    assert by.file.header_line == 0
    assert any("no header" in note for note in by.notes)
    assert not _asked(by)


def test_the_toml_says_that_there_is_no_header(write: Write) -> None:
    path = _file(write, _lines())
    by = guess(path)
    text = as_toml(by)
    assert "header_line = 0" in text
    again = loads("x", text)
    assert again.file.header_line == 0
    assert list(read(path, again)) == list(read(path, by))


def test_a_separator_line_is_no_row(write: Write) -> None:
    path = _file(write, ["sep=,", *_lines()])
    rows = list(read(path, guess(path)))
    assert [row.line for row in rows] == [2, 3, 4, 5, 6]


def test_two_columns_of_amounts_are_asked_about(write: Write) -> None:
    path = _file(write, _lines(("1.00", "2.50", "-4.00", "9.30", "-6.00")))
    assert "--amount" in _asked(guess(path))
    decided = guess(path, choices=Choices(amount="Column 3"))
    assert not _asked(decided)
    assert decided.amount.column == "column_3"


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_running_balance_is_told_from_the_amount(write: Write, newest_first: bool) -> None:
    lines = _lines(("89.50", "114.50", "111.30", "103.55", "102.45"))
    path = _file(write, lines[::-1] if newest_first else lines)
    by = guess(path)
    assert not _asked(by)
    assert (by.amount.column, by.amount.positive) == ("column_3", "payer_receives")


def test_a_balance_alone_is_no_amount(write: Write) -> None:
    """A debit here, a credit there, and a balance in each row: only the balance is always there."""
    lines = [
        "14.02.2026,Acme Ltd,10.50,,89.50",
        "15.02.2026,Bolt & Co,,25.00,114.50",
        "16.02.2026,Eon,3.20,,111.30",
        "17.02.2026,Delta plc,7.75,,103.55",
    ]
    assert "--amount" in _asked(guess(_file(write, lines)))


@pytest.mark.parametrize(
    ("more", "option"),
    [
        (("12.02.2026", "15.02.2026", "16.02.2026", "17.02.2026", "19.02.2026"), "--date"),
        (("rent", "a fee", "rent", "tea", "rent"), "--payee"),
    ],
)
def test_a_rival_column_is_asked_about(write: Write, more: tuple[str, ...], option: str) -> None:
    assert option in _asked(guess(_file(write, _lines(more))))


def test_mostly_positive_amounts_are_asked_about(write: Write) -> None:
    """A card that counts its charges up looks like an account that is mostly paid."""
    lines = [line.replace(",-", ",+").replace(",25", ",-25") for line in _lines()]
    assert "--direction" in _asked(guess(_file(write, [line.replace("+", "") for line in lines])))


@pytest.mark.parametrize("head", ["Date,Party,Amount", "a,b,c", "Buchungstag,Empfänger,Betrag"])
def test_a_header_is_no_row(write: Write, head: str) -> None:
    path = _file(write, [head, *_lines()])
    try:
        by = guess(path)
    except GuessError:
        return
    assert by.file.header_line == 1
    assert len(_amounts(path, by)) == len(MOVES)


def test_two_rows_are_too_few(write: Write) -> None:
    with pytest.raises(GuessError, match="looks like column names"):
        guess(_file(write, _lines()[:2]))


def test_a_saved_mapping_reads_only_files_with_the_same_columns(write: Write) -> None:
    path = _file(write, _lines())
    by = guess(path, choices=Choices(currency="CHF"))
    saved = {mapping_for_header.layout_at(path, by): Saved("mine", as_toml(by))}
    own = mapping_for_header.find(_file(write, _lines()[1:], "next.csv"), saved)
    assert own is not None
    assert (own.currency, own.file.header_line) == ("CHF", 0)
    turned = [",".join(line.split(",")[::-1]) for line in _lines()]
    assert mapping_for_header.find(_file(write, turned, "other.csv"), saved) is None


def test_the_layout_of_an_ambiguous_file_is_not_known(write: Write) -> None:
    path = _file(write, _lines(("1.00", "2.50", "-4.00", "9.30", "-6.00")))
    by = guess(path, choices=Choices(amount="Column 3"))
    assert mapping_for_header.layout_at(path, by) == ""


def test_the_last_row_of_a_part_of_a_file_is_no_balance(tmp_path):
    def lines(count: int, blank: int) -> str:
        cells = [
            (f"{1 + at % 28:02d}.01.2025", f"-{at % 97 + 1},{at % 100:02d}",
             "" if at == blank else f"Shop {at % 37} invoice {at}",
             "" if at == blank else f"R{at:05d}x", "EUR")
            for at in range(count)
        ]  # fmt: skip
        return "".join(";".join(row) + "\n" for row in cells)

    path = tmp_path / "bank.csv"
    path.write_text(lines(1_500, blank=999))
    assert guess(path).skip == ()
    path.write_text(lines(1_000, blank=999))
    assert [rule.reason for rule in guess(path).skip] == ["a balance is no payment"]
