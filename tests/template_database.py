"""The migrated database from which the processes of a test run copy theirs.

The migrations take 5 s of processor time and a copy 0.3 s. The template stays for the next run. A
change of the sources makes a new one, because migrations import from them.
"""

from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from django.db import OperationalError, connections
from psycopg.sql import SQL, Identifier

PROJECT = Path(__file__).resolve().parents[1]
PACKAGES = ("finley", "graph", "syncjobs")
LOCK = 0x66696E6C  # of PostgreSQL's advisory locks, within the database `postgres`


def prepared(base: str) -> str:
    """The name of the template database for the current sources. It is created first if it does not
    exist.

    Processes that call this at the same time wait for the one that creates it.
    """
    owner = connections["owner"]
    name = f"{base}_template_{_digest()}"
    with owner.creation._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        others = _templates(cursor, base)
        if name not in others:
            _make(name)
            for other in others:
                with suppress(OperationalError):  # another run copies it now
                    cursor.execute(SQL("DROP DATABASE {}").format(Identifier(other)))
    return name


def _templates(cursor, base: str) -> list[str]:
    cursor.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{base}_template_"]
    )
    return [name for (name,) in cursor.fetchall()]


def _make(name: str) -> None:
    """Create and migrate the template database. It gets its name only when it is complete."""
    owner = connections["owner"]
    names = {alias: connections[alias].settings_dict["NAME"] for alias in ("owner", "default")}
    own = owner.settings_dict["TEST"]["NAME"]
    new = f"new_{name}"
    owner.settings_dict["TEST"]["NAME"] = connections["default"].settings_dict["NAME"] = new
    try:
        owner.creation.create_test_db(verbosity=0, autoclobber=True)
    finally:
        owner.settings_dict["TEST"]["NAME"] = own
        for alias, old in names.items():
            connections[alias].close()
            connections[alias].close_pool()
            connections[alias].settings_dict["NAME"] = old
    with owner.creation._nodb_cursor() as cursor:
        cursor.execute(
            SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(new), Identifier(name))
        )


def _digest() -> str:
    """A hash of everything that the schema may depend on: the sources and Django's version."""
    digest = blake2b(version("django").encode(), digest_size=6)
    for path in _sources():
        digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        for pattern in ("*.py", "*.sql"):
            yield from sorted((PROJECT / package).rglob(pattern))
