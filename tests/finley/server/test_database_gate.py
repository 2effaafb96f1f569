"""What an operator's bad day looks like from outside: a sentence, at once."""

import errno
import logging
import socket
import time

import psycopg
import pytest
from django.core.management import CommandError
from django.db import OperationalError
from django.test import Client

from finley import commandline
from finley.observability.logs import Line
from finley.server import database_gate
from graph.ingest.ledger_rows import Reject
from graph.ingest.rejects_file import RejectsFile


@pytest.fixture
def nobody_listens(settings, monkeypatch) -> None:
    """PostgreSQL is at a port of this machine where nobody is."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    monkeypatch.setattr(database_gate, "place", lambda: ("127.0.0.1", port))


@pytest.mark.parametrize("path", ["/api/v1/graph/stats/", "/api/v1/syncs/", "/admin/login/"])
def test_without_postgresql_there_is_an_answer_at_once(nobody_listens, path):
    start = time.monotonic()
    answer = Client().get(path, headers={"Authorization": "Bearer finley_x"})
    assert time.monotonic() - start < 2
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    if path.startswith("/api/"):
        assert answer["Content-Type"] == "application/problem+json"


def test_readyz_says_so_at_once(nobody_listens):
    start = time.monotonic()
    answer = Client().get("/readyz")
    assert time.monotonic() - start < 2
    assert answer.status_code == 503
    assert answer.json()["database"].startswith("away")


def test_a_database_that_goes_in_mid_request_is_a_503(api, monkeypatch):
    def gone(*_: object) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr("graph.view.version.version", gone)
    answer = api.get("/api/v1/graph/stats/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")


def test_metrics_with_a_bearer_that_is_not_ascii_is_a_404(settings):
    settings.METRICS_TOKEN = "s3cret"
    answer = Client().get("/metrics", headers={"Authorization": "Bearer \u00e9"})
    assert answer.status_code == 404


def test_a_line_of_the_log_is_one_line():
    record = logging.LogRecord("a", logging.INFO, "f", 1, "GET %s", ("/x\n2026 INFO forged",), None)
    text = Line("{levelname} {name}: {message}", style="{").format(record)
    assert text == "INFO a: GET /x\\n2026 INFO forged"


def test_rejects_hold_no_formulas(tmp_path):
    with RejectsFile(tmp_path / "r.csv") as rejects:
        rejects(Reject(2, "=cmd", "+1", "@SUM(A1:A9)"))
        rejects(Reject(3, "amount", "no amount", "a;b"))
    lines = (tmp_path / "r.csv").read_text().splitlines()
    assert lines[1:] == ["2,'=cmd,'+1,'@SUM(A1:A9)", "3,amount,no amount,a;b"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space is left"),
        (psycopg.errors.DiskFull("could not extend file"), "No space is left"),
        (psycopg.errors.UndefinedTable("relation"), "manage.py migrate"),
    ],
)
def test_a_command_ends_with_one_sentence(monkeypatch, error, says):
    def fail(_: object) -> None:
        raise OperationalError("wrapped") from error

    monkeypatch.setattr(commandline, "execute_from_command_line", fail)
    with pytest.raises(SystemExit, match=says):
        commandline.main(["manage.py", "enrich"])


def test_other_errors_of_a_command_are_not_hidden(monkeypatch):
    def fail(_: object) -> None:
        raise CommandError("no such file")

    monkeypatch.setattr(commandline, "execute_from_command_line", fail)
    with pytest.raises(CommandError):
        commandline.main(["manage.py", "enrich"])
