"""A question ends at its limit: its statements in the database, and what is our own."""

import time

import adbc_driver_manager
import pytest
from django.db.utils import OperationalError
from psycopg.sql import SQL

from graph.api.errors import timed_out
from graph.database import arrow, deadlines
from graph.database.tenancy import tenant_transaction
from graph.errors import TookTooLong
from graph.questions import whole_graph
from graph.view import refresh
from tests.graph import rows
from tests.graph.api.shapes import V1
from tests.problems import problem


def test_nothing_is_limited_unless_it_is_said():
    assert deadlines.statement() == ""
    deadlines.check()


def test_the_shorter_limit_holds():
    with deadlines.seconds(100), deadlines.seconds(1000):
        assert 99_000 < int(deadlines.statement()) <= 100_000
    with deadlines.seconds(1000), deadlines.seconds(100):
        assert 99_000 < int(deadlines.statement()) <= 100_000
    assert deadlines.statement() == ""


def test_a_limit_that_has_passed_is_no_limit_of_zero():
    """PostgreSQL would take 0 for no limit at all."""
    with deadlines.seconds(0.001):
        time.sleep(0.005)
        assert deadlines.statement() == "1"
        with pytest.raises(TookTooLong):
            deadlines.check()


def test_the_orm_s_statements_end(committed):
    user = rows.tenant_id()
    start = time.monotonic()
    with (
        deadlines.seconds(0.2),
        pytest.raises(OperationalError) as raised,
        tenant_transaction(user) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT pg_sleep(20)")
    assert time.monotonic() - start < 5
    assert timed_out(raised.value)
    with tenant_transaction(user) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        assert cursor.fetchone() == ("0",), "the next transaction has no limit"


def test_arrow_s_statements_end(committed):
    refresh.refresh()
    user = rows.tenant_id()
    start = time.monotonic()
    with pytest.raises(adbc_driver_manager.Error) as raised:
        _slow(user)
    assert time.monotonic() - start < 5
    assert timed_out(raised.value)
    with arrow.tenant_snapshot(user) as reader:
        settings_ = reader.table(SQL("SELECT current_setting('statement_timeout')"))
    assert settings_.column(0).to_pylist() == ["0"]


def _slow(user):
    with deadlines.seconds(0.2), arrow.tenant_snapshot(user) as reader:
        reader.table(SQL("SELECT pg_sleep(20)"))


def test_our_own_searches_end(books, tenant, monkeypatch):
    ends = (books.acme, books.borough)
    with deadlines.seconds(100):
        assert whole_graph.paths(tenant.pk, *ends)["paths"]
    calls = []

    def passed() -> None:
        calls.append(1)
        if len(calls) > 1:  # the graph is read, a path is sought
            raise TookTooLong

    monkeypatch.setattr(deadlines, "check", passed)
    with pytest.raises(TookTooLong):
        whole_graph.paths(tenant.pk, *ends)


@pytest.mark.parametrize("question", ["entities/", "stats/", "relationships/", "cash-flow/"])
def test_over_http_it_is_told_what_to_do(api, books, settings, question):
    settings.QUESTIONS = {**settings.QUESTIONS, "request_seconds": 0.001}
    answer = api.get(V1 + question)
    assert answer.status_code == 503
    body = problem(answer)
    assert body["type"] == "urn:finley:problem:took-too-long"
    assert "Narrow it" in body["detail"]
    assert answer.headers["Retry-After"] == "10"
