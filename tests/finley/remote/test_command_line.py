"""The command line against a real server: answers, exit codes, files, access."""

import json
import os
import stat
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from finley.cli.run import main
from finley.cli.server_access import Access, write
from syncjobs.models import Upload
from syncjobs.uploads import upload_job

BOOKS = "Key,Date,Supplier,Department,Amount\nN1,2024-02-01,Baker,Kitchen,7.50\n"


@pytest.fixture
def access(address, token, monkeypatch, tmp_path):
    monkeypatch.setenv("FINLEY_SERVER", address)
    monkeypatch.setenv("FINLEY_TOKEN", token)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def run(capsys, *words: str) -> tuple[int, str, str]:
    code = main(words)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_question_for_people_and_for_programs(access, payments, capsys):
    code, out, _ = run(capsys, "ask", "relationships", "party=Acme", "limit=2")
    assert code == 0
    assert out.splitlines()[0].split()[:2] == ["id", "relationship_type"]
    assert len(out.splitlines()) == 3
    code, out, _ = run(capsys, "ask", "relationships", "limit=2", "--all", "--json")
    assert code == 0
    assert {json.loads(line)["id"] for line in out.splitlines()} == set(map(str, payments))
    code, out, _ = run(capsys, "ask", "stats", "--json")
    assert json.loads(out)["edges"] == 7
    code, out, _ = run(capsys, "ask", "stats")
    assert ["edges", "7"] in [line.split() for line in out.splitlines()]


def test_errors_name_the_field(access, tenant, capsys):
    code, out, error = run(capsys, "ask", "relationships", "limit=0", "colour=red")
    assert (code, out) == (1, "")
    assert "limit: " in error
    assert "colour: Unknown parameter" in error
    assert run(capsys, "ask", "nothing-like-it")[0] == 1
    code, _, error = run(capsys, "ask", "relationships", "limit")
    assert (code, error) == (2, "'limit' is not NAME=VALUE.\n")


def test_who_may_not_is_told_by_the_exit_code(access, capsys, monkeypatch):
    assert run(capsys, "failures")[0] == 3  # of staff only
    monkeypatch.setenv("FINLEY_TOKEN", "finley_x")
    code, _, error = run(capsys, "ask", "stats")
    assert code == 3
    assert "request " in error
    monkeypatch.delenv("FINLEY_TOKEN")
    code, _, error = run(capsys, "ask", "stats")
    assert code == 3
    assert "finley configure" in error


def test_a_server_that_is_away(access, capsys, monkeypatch):
    monkeypatch.setenv("FINLEY_SERVER", "http://127.0.0.1:9")
    monkeypatch.setattr("finley.remote.session.time.sleep", lambda _: None)
    code, _, error = run(capsys, "ask", "stats")
    assert code == 4
    assert "127.0.0.1 cannot be reached" in error


def test_an_export_is_a_whole_file_or_none(access, payments, capsys, tmp_path):
    target = tmp_path / "graph.parquet"
    assert run(capsys, "export", "-o", str(target))[0] == 0
    assert pq.read_table(target).num_rows == 7
    code, _, error = run(capsys, "export", "--columns", "x", "-o", str(tmp_path / "no.parquet"))
    assert code == 1
    assert "columns: " in error
    assert sorted(path.name for path in tmp_path.glob("*")) == ["graph.parquet"]


def test_a_file_is_sent_and_waits_for_a_worker(access, capsys, tmp_path):
    path = tmp_path / "books.csv"
    path.write_text(BOOKS)
    code, _, error = run(capsys, "import", str(path), "--wait", "0")
    assert code == 1
    assert "reading" in error
    assert run(capsys, "import", str(tmp_path / "missing.csv"))[0] == 2


def test_connections_and_failures(access, address, tenant, capsys, monkeypatch):
    assert run(capsys, "sync") == (0, "Nothing found.\n", "")
    assert run(capsys, "sync", "7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f")[0] == 1


def test_a_file_is_imported(access, capsys, tmp_path, monkeypatch):
    """The sleeps between two looks are the worker's time."""
    monkeypatch.setattr("finley.remote.uploads.time.sleep", lambda _: worked())
    path = tmp_path / "books.csv"
    path.write_text(BOOKS)
    code, out, _ = run(capsys, "import", str(path), "--choose", "currency=GBP", "--json")
    upload = json.loads(out)
    assert (code, upload["state"], upload["outcome"]["rows_stored"]) == (0, "done", 1)
    code, out, _ = run(capsys, "ask", "relationships", "--json")
    assert [row["amount"] for row in json.loads(out)["results"]] == ["7.5000"]


def worked() -> None:
    upload = Upload.objects.using("owner").latest("created_at")
    upload_job.run(upload.user_id, upload.pk)


def test_access_is_stored_for_its_owner_alone(access, address, token, monkeypatch, capsys):
    monkeypatch.delenv("FINLEY_SERVER")
    monkeypatch.delenv("FINLEY_TOKEN")
    with open(os.devnull) as nothing:  # noqa: PTH123
        monkeypatch.setattr("sys.stdin", nothing)
        assert run(capsys, "configure", "--server", address)[0] == 3
    path = write(os.environ, Access(address, token))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run(capsys, "ask", "stats")[0] == 0
    path.chmod(0o644)
    code, _, error = run(capsys, "ask", "stats")
    assert code == 3
    assert f"chmod 600 {path}" in error


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_has_the_commands(shell, capsys):
    code, out, _ = run(capsys, "completion", shell)
    assert code == 0
    assert {"ask", "export", "import", "sync", "failures", "--json", "cash-flow"} <= set(
        out.replace('"', " ").replace("'", " ").split()
    )


def test_bash_reads_the_completion(capsys):
    _, out, _ = run(capsys, "completion", "bash")
    asked = 'COMP_WORDS=(finley ask cash); COMP_CWORD=2; _finley; echo "${COMPREPLY[@]}"'
    command = ["bash", "-c", f"{out}\n{asked}"]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout == "cash-flow\n"


def test_help_needs_no_django():
    code = (
        "import sys; from finley.cli.run import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(any(name.partition('.')[0] == 'django' for name in sys.modules))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    assert "exit codes" in process.stdout
