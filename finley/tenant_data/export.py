"""All that is kept of a tenant as one ZIP of open formats, and back.

A file of JSON lines for each table (`tables/<name>.jsonl`), the rejects files, and `manifest.json`
with counts and SHA-256 sums. Passwords and tokens are in none of it.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from psycopg.sql import SQL, Identifier, Literal

from finley.models import User
from finley.tenant_data import tables
from finley.tenant_data.tables import Table

ROLE = "owner"
FORMAT = 1
PROFILE = ("id", "email", "first_name", "last_name", "is_active", "date_joined")
LEFT_OUT = frozenset({*tables.BOOKKEEPING, tables.TOKENS})  # tokens are digests of secrets
AT_ONCE = 1_000


class TransferError(Exception):
    """The sentence says what is wrong with the file, or with the tenant that is there."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Rows by table, and other files."""

    user_id: UUID
    rows: dict[str, int]
    files: int


def export(user: User, into: Path) -> Transfer:
    """Write the ZIP: one snapshot of all tables. It appears whole or not at all.

    Raises FileExistsError, OSError.
    """
    if into.exists():
        raise FileExistsError(f"{into} is there already: name another file, or move it away.")
    part = into.with_name(f".{into.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            done = _written(user, archive)
        part.replace(into)
    finally:
        part.unlink(missing_ok=True)
    return done


def _written(user: User, archive: zipfile.ZipFile) -> Transfer:
    sums: dict[str, str] = {}
    rows: dict[str, int] = {}
    with transaction.atomic(using=ROLE), connections[ROLE].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for table in tables.of_tenants(cursor):
            if table.name not in LEFT_OUT:
                name = f"tables/{table.name}.jsonl"
                rows[table.name], sums[name] = _table(archive, name, table, user.pk)
    files = 0
    for path in rejects_of(user.pk):
        name = f"rejects/{path.parent.name}/{path.name}"
        archive.write(path, name)
        sums[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        files += 1
    manifest = {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tenant": {name: str(getattr(user, name)) for name in PROFILE},
        "rows": rows,
        "sha256": sums,
    }
    archive.writestr("manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False))
    return Transfer(user.pk, rows, files)


def _table(archive: zipfile.ZipFile, name: str, table: Table, user_id: UUID) -> tuple[int, str]:
    """How many rows were written, and their sum. Rows are in the order of their texts."""
    query = SQL(
        "COPY (SELECT line FROM (SELECT to_jsonb(t)::text AS line FROM {} AS t WHERE user_id = {})"
        ' AS lines ORDER BY line COLLATE "C") TO STDOUT'
    ).format(Identifier(table.name), Literal(user_id))
    count, digest = 0, hashlib.sha256()
    driver = connections[ROLE].connection
    with driver.cursor() as cursor, cursor.copy(query) as copy, archive.open(name, "w") as out:
        for (line,) in copy.rows():
            data = f"{line}\n".encode()
            out.write(data)
            digest.update(data)
            count += 1
    return count, digest.hexdigest()


def rejects_of(user_id: UUID) -> Iterator[Path]:
    """The files of rejected rows that syncs of the tenant's connections have written."""
    with connections[ROLE].cursor() as cursor:
        cursor.execute("SELECT id FROM sync_connections WHERE user_id = %s", [user_id])
        ids = [row[0] for row in cursor.fetchall()]
    for connection_id in sorted(map(str, ids)):
        yield from sorted((Path(settings.STATE_DIR) / "rejects" / connection_id).glob("*"))


def import_(path: Path) -> Transfer:
    """The tenant of an export, under its own id: all of it or nothing.

    The view is to be refreshed afterwards. The user has no password and no token. Raises
    TransferError for a file that is damaged or no export, and where the tenant is there already.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            _must_be_whole(archive, manifest)
            return _read(archive, manifest)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise TransferError(f"{path.name} is no export of finley's, or damaged: {error}") from error


def _must_be_whole(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    if manifest.get("format") != FORMAT:
        raise TransferError(f"It has format {manifest.get('format')}; this version reads {FORMAT}.")
    for name, known in manifest["sha256"].items():
        digest = hashlib.sha256()
        with archive.open(name) as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        if digest.hexdigest() != known:
            raise TransferError(f"{name} is not what the manifest says: the file was changed.")


def _read(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> Transfer:
    user_id = UUID(manifest["tenant"]["id"])
    rows: dict[str, int] = {}
    with transaction.atomic(using=ROLE), connections[ROLE].cursor() as cursor:
        known = User.objects.using(ROLE).filter(pk=user_id) | User.objects.using(ROLE).filter(
            email__iexact=manifest["tenant"]["email"]
        )
        if known.exists():
            raise TransferError("A user of this id or e-mail address is there already.")
        user = User(pk=user_id, email=manifest["tenant"]["email"])
        user.first_name = manifest["tenant"]["first_name"]
        user.last_name = manifest["tenant"]["last_name"]
        user.set_unusable_password()
        user.save(using=ROLE, force_insert=True)
        for table in tables.of_tenants(cursor):
            name = f"tables/{table.name}.jsonl"
            if name in manifest["sha256"]:
                rows[table.name] = _inserted(archive, name, table, user_id)
    return Transfer(user_id, rows, _unpacked(archive, manifest))


def _inserted(archive: zipfile.ZipFile, name: str, table: Table, user_id: UUID) -> int:
    columns = SQL(", ").join(map(Identifier, table.columns))
    query = SQL(
        "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE "
        "SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"
    ).format(table=Identifier(table.name), columns=columns)
    count = 0
    with archive.open(name) as file, connections[ROLE].cursor() as cursor:
        while lines := file.readlines(AT_ONCE * 1000):
            rows = [json.loads(line) for line in lines]
            if any(row["user_id"] != str(user_id) for row in rows):
                raise TransferError(f"{name} holds rows of another tenant.")
            cursor.execute(query, [f"[{b','.join(lines).decode()}]"])
            count += len(lines)
    return count


def _unpacked(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> int:
    """The rejects files back in their places; names of an archive lead nowhere else."""
    count = 0
    for name in manifest["sha256"]:
        kind, _, rest = name.partition("/")
        folder, _, file = rest.partition("/")
        if kind != "rejects" or not file or "/" in file or file in {".", ".."}:
            continue
        target = Path(settings.STATE_DIR) / "rejects" / str(UUID(folder))
        target.mkdir(parents=True, exist_ok=True)
        (target / file).write_bytes(archive.read(name))
        count += 1
    return count
