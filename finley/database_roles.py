"""Creates finley's two roles and its database on a PostgreSQL of your own, as a superuser."""

from dataclasses import dataclass
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

EXTENSIONS = ("pg_trgm", "unaccent", "fuzzystrmatch")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the roles and the database, and the passwords for new roles."""

    owner: str
    app: str
    database: str
    owner_password: str
    app_password: str


@dataclass(frozen=True, slots=True)
class Step:
    """One SQL statement of the set-up. It need not run if the query `done` returns a row; None
    means that it always runs. `inside` means that it runs in finley's database, not in the
    superuser's."""

    statement: sql.Composed
    done: sql.Composed | None = None
    inside: bool = False  # runs in finley's database, not in the superuser's


def steps(names: Names) -> list[Step]:
    """The statements that create the two roles and the database, and limit their rights. Neither
    role is a superuser, and the owner owns the database."""
    owner, app = sql.Identifier(names.owner), sql.Identifier(names.app)
    database = sql.Identifier(names.database)
    outer = [
        Step(_role(owner, "CREATEDB", names.owner_password), _known("roles", "rol", names.owner)),
        Step(_role(app, "NOCREATEDB", names.app_password), _known("roles", "rol", names.app)),
        Step(sql.SQL("ALTER ROLE {} NOSUPERUSER NOBYPASSRLS").format(owner)),
        Step(sql.SQL("ALTER ROLE {} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE").format(app)),
        Step(sql.SQL("REVOKE {} FROM {}").format(owner, app)),
        Step(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner),
            _known("database", "dat", names.database),
        ),
        Step(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database)),
        Step(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, app)),
    ]
    extensions = (sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(e) for e in _extensions())
    inner = [
        *extensions,
        sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
        sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(owner),
    ]
    return [*outer, *(Step(sql.Composed([statement]), inside=True) for statement in inner)]


def script(names: Names) -> str:
    """The statements as a script for psql, which a superuser may run repeatedly."""
    all_steps = steps(names)
    lines = [r"\set ON_ERROR_STOP on", *(_line(step) for step in all_steps if not step.inside)]
    lines.append(rf"\connect {sql.Identifier(names.database).as_string()}")
    lines.extend(_line(step) for step in all_steps if step.inside)
    return "\n".join(lines)


def run(names: Names, superuser_url: str) -> list[str]:
    """Run the statements that are not done yet, as the superuser. Return the names of the roles
    that existed before, whose passwords stay as they are.

    Raises psycopg.Error.
    """
    all_steps = steps(names)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        existing = [name for name in (names.owner, names.app) if _is_role(connection, name)]
        for step in all_steps:
            if not step.inside and not _is_done(connection, step):
                connection.execute(step.statement)
    with psycopg.connect(superuser_url, autocommit=True, dbname=names.database) as connection:
        for step in all_steps:
            if step.inside:
                connection.execute(step.statement)
    return existing


def url(role: str, password: str, database: str, superuser_url: str = "") -> str:
    """The role's DATABASE_URL, on the host and port of the superuser's URL."""
    server = conninfo_to_dict(superuser_url)
    host, port = str(server.get("host") or "localhost"), server.get("port") or 5432
    at = quote(host, safe="")
    return f"postgresql://{quote(role)}:{quote(password)}@{at}:{port}/{quote(database)}"


def _role(name: sql.Identifier, may: str, password: str) -> sql.Composed:
    return sql.SQL("CREATE ROLE {} LOGIN " + may + " PASSWORD {}").format(
        name, sql.Literal(password)
    )


def _known(catalog: str, prefix: str, name: str) -> sql.Composed:
    query = sql.SQL("SELECT FROM {} WHERE {} = {}")
    column = sql.Identifier(f"{prefix}name")
    return query.format(sql.Identifier(f"pg_{catalog}"), column, sql.Literal(name))


def _is_role(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute(_known("roles", "rol", name)).fetchone() is not None


def _is_done(connection: psycopg.Connection, step: Step) -> bool:
    return step.done is not None and connection.execute(step.done).fetchone() is not None


def _extensions() -> list[sql.Identifier]:
    return [sql.Identifier(name) for name in EXTENSIONS]


def _line(step: Step) -> str:
    statement = step.statement.as_string()
    if step.done is None:
        return f"{statement};"
    quoted, condition = sql.Literal(statement).as_string(), step.done.as_string()
    return rf"SELECT {quoted} WHERE NOT EXISTS ({condition}) \gexec"
