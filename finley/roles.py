"""The two roles and the database on a PostgreSQL of the user's own: what a superuser has to run."""

from dataclasses import dataclass
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

EXTENSIONS = ("pg_trgm", "unaccent", "fuzzystrmatch")


@dataclass(frozen=True, slots=True)
class Names:
    """Of the roles and the database, with the passwords that new roles get."""

    owner: str
    app: str
    database: str
    owner_password: str
    app_password: str


@dataclass(frozen=True, slots=True)
class Step:
    """A statement, and the query whose row means that nothing is left to do."""

    statement: sql.Composed
    done: sql.Composed | None = None
    inside: bool = False  # in the database itself, not in the superuser's


def steps(names: Names) -> list[Step]:
    """What makes the roles, neither of them a superuser, and the database, which the owner owns."""
    owner, app = sql.Identifier(names.owner), sql.Identifier(names.app)
    database = sql.Identifier(names.database)
    made = [
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
    return [*made, *(Step(sql.Composed([each]), inside=True) for each in inner)]


def script(names: Names) -> str:
    """The steps for psql, which may run them again."""
    given = steps(names)
    lines = [r"\set ON_ERROR_STOP on", *(_line(step) for step in given if not step.inside)]
    lines.append(rf"\connect {sql.Identifier(names.database).as_string()}")
    lines.extend(_line(step) for step in given if step.inside)
    return "\n".join(lines)


def run(names: Names, superuser_url: str) -> list[str]:
    """Run what is left to do. Says which roles were there before: those keep their passwords.

    Raises psycopg.Error.
    """
    given = steps(names)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        known = [name for name in (names.owner, names.app) if _is_role(connection, name)]
        for step in given:
            if not step.inside and not _is_done(connection, step):
                connection.execute(step.statement)
    with psycopg.connect(superuser_url, autocommit=True, dbname=names.database) as connection:
        for step in given:
            if step.inside:
                connection.execute(step.statement)
    return known


def url(role: str, password: str, database: str, superuser_url: str = "") -> str:
    """The role's DATABASE_URL; where the server is, as the superuser's address says it."""
    told = conninfo_to_dict(superuser_url)
    host, port = str(told.get("host") or "localhost"), told.get("port") or 5432
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
    quoted, done = sql.Literal(statement).as_string(), step.done.as_string()
    return rf"SELECT {quoted} WHERE NOT EXISTS ({done}) \gexec"
