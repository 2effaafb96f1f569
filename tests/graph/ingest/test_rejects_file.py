"""The rejects file: whole or not there."""

import csv
from pathlib import Path

import pytest

from graph.ingest.ledger_rows import Reject
from graph.ingest.rejects_file import RejectsFile, default_path

ONE = Reject(7, "amount", "'x' is not an amount", 'a,"b\nc",x')


def test_written_as_csv(tmp_path: Path) -> None:
    path = default_path(tmp_path / "new" / "folder", Path("/books/ledger.csv.gz"))
    with RejectsFile(path) as rejected:
        rejected(ONE)
        rejected(Reject(9, None, "too few columns", "é"))
        assert not path.exists()
    assert rejected.count == 2
    assert path.name == "ledger.csv.gz.rejects.csv"
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["line", "field", "reason", "text"],
            ["7", "amount", ONE.reason, ONE.text],
            ["9", "", "too few columns", "é"],
        ]
    assert list(path.parent.iterdir()) == [path]


def test_nothing_rejected_leaves_no_file_and_takes_an_old_one_away(tmp_path: Path) -> None:
    path = tmp_path / "l.rejects.csv"
    path.write_text("old", encoding="utf-8")
    with RejectsFile(path) as rejected:
        pass
    assert rejected.count == 0
    assert list(tmp_path.iterdir()) == []


def test_a_failed_import_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "l.rejects.csv"
    path.write_text("old", encoding="utf-8")

    def fail() -> None:
        with RejectsFile(path) as rejected:
            rejected(ONE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
