"""Files as banks, cards, processors and accounting programs write them, read by the guess alone.

shapes/*.txt hold a file each after `=== NAME` (and its encoding, and "crlf", where they are not
UTF-8 and line feeds) and, after `---`, the payments that it states:
`DATE PAYER > PAYEE AMOUNT CURRENCY`; `#` begins a note. A party is a part of a name, "*" one of our
own (an account or a department), "any" whoever it is; "|" stands between what is equally right; a
"?" behind a currency says that the file states none and that this must be said. A single `?` says
that the file may be refused as doubtful, but not read in silence.
"""

import re
from pathlib import Path

import pytest

from graph.ingest.guessing.as_toml import as_toml
from graph.ingest.guessing.guess import GuessError, guess
from graph.ingest.ledger_rows import LedgerRow, Party
from graph.ingest.mappings import from_toml
from graph.ingest.rows_from_file import read

FOLDER = Path(__file__).parent / "shapes"
_ROW = re.compile(r"(\S+) (.+) > (.+) (\S+) (\S+)")


def shapes() -> dict[str, tuple[bytes, list[str]]]:
    collected: dict[str, tuple[bytes, list[str]]] = {}
    for path in sorted(FOLDER.glob("*.txt")):
        files = shapes_of(path)
        assert not files.keys() & collected.keys()
        collected |= files
    return collected


def shapes_of(path: Path) -> dict[str, tuple[bytes, list[str]]]:
    """The files of one collection, with what each states."""
    files = {}
    for part in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, text = part.split("\n", 1)
        name, *form = head.split()
        content, rows = text.split("\n---\n")
        lines = [line for line in rows.strip().splitlines() if not line.startswith("#")]
        files[name] = encoded(content + "\n", form), lines
    return files


def encoded(content: str, form: list[str]) -> bytes:
    lines = content.replace("\n", "\r\n") if "crlf" in form else content
    return lines.encode(next((word for word in form if word != "crlf"), "utf-8"))


SHAPES = shapes()


def is_party(expected: str, party: Party) -> bool:
    if expected == "any":
        return True
    return any(
        party.kind in {"account", "department"}
        if part == "*"
        else part.casefold() in party.name.casefold()
        for part in expected.split("|")
    )


def is_row(expected: str, row: LedgerRow) -> bool:
    match = _ROW.fullmatch(expected)
    assert match, expected
    date, payer, payee, amounts, currency = match.groups()
    one, other = (row.payer, row.payee) if row.amount >= 0 else (row.payee, row.payer)
    return (
        row.occurred_at.date().isoformat() == date
        and is_party(payer, one)
        and is_party(payee, other)
        and f"{abs(row.amount):.2f}" in amounts.split("|")
        and row.currency == currency.rstrip("?")
    )


def is_refused(path: Path) -> bool:
    """Whether the file is refused, or asked about before anything of it is imported."""
    try:
        return any(doubt.blocking for doubt in guess(path).doubts)
    except GuessError:
        return True


@pytest.mark.parametrize("name", SHAPES)
def test_read_as_it_is_meant(name: str, tmp_path: Path) -> None:
    content, expected = SHAPES[name]
    path = tmp_path / f"{name.removesuffix('.csv').removesuffix('.txt')}.csv"
    path.write_bytes(content)
    if expected == ["?"]:
        assert is_refused(path)
        return
    by = guess(path)
    all_rows = list(read(path, by))
    rows = [row for row in all_rows if isinstance(row, LedgerRow)]
    descriptions = [
        f"{row.occurred_at.date()} {row.payer} > {row.payee} {row.amount} {row.currency}"
        for row in rows
    ]
    assert len(rows) == len(expected), (descriptions, by.evidence)
    for line, row in zip(expected, rows, strict=True):
        assert is_row(line, row), (line, descriptions, by.evidence)
    if "?" in expected[0]:
        assert any(doubt.topic == "currency" for doubt in by.doubts)
    blocking = [doubt for doubt in by.doubts if doubt.blocking]
    assert not blocking, blocking
    assert list(read(path, from_toml.loads("x", as_toml(by)))) == all_rows, "it reads alike as TOML"
