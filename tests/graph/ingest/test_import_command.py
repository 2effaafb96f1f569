"""`manage.py import_ledger` as a person or a script meets it, and `build_graph` after it."""

import gzip
import json
import os
import pty
import termios
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command

from finley.models import User
from graph import models
from graph.database.role import as_owner
from graph.ingest.mappings.mapping import Mapping
from graph.view import refresh
from tests.graph.ingest import processes
from tests.graph.ingest.conftest import Write

KEYS = {
    "rows_in", "rows_stored", "rows_updated", "rows_unchanged", "rows_rejected", "seconds",
    "peak_mb",
}  # fmt: skip
HEADER = "id,date,amount,department,supplier,supplier_id,invoice,about\n"
LEDGER = HEADER + (
    "a,2024-01-31,5,Parks,Acme,S1,I1,seeds\n"
    "b,2024-01-31,-6,Parks,Bolt,,I2,bolts\n"
    "c,2024-01-31,much,Parks,Bolt,,I2,bolts\n"
)

pytestmark = pytest.mark.usefixtures("committed")
Command = Callable[..., str]


@pytest.fixture
def command(tmp_path: Path, make_mapping: Callable[..., Mapping]) -> Command:
    """Runs import_ledger by the simple mapping; what it prints."""
    make_mapping()

    def run(*arguments: object, by: tuple[object, ...] | None = None) -> str:
        out = StringIO()
        format_options = ("--mapping", tmp_path / "simple.toml") if by is None else by
        words = (*arguments, "--rejects", tmp_path / "rejects", *format_options)
        call_command("import_ledger", *map(str, words), stdout=out, stderr=StringIO())
        return out.getvalue()

    return run


def events(user: UUID) -> int:
    return models.RawEvent.objects.using("owner").filter(user_id=user).count()


def users() -> list[str]:
    with as_owner():
        return list(User.objects.values_list("email", flat=True))


class TestAnswers:
    def test_as_json(self, command: Command, write: Write, tenant: User) -> None:
        path = write(LEDGER)
        report = json.loads(command(path, "--user", tenant.id, "--json"))
        assert report.keys() >= KEYS
        assert [report[key] for key in sorted(KEYS) if key.startswith("rows")] == [3, 1, 2, 0, 0]
        assert report["seconds"] > 0
        assert 20 < report["peak_mb"] < 2000
        again = json.loads(command(path, path, "--user", tenant.id, "--json"))
        assert [again[key] for key in ("rows_in", "rows_unchanged", "rows_rejected")] == [6, 4, 2]
        assert [file["rows_in"] for file in again["files"]] == [3, 3]

    def test_in_words(self, command: Command, write: Write, tenant: User, tmp_path: Path) -> None:
        output = command(write(LEDGER), "--user", tenant.email)
        assert (
            "ledger.csv (simple): 3 rows in = 2 stored + 0 updated + 0 unchanged + 1 rejected"
        ) in output
        assert str(tmp_path / "rejects" / "ledger.csv.rejects.csv") in output

    def test_with_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as exited:
            call_command("import_ledger", "--help")
        assert exited.value.code == 0
        output = capsys.readouterr().out
        options = ("--user", "--create-user", "--format", "--mapping", "--dry-run", "--rejects",
                   "--json", "FILE", "calderdale-invoices", "oxford")  # fmt: skip
        assert [word for word in options if word not in output] == []

    @pytest.mark.parametrize("shown", [True, False], ids=["a terminal", "no terminal"])
    def test_with_a_bar_on_a_terminal_only(
        self, command: Command, write: Write, tenant: User, tmp_path: Path, shown: bool
    ) -> None:
        mine, theirs = pty.openpty() if shown else os.pipe()
        if shown:
            termios.tcsetwinsize(theirs, (24, 80))
        process = processes.start(
            "import_ledger", write(LEDGER), "--user", tenant.id,
            "--mapping", tmp_path / "simple.toml", state=tmp_path / "state", stderr=theirs,
        )  # fmt: skip
        with process:
            output, _ = process.communicate(timeout=60)
        os.write(theirs, b"END")
        bar = os.read(mine, 65_536)
        os.close(theirs)
        os.close(mine)
        assert process.returncode == 0
        assert "3 rows in" in output
        assert "%" not in output
        assert (b"ledger.csv: 100%" in bar) if shown else (bar == b"END")


class TestUsers:
    @pytest.mark.parametrize(
        ("named", "complaint"),
        [
            ("nobody@example.org", "No user is 'nobody@example.org'. Add --create-user"),
            ("0b8f0b0e-0000-4000-8000-000000000000", "No user is '0b8f0b0e-.*--create-user"),
            ("bob", "'bob' is neither a UUID nor an e-mail address"),
            ("bob@", "'bob@' is neither a UUID nor an e-mail address"),
        ],
    )
    def test_that_are_unknown(
        self, command: Command, write: Write, named: str, complaint: str
    ) -> None:
        with pytest.raises(CommandError, match=complaint):
            command(write(LEDGER), "--user", named)
        assert not models.RawEvent.objects.using("owner").exists()

    def test_that_cannot_be_made(self, command: Command, write: Write) -> None:
        with pytest.raises(CommandError, match="'bob@' is neither"):
            command(write(LEDGER), "--user", "bob@", "--create-user")
        assert users() == []

    def test_that_are_made_by_address(self, command: Command, write: Write) -> None:
        for address in ("ann@example.org", "Ann@Example.org"):
            command(write(LEDGER), "--user", address, "--create-user")
        assert users() == ["ann@example.org"]
        with as_owner():
            user = User.objects.get()
        assert events(user.id) == 4
        assert not user.has_usable_password()
        assert not user.is_staff

    def test_that_are_made_by_id(self, command: Command, write: Write) -> None:
        id_ = uuid4()
        for _ in range(2):
            command(write(LEDGER), "--user", id_, "--create-user")
        with as_owner():
            assert User.objects.get().id == id_
        assert events(id_) == 4


class TestDryRuns:
    def test_show_the_format_and_import_nothing(
        self, command: Command, write: Write, tmp_path: Path
    ) -> None:
        output = command(write(LEDGER), "--user", "new@example.org", "--create-user", "--dry-run")
        assert "ledger.csv: simple" in output
        assert "amount <- amount" in output
        assert users() == []
        assert not models.RawEvent.objects.using("owner").exists()
        assert not (tmp_path / "rejects").exists()

    def test_show_what_was_guessed(self, command: Command, write: Write) -> None:
        content = "Date,Supplier,Net Amount\n31/01/2024,Acme,5.00\n03/02/2024,Bolt,6.00\n"
        output = command(write(content), "--user", "x@example.org", "--dry-run", by=())
        assert "generic" in output
        assert "Net Amount" in output
        assert "not sure: " in output

    def test_tell_of_files_that_would_fail_and_show_the_others(
        self, command: Command, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        bad, missing, good = write("a,b\n1,2\n", "bad.csv"), tmp_path / "gone.csv", write(LEDGER)
        out = StringIO()
        with pytest.raises(CommandError) as failed:
            call_command(
                "import_ledger", str(bad), str(missing), str(good), "--user", "x@example.org",
                "--dry-run", "--mapping", str(tmp_path / "simple.toml"), stdout=out,
            )  # fmt: skip
        first, second = str(failed.value).splitlines()
        assert first.startswith("bad.csv has no column date")
        assert second.startswith("gone.csv cannot be read")
        assert out.getvalue().startswith("ledger.csv: simple")


class TestMappings:
    def test_that_are_wrong_name_the_key(
        self, command: Command, write: Write, tenant: User, tmp_path: Path
    ) -> None:
        own = tmp_path / "own.toml"
        text = (tmp_path / "simple.toml").read_text(encoding="utf-8")
        own.write_text(text.replace('kind = "vendor"', 'kind = "seller"'), encoding="utf-8")
        with pytest.raises(CommandError, match=r"own\.toml: payee\.kind must be one of"):
            command(write(LEDGER), "--user", tenant.id, by=("--mapping", own))
        with pytest.raises(CommandError, match=r"none\.toml: No such file"):
            command(write(LEDGER), "--user", tenant.id, by=("--mapping", tmp_path / "none.toml"))
        assert events(tenant.id) == 0

    def test_and_formats_exclude_each_other(
        self, command: Command, write: Write, tenant: User, tmp_path: Path
    ) -> None:
        both = ("--mapping", tmp_path / "simple.toml", "--format", "oxford")
        with pytest.raises(CommandError, match="not allowed with"):
            command(write(LEDGER), "--user", tenant.id, by=both)
        with pytest.raises(CommandError, match="invalid choice"):
            command(write(LEDGER), "--user", tenant.id, by=("--format", "cambridge"))


class TestFilesThatFail:
    def test_take_a_sentence_each_and_no_other_file_along(
        self, command: Command, write: Write, tenant: User, tmp_path: Path
    ) -> None:
        packed = gzip.compress("\n".join([LEDGER, *(f"{n},x" for n in range(9999))]).encode())
        files = {
            "gone.csv": tmp_path / "gone.csv",
            "folder.csv": tmp_path / "folder.csv",
            "noise.csv": write(bytes(range(256)) * 40, "noise.csv"),
            "sheet.csv": write(b"PK\x03\x04" + bytes(100), "sheet.csv"),
            "cut.csv.gz": write(packed[:-20], "cut.csv.gz"),
            "empty.csv": write("", "empty.csv"),
            "other.csv": write("a,b\n1,2\n", "other.csv"),
        }
        files["folder.csv"].mkdir()
        one, two = write(LEDGER, "one.csv"), write(LEDGER.replace("\na,", "\nz,"), "two.csv")
        process = processes.run(
            "import_ledger", one, *files.values(), two, "--user", tenant.id, "--json",
            "--mapping", tmp_path / "simple.toml", state=tmp_path / "state",
        )  # fmt: skip
        assert process.returncode == 1
        output = process.stderr.removeprefix("CommandError: ").splitlines()
        assert [sentence.split()[0].rstrip(",:") for sentence in output] == list(files)
        report = json.loads(process.stdout)
        assert [file["file"] for file in report["files"]] == ["one.csv", "two.csv"]
        assert (report["rows_in"], report["rows_stored"]) == (6, 3)
        assert events(tenant.id) == 6

    def test_because_the_rejects_have_no_place(
        self, command: Command, write: Write, tenant: User, tmp_path: Path
    ) -> None:
        (tmp_path / "rejects").touch()
        with pytest.raises(CommandError, match=r"ledger\.csv\.rejects\.csv cannot be written"):
            command(write(LEDGER), "--user", tenant.id)
        assert events(tenant.id) == 0

    def test_not_for_a_name_that_is_no_text(
        self, command: Command, tenant: User, tmp_path: Path
    ) -> None:
        path = tmp_path / os.fsdecode(b"b\xfccher.csv")
        path.write_text(LEDGER, encoding="utf-8")
        assert r"b\xfccher.csv (simple)" in command(path, "--user", tenant.id)
        assert {
            event.provenance[0]["file"] for event in models.RawEvent.objects.using("owner")
        } == {r"b\xfccher.csv"}


class TestBuildingTheGraph:
    def test_as_json(self, command: Command, write: Write, tenant: User) -> None:
        command(write(LEDGER), "--user", tenant.id)
        refresh.refresh()
        out = StringIO()
        call_command("build_graph", "--user", tenant.email, "--json", stdout=out)
        report = json.loads(out.getvalue())
        assert report.keys() >= {"nodes", "edges", "queries", "seconds", "components", "density"}
        assert (report["nodes"], report["edges"], report["components"]) == (3, 2, 1)
        assert report["queries"] == 2
        assert report["density"] == pytest.approx(2 / (3 * 2))
        assert report["seconds"] > 0

    def test_of_an_unknown_user(self) -> None:
        with pytest.raises(CommandError, match=r"No user is 'x@example\.org'"):
            call_command("build_graph", "--user", "x@example.org")
