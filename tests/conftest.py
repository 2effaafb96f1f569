"""Fixtures of the whole suite: the test database with its two roles, tenants, real books."""

import gc
import os
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import override_settings, setup_databases, teardown_databases
from hypothesis import settings as hypothesis_settings
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Identifier
from rest_framework.test import APIClient
from whitenoise.middleware import WhiteNoiseMiddleware

from finley.models import ApiToken, User
from graph.database import arrow
from graph.database.role import as_owner
from graph.history import row_triggers
from graph.http.scopes import READ, SCOPES, SYNC
from graph.models.view_sql import VIEW
from graph.reading import memory_cache
from graph.view import triggers
from syncjobs import queue
from tests import owner_connections, template_database
from tests.syncjobs import workers

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# `make test` draws the same examples each time, so that what passes here passes in CI, too.
# `make test-all` draws new ones. HYPOTHESIS_PROFILE=thorough pytest … --hypothesis-show-statistics
hypothesis_settings.register_profile("normal", deadline=None, max_examples=40, derandomize=True)
hypothesis_settings.register_profile("thorough", deadline=None, max_examples=2500)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "normal"))


# The files that take longest, most of it in other processes.
SLOWEST_FILES = (
    "docs/test_how_to.py",
    "finley/test_demo.py",
    "syncjobs/test_reliability.py",
    "syncjobs/questions/test_question_supervisor.py",
    "test_leaks.py",
    "finley/test_embedded.py",
    "syncjobs/test_hostile_items.py",
    "finley/server/test_timeouts.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests so that each process of the run begins with some of the longest files.

    xdist gives each process an equal part of the list, and moves tests from the end of a part to a
    process that has none left. If a long file were at the end of a part, the other processes would
    wait for it.
    """
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    files = [Path(__file__).parent.joinpath(name).resolve(strict=True) for name in SLOWEST_FILES]
    first = {path: [item for item in items if item.path == path] for path in files}
    others = [item for item in items if item.path not in first]
    size = -(-len(items) // count)
    parts = []
    for number in range(count):
        part = [item for path in files[number::count] for item in first[path]]
        fill = max(size - len(part), 0)
        parts += [*part, *others[:fill]]
        others = others[fill:]
    items[:] = [*parts, *others]


def pytest_collection_finish() -> None:
    """Exclude the objects that exist after the collection of 5,000 tests from garbage collection.
    This saves 6 % of processor time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_hashed_quickly() -> Iterator[None]:
    """Hash passwords with 1,000 iterations instead of a million, which saves 0.4 s per password."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "iterations", 1000)
        yield


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_listed_once() -> Iterator[None]:
    """List the static files once instead of once per test client, whose middleware reads every
    file."""
    listed: dict[str, Any] = {}
    list_files = WhiteNoiseMiddleware.add_files_from_finders

    def add_files(middleware: WhiteNoiseMiddleware) -> None:
        if not listed:
            list_files(middleware)
            listed.update(middleware.files)
        middleware.files.update(listed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add_files)
        yield


@pytest.fixture(autouse=True)
def _nothing_is_kept_in_memory() -> Iterator[None]:
    """Turn off the caches in memory, so that a repeated question is computed again.

    The fixture `settings` is not used, because it would outlive fixtures that are set up after it.
    """
    apart = {**settings.GRAPH_CACHE, "memory": 0}
    with override_settings(ANSWERS_MEMORY=0, CHECKS_MEMORY=0, GRAPH_CACHE=apart):
        yield


@pytest.fixture(scope="session", autouse=True)
def _pages() -> None:
    """Import all views and admin pages before the first test, as a server does before its first
    request."""
    import_module(settings.ROOT_URLCONF)


@pytest.fixture
def kept_answers() -> Iterator[None]:
    with override_settings(ANSWERS_MEMORY=2**20):
        yield
    memory_cache.answers.forget()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, django_db_modify_db_settings):
    """Create and migrate one test database per xdist worker as the owner. `default` is the other
    role."""
    with django_db_blocker.unblock():
        name = connections["owner"].creation._get_test_db_name()
        test_settings = connections["owner"].settings_dict["TEST"]
        test_settings["TEMPLATE"] = template_database.prepared(settings.DATABASES["owner"]["NAME"])
        connections["default"].settings_dict["NAME"] = name  # before anything connects
        old_names = setup_databases(verbosity=0, interactive=False, aliases=["owner"])
        _wait_for_no_disk(name)
    with owner_connections.kept():
        yield
    with django_db_blocker.unblock():
        arrow.close_all()
        for alias in connections:
            connections[alias].close()
            connections[alias].close_pool()
        teardown_databases(old_names, verbosity=0)


def _wait_for_no_disk(database: str) -> None:
    """Let commits return before they are on disk, in 0.1 ms instead of 2 to 4 ms.

    The test database need not survive a crash. The setting applies to sessions that start later.
    """
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute(
            SQL("ALTER DATABASE {} SET synchronous_commit = off").format(Identifier(database))
        )
    owner.close()


@pytest.fixture
def committed(django_db_setup, django_db_blocker) -> Iterator[None]:
    """A database for both roles in which transactions really commit. After the test every table is
    emptied and the view refreshed.

    The owner's connection is kept for the next test, because a new one would read the catalogue
    anew. A test fails if a worker that it started is still connected, because that worker would
    change the rows of the next test.
    """
    with django_db_blocker.unblock():
        yield
        owner = connections["owner"]
        if not _is_idle(owner):
            owner.close()
        left = workers.left_behind()
        with owner.cursor() as cursor:
            _empty(cursor)
        connections["default"].close()
    assert not left, f"workers of this test are still connected to its database: {left}"


def _is_idle(database: BaseDatabaseWrapper) -> bool:
    """Return whether the connection is open, belongs to the test database, and is outside of any
    transaction."""
    connection = database.connection
    return (
        connection is not None
        and not connection.closed
        and not database.in_atomic_block
        and connection.info.transaction_status == TransactionStatus.IDLE
        and connection.info.dbname == database.settings_dict["NAME"]
    )


def _empty(cursor) -> None:
    """Empty the tables by DELETE, because they have few rows: TRUNCATE would create every table and
    index anew. TRUNCATE is used for tables that have grown, and for those whose statistics would
    say later that they are empty."""
    tables = _in_order()
    cursor.execute(
        "SELECT relname FROM pg_class WHERE oid = ANY(%s::regclass[]) "
        "AND (relpages > 0 OR pg_relation_size(oid) > 500_000)",
        [list(tables)],
    )
    grown = [name for (name,) in cursor.fetchall()]
    anew = [f"TRUNCATE {', '.join(grown)} CASCADE"] if grown else []
    emptied = [f"DELETE FROM {name}" for name in tables]  # noqa: S608
    cursor.execute("; ".join(["BEGIN", *anew, *emptied, "COMMIT"]))
    _empty_view(cursor)


def _empty_view(cursor) -> None:
    """Refresh the view if it has rows. Its rows are deleted, which costs less than a new table with
    new indexes, unless it has grown."""
    cursor.execute(
        "SELECT relispopulated, pg_relation_size(oid) < 500_000 FROM pg_class "
        "WHERE oid = to_regclass(%s)",
        [VIEW],
    )
    populated, is_small = cursor.fetchone() or (False, False)
    if populated:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {VIEW})")  # noqa: S608
        if cursor.fetchone() == (False,):
            return
    concurrently = "CONCURRENTLY" if populated and is_small else ""
    cursor.execute(f"REFRESH MATERIALIZED VIEW {concurrently} {VIEW}")


@cache
def _in_order() -> tuple[str, ...]:
    """The names of the tables to empty, and of all tables that refer to these, each before the
    tables to which its rows refer.

    Foreign keys that are checked at the end of the transaction need no order, but their tables have
    to be emptied, too.
    """
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text, condeferred "
            "FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid"
        )
        pointing = cursor.fetchall()
    emptied = {*_tables(), triggers.COMPACTED}
    while more := {table for table, at, _ in pointing if at in emptied} - emptied:
        emptied |= more
    before: dict[str, set[str]] = {table: set() for table in sorted(emptied)}
    for table, at, deferred in pointing:
        if at in emptied and not deferred:
            before[at].add(table)
    return (
        *TopologicalSorter(before).static_order(),
        triggers.CHANGE_RECORDS,
        row_triggers.ROWS,
    )  # what emptying leaves there


def _tables() -> list[str]:
    return [
        model._meta.db_table
        for label in ("graph", "syncjobs", "finley", "admin", "sessions")
        for model in apps.get_app_config(label).get_models()
        if model._meta.managed
    ]


@pytest.fixture
def tenant(committed) -> User:
    with as_owner():
        return User.objects.create_user("tenant@example.org")


@pytest.fixture
def other_tenant(committed) -> User:
    with as_owner():
        return User.objects.create_user("other@example.org")


def client_of(user: User, *scopes: str) -> APIClient:
    """An API client with a token of this user. A token of staff has every scope."""
    scopes = scopes or (SCOPES if user.is_staff else (READ, SYNC))
    with as_owner():
        _, token = ApiToken.objects.create(user, name="test", scopes=list(scopes))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def api(tenant) -> APIClient:
    return client_of(tenant)


@pytest.fixture
def own_queue(committed, monkeypatch) -> Iterator[str]:
    """The name of a queue for this test alone, on the shared Redis."""
    name = f"test:{uuid4()}"
    monkeypatch.setattr(queue, "NAME", name)
    yield name
    workers.clean(name)


@pytest.fixture(scope="session")
def real_books() -> Path:
    """The folder of the real ledgers. The test is skipped if it is missing."""
    if not DATA.is_dir():
        pytest.skip("no ../shared/data beside the project: the real books are not here")
    return DATA
