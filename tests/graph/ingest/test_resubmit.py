"""`manage.py rejected_rows`: rows that an import rejected, listed, mended and stored."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from finley.models import User
from graph import models
from graph.ingest.resubmit import rejected

Write = Callable[..., Path]
BAD = (
    "Kontoauszug;Januar\n\nBuchungstag;Empfänger;Betrag;Währung\n"
    "15.01.2025;Stadtwerke;-60,00;EUR\n16.01.2025;Bäcker;viel;EUR\n32.01.2025;Laden;-7,00;EUR\n"
)

pytestmark = pytest.mark.usefixtures("committed")


def run(command: str, *arguments: object) -> str:
    out = StringIO()
    call_command(command, *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def ledger(write: Write, tenant: User, tmp_path: Path) -> Path:
    """A file of three rows, imported: two of them were rejected."""
    path = write(BAD.encode("cp1252"), "auszug.csv")
    run("import_ledger", path, "--user", tenant.id, "--no-enrich", "--rejects", tmp_path)
    return path


@pytest.fixture
def rejects(ledger: Path, tmp_path: Path) -> Path:
    return tmp_path / "auszug.csv.rejects.csv"


def mend(rejects: Path, old: str, new: str) -> None:
    with rejects.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert any(old in row[-1] for row in rows)
    with rejects.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*row[:-1], row[-1].replace(old, new)] for row in rows)


def amounts(tenant: User) -> list[tuple[str, float, int]]:
    events = models.RawEvent.objects.using("owner").filter(user_id=tenant.id, posting=2)
    return sorted((e.party_name, float(e.amount), e.provenance[0]["line"]) for e in events)


def test_they_are_listed(rejects: Path, tmp_path: Path) -> None:
    text = run("rejected_rows", "--rejects", tmp_path)
    assert "auszug.csv.rejects.csv: 2 rejected" in text
    assert "line 5 betrag: 'viel' is not an amount" in text
    listed = json.loads(run("rejected_rows", "--rejects", tmp_path, "--json"))
    assert [row["line"] for row in listed["files"][rejects.name]] == [5, 6]


def test_mended_rows_are_stored_under_their_lines(
    ledger: Path, rejects: Path, tenant: User
) -> None:
    mend(rejects, "16.01.2025;Bäcker;viel", "16.01.2025;Bäcker;-4,50")
    arguments = ("--resubmit", rejects, "--ledger", ledger, "--user", tenant.id, "--no-enrich")
    report = json.loads(run("rejected_rows", *arguments, "--json"))
    assert (report["rows_in"], report["rows_stored"], report["rows_rejected"]) == (2, 1, 1)
    assert amounts(tenant) == [("Bäcker", 4.5, 5), ("Stadtwerke", 60, 4)]
    assert [row.line for row in rejected(rejects)] == [6]
    mend(rejects, "32.01.2025", "31.01.2025")
    assert "1 stored" in run("rejected_rows", *arguments)
    assert not rejects.exists()
    assert len(amounts(tenant)) == 3


def test_the_mended_file_imported_again_adds_nothing(
    ledger: Path, rejects: Path, tenant: User, tmp_path: Path
) -> None:
    mend(rejects, "16.01.2025;Bäcker;viel", "16.01.2025;Bäcker;-4,50")
    who = ("--user", tenant.id, "--no-enrich")
    run("rejected_rows", "--resubmit", rejects, "--ledger", ledger, *who)
    ledger.write_bytes(BAD.replace("viel", "-4,50").encode("cp1252"))
    report = json.loads(run("import_ledger", ledger, *who, "--rejects", tmp_path, "--json"))
    assert (report["rows_stored"], report["rows_unchanged"]) == (0, 2)


@pytest.mark.parametrize("party", ["Bäcker", "Stadtwerke"])
def test_a_mended_row_is_no_other_row_of_its_file(
    party: str, ledger: Path, rejects: Path, tenant: User
) -> None:
    """Even if both have one day and amount, or are equal."""
    mend(rejects, "16.01.2025;Bäcker;viel", f"15.01.2025;{party};-60,00")
    arguments = ("--resubmit", rejects, "--ledger", ledger, "--user", tenant.id, "--no-enrich")
    content = rejects.read_bytes()
    for stored in (1, 0):
        rejects.write_bytes(content)
        report = json.loads(run("rejected_rows", *arguments, "--json"))
        assert (report["rows_stored"], report["rows_updated"]) == (stored, 0)
        assert amounts(tenant) == sorted([("Stadtwerke", 60, 4), (party, 60, 5)])


def test_what_cannot_be_resubmitted(
    ledger: Path, rejects: Path, tenant: User, write: Write
) -> None:
    with pytest.raises(CommandError, match="--resubmit needs --ledger and --user"):
        run("rejected_rows", "--resubmit", rejects)
    who = ("--user", tenant.id, "--no-enrich")
    other = write(BAD.encode("cp1252"), "other.csv")
    with pytest.raises(CommandError, match=r"does not hold the rejected rows of other\.csv"):
        run("rejected_rows", "--resubmit", rejects, "--ledger", other, *who)
    with pytest.raises(CommandError, match="is no rejects file"):
        run("rejected_rows", "--resubmit", write("a,b\n1,2\n", "x.csv"), "--ledger", ledger, *who)
    mend(rejects, "16.01.2025;Bäcker;viel;EUR", "16.01.2025;Bäcker;-1,00;EUR\n17.01.2025;B;-2;EUR")
    with pytest.raises(CommandError, match="the 2 rejected rows are 3 rows now"):
        run("rejected_rows", "--resubmit", rejects, "--ledger", ledger, *who)
    assert len(amounts(tenant)) == 1


def test_a_text_that_lost_its_quotes_is_refused(ledger: Path, rejects: Path, tenant: User) -> None:
    text = rejects.read_text(encoding="utf-8").replace("Bäcker;viel", "Bäcker;-4,50")
    rejects.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match="put quotes round a text with commas"):
        run("rejected_rows", "--resubmit", rejects, "--ledger", ledger, "--user", tenant.id)
    assert len(amounts(tenant)) == 1
