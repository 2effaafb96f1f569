"""The embedded servers under real commands, signals and accidents, each in a state of its own."""

import os
import signal
import time
from pathlib import Path

import psycopg
import pytest
import redis

from finley.embedded import (
    EmbeddedServerError,
    Servers,
    state_paths,
    supervisor_client,
    unprivileged,
)
from tests.finley.holders import (
    Start,
    alive,
    all_gone,
    answers,
    cli,
    family,
    linux_only,
    redis_of,
    wait_until,
)


def test_a_second_command_shares_the_servers_and_outlives_the_first(start: Start) -> None:
    first = start()
    one = first.status()
    second = start()
    two = second.status()
    assert (one["guardian"], one["postgres"]) == (two["guardian"], two["postgres"])
    first.signal(signal.SIGTERM)
    time.sleep(1)
    assert answers(two)
    everything = family(two)
    second.signal(signal.SIGTERM)
    assert all_gone(everything)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_however_the_last_holder_ends(start: Start, number: int) -> None:
    command = start()
    status = command.status()
    everything = family(status)  # among them short-lived ones: PostgreSQL's autovacuum workers
    assert {status["guardian"], status["postgres"], status["valkey"]} <= alive(everything)
    command.signal(number)
    assert all_gone(everything)


USES_THE_SERVERS_AFTER_CTRL_C = """
import sys, time, psycopg
from pathlib import Path
from finley.embedded import ensure
servers = ensure(Path(sys.argv[1]))
try:
    print("held", flush=True)
    time.sleep(30)
except KeyboardInterrupt:
    time.sleep(0.5)
    print(psycopg.connect(servers.app_url).execute("SELECT 'saved'").fetchone()[0], flush=True)
"""


def test_ctrl_c_reaches_the_command_but_not_its_servers(start: Start) -> None:
    command = start(USES_THE_SERVERS_AFTER_CTRL_C)
    assert command.line() == "held"
    os.killpg(command.process.pid, signal.SIGINT)
    assert command.line() == "saved"


@linux_only
def test_a_killed_guardian_takes_its_servers_along_and_loses_no_data(start: Start) -> None:
    first = start()
    status = first.status()
    with psycopg.connect(status["owner_url"], autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    everything = family(status)
    os.kill(status["guardian"], signal.SIGKILL)
    assert all_gone(everything)
    again = start().status()
    assert again["guardian"] != status["guardian"]
    with psycopg.connect(again["owner_url"]) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


HOLDS_TWICE = """
import sys
from pathlib import Path
from finley.embedded import ensure
ensure(Path(sys.argv[1]))
print("held", flush=True)
input()
servers = ensure(Path(sys.argv[1]))
import psycopg
print(psycopg.connect(servers.app_url).execute("SELECT 'again'").fetchone()[0], flush=True)
"""


def test_a_holder_whose_guardian_was_killed_can_start_over(start: Start, state: Path) -> None:
    command = start(HOLDS_TWICE)
    assert command.line() == "held"
    guardian = cli(state, "status")[1]["guardian"]
    os.kill(guardian, signal.SIGKILL)
    assert all_gone({guardian})
    assert command.process.communicate("\n")[0] == "again\n"


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_a_killed_server_is_started_again(start: Start, state: Path, server: str) -> None:
    before = start().status()
    os.kill(before[server], signal.SIGKILL)
    assert all_gone({before[server]})
    assert wait_until(lambda: cli(state, "status")[1][server] not in {None, before[server]}, 10)
    after = cli(state, "status")[1]
    assert after["guardian"] == before["guardian"]
    assert answers(after)


def test_commands_that_start_at_once_share_one_pair(start: Start) -> None:
    statuses = [command.status() for command in [start() for _ in range(8)]]
    assert (
        len({(status["guardian"], status["postgres"], status["valkey"]) for status in statuses})
        == 1
    )
    assert answers(statuses[0])


def test_a_newcomer_during_the_shutdown_gets_working_servers(start: Start) -> None:
    command = start()
    command.status()
    for pause in (0.0, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4):  # around the grace, less Python's start
        command.signal(signal.SIGKILL)
        time.sleep(pause)
        command = start()
        assert answers(command.status()), pause


FORKS = """
import os, sys, time, psycopg
from pathlib import Path
from finley.embedded import ensure
ensure(Path(sys.argv[1]))
if os.fork():
    os._exit(0)
time.sleep(1.5)
servers = ensure(Path(sys.argv[1]))
print(psycopg.connect(servers.app_url).execute("SELECT 'child'").fetchone()[0], flush=True)
"""


def test_a_forked_child_that_outlives_its_parent_keeps_the_servers(start: Start) -> None:
    assert start(FORKS).line() == "child"


def test_a_half_made_database_is_made_again(start: Start, state: Path) -> None:
    half = state / "postgres.new-1" / "base"
    half.mkdir(parents=True)
    assert answers(start().status())
    assert not half.parent.exists()


def test_a_stale_pid_file_with_a_living_strangers_pid_is_no_obstacle(
    start: Start, state: Path
) -> None:
    first = start()
    everything = family(first.status())
    first.signal(signal.SIGTERM)
    assert all_gone(everything)
    data = unprivileged.choose(state_paths.of(state)).data
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    assert answers(start().status())


def test_roles_and_extensions(start: Start) -> None:
    status = start().status()
    with psycopg.connect(status["owner_url"], autocommit=True) as connection:
        attributes = connection.execute(
            "SELECT rolsuper, rolcreatedb, pg_has_role('finley_app', 'SET'),"
            " pg_has_role('pg_read_all_stats', 'USAGE')"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert attributes == (False, True, True, True)
        connection.execute("CREATE DATABASE another")
    url = status["owner_url"].replace("/finley?", "/another?")
    with psycopg.connect(url) as connection:
        rows = {name for (name,) in connection.execute("SELECT extname FROM pg_extension")}
    assert {"pg_trgm", "unaccent", "fuzzystrmatch", "pg_stat_statements"} <= rows


def test_sockets_are_private(start: Start, state: Path) -> None:
    start().status()
    at = state_paths.of(state)
    assert at.sockets.stat().st_mode & 0o777 == 0o700
    assert len(str(at.sockets / ".s.PGSQL.5432")) < 100
    for path in at.sockets.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_status_starts_nothing(state: Path) -> None:
    assert cli(state, "status") == (3, {"running": False})
    assert not state.exists()


def test_postgres_can_be_restarted_under_its_holders(start: Start, state: Path) -> None:
    before = start().status()
    for how in ("--fast", "--crash"):
        code, after = cli(state, "restart-postgres", how)
        assert code == 0
        assert after["postgres"] != before["postgres"]
        assert answers(after)


def test_redis_can_be_stopped_for_a_while(start: Start, state: Path) -> None:
    status = start().status()
    assert cli(state, "stop-redis", "--seconds", "1")[0] == 0
    with redis_of(status) as cache, pytest.raises(redis.ConnectionError):
        cache.ping()
    assert wait_until(lambda: cli(state, "status")[1]["valkey"] is not None)
    assert answers(status)


DJANGO = """
import sys, django
from django.conf import settings
entry = {"ENGINE": "finley.embedded.backend", "NAME": "finley"}
entry["OPTIONS"] = {"embedded_state": sys.argv[1]}
owner = {**entry, "USER": "finley_owner"}
pool = {"min_size": 1, "max_size": 2}
app = {**entry, "USER": "finley_app", "OPTIONS": {**entry["OPTIONS"], "pool": pool}}
settings.configure(DATABASES={"default": app, "owner": owner}, USE_TZ=True)
django.setup()
from django.db import connections
for alias in ("default", "owner"):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        print(*cursor.fetchone(), flush=True)
creation = connections["owner"].creation
name = creation._create_test_db(verbosity=0, autoclobber=True)
connections["owner"].close()
creation._destroy_test_db(name, verbosity=0)
client = connections["owner"].client
print(client.settings_to_cmd_args_env(connections["owner"].settings_dict, [])[0][-1], flush=True)
connections["default"].close_pool()
"""


def test_django_connects_pools_and_makes_test_databases(start: Start, state: Path) -> None:
    command = start(DJANGO)
    assert command.line() == "finley_app finley"
    assert command.line() == "finley_owner finley"
    assert command.line() == "finley"
    assert command.process.wait(10) == 0


def test_many_threads_and_calls_share_one_hold(start: Start) -> None:
    assert start(FROM_THREADS).line() == "1 1"


FROM_THREADS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from finley.embedded import ensure, supervisor_client
with ThreadPoolExecutor(16) as threads:
    found = set(threads.map(lambda _: ensure(Path(sys.argv[1])), range(64)))
for _ in range(100):
    ensure(Path(sys.argv[1]))
print(len(found), len(supervisor_client._holds), flush=True)
"""


def test_requests_the_guardian_does_not_know_are_refused(start: Start, state: Path) -> None:
    start().status()
    connection = supervisor_client.connect(state_paths.of(state))
    assert connection is not None
    with connection, pytest.raises(EmbeddedServerError, match="does not know"):
        supervisor_client.ask(connection, "make tea")


def test_addresses_survive_odd_paths() -> None:
    servers = Servers.over(Path("/tmp/a b&c"), Path("/tmp/d e?"))
    assert servers.postgres_host == "/tmp/a b&c"
    assert psycopg.conninfo.conninfo_to_dict(servers.app_url)["host"] == "/tmp/a b&c"
    cache = redis.Redis.from_url(servers.redis_url)
    assert cache.connection_pool.connection_kwargs["path"] == "/tmp/d e?"
