"""`manage.py setup_roles`: two roles and a database on a server of one's own."""

import io
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from finley import database_roles, databases

NAMES = {"owner": "test_setup_owner", "app": "test_setup_app", "database": "test_setup"}
OPTIONS = [f"--{name}={value}" for name, value in NAMES.items()]


@pytest.fixture
def server(django_db_setup):
    """The embedded server's superuser; what the command made goes at the end."""
    parameters = connections["owner"].get_connection_params()
    if connections["owner"].settings_dict["ENGINE"] != "finley.embedded.backend":
        pytest.skip("the database is not the embedded one: no superuser is known")
    address = f"postgresql:///postgres?host={parameters['host']}&user=postgres"
    yield address
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAMES['database']}")
        connection.execute(f"DROP ROLE IF EXISTS {NAMES['owner']}, {NAMES['app']}")


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("setup_roles", *OPTIONS, *arguments, stdout=out)
    return out.getvalue()


def state(server: str) -> list[tuple]:
    """What row-level security hangs on: nobody bypasses it, and the application owns nothing."""
    with psycopg.connect(server, dbname=NAMES["database"]) as connection:
        return connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin, "
            "has_database_privilege(rolname, current_database(), 'TEMPORARY'), "
            "has_database_privilege(rolname, current_database(), 'CREATE'), "
            "has_schema_privilege(rolname, 'public', 'CREATE') "
            "FROM pg_roles WHERE rolname LIKE 'test_setup%' ORDER BY rolname"
        ).fetchall()


BOUND = [
    ("test_setup_app", False, False, True, True, False, False),
    ("test_setup_owner", False, False, True, True, True, True),
]


def test_it_runs_and_may_be_run_again(server):
    first = command("--run", server)
    assert state(server) == BOUND
    report = dict(line.split("=", 1) for line in first.splitlines() if "_URL=" in line)
    address = urlsplit(report["DATABASE_URL"])
    assert (address.username, address.path) == ("test_setup_app", "/test_setup")
    assert len(address.password) >= 32
    assert unquote(address.hostname or "").lower() == parse_qs(urlsplit(server).query)["host"][0].lower()  # fmt: skip  # noqa: E501
    again = command("--run", server)
    assert state(server) == BOUND
    assert "test_setup_app:PASSWORD@" in again


def test_what_it_takes_back_was_too_much(server):
    command("--run", server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("ALTER ROLE test_setup_app BYPASSRLS CREATEROLE")
        connection.execute("GRANT test_setup_owner TO test_setup_app")
    command("--run", server)
    assert state(server) == BOUND
    with psycopg.connect(server) as connection:
        member = "SELECT pg_has_role('test_setup_app', 'test_setup_owner', 'MEMBER')"
        assert connection.execute(member).fetchone() == (False,)


def test_what_it_prints_is_for_psql(server):
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("no psql here")
    for _ in range(2):
        process = subprocess.run(
            [psql, "-X", "-q", server], input=command(), text=True, capture_output=True, check=False
        )
        assert process.returncode == 0, process.stderr
        assert state(server) == BOUND


def test_names_are_quoted():
    odd = database_roles.Names('o"w', "a'pp", "d b", "p'w", "p\\w")
    text = database_roles.script(odd)
    assert 'CREATE ROLE "o""w"' in text
    assert '\\connect "d b"' in text


def test_one_role_is_not_two():
    with pytest.raises(CommandError, match="two roles"):
        call_command("setup_roles", "--owner=one", "--app=one")


def test_a_server_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(CommandError, match="could not be set up"):
        command("--run", f"postgresql:///postgres?host={tmp_path}")


def test_a_server_that_the_network_lost_is_given_up(tmp_path):
    """Without limits libpq would wait for minutes, and a worker's leases would end meanwhile."""
    url = "postgresql://u@db.example/f"
    options = databases.configure(url, "", tmp_path, {})["owner"]["OPTIONS"]
    assert (options["connect_timeout"], options["tcp_user_timeout"]) == (5, 10_000)
    options = databases.configure(f"{url}?connect_timeout=2", "", tmp_path, {})["owner"]["OPTIONS"]
    assert int(options["connect_timeout"]) == 2, "a URL may set another"
