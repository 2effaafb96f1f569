"""Exports all data of a tenant as one ZIP of open formats, and imports it again.

The ZIP has a file of JSON lines for each table (`tables/<name>.jsonl`), the memberships, the
rejects files, and `manifest.json` with counts and SHA-256 sums. Passwords and tokens are left out,
and so are the secrets of endpoints, which come back disabled, with new secrets and nothing to send.
Content types, groups and permissions are written by name, and users by e-mail address, because
their ids differ between installations.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from psycopg.sql import SQL, Composed, Identifier, Literal

from finley.models import User
from finley.tenant_data import tenant_tables
from finley.tenant_data.tenant_tables import Table
from syncjobs.alerts import sealed_secrets, signatures
from syncjobs.models import Delivery, DeliveryEndpoint
from syncjobs.models.choices import Channel, DeliveryState

ROLE = "owner"
FORMAT = 2  # version of the ZIP's layout
PROFILE = ("id", "email", "first_name", "last_name", "is_active", "date_joined", "legal_hold")
# Tokens are digests of secrets, so they are not exported. Neither are earlier exports.
LEFT_OUT = frozenset({*tenant_tables.BOOKKEEPING, tenant_tables.TOKENS, *tenant_tables.EXPORTS})
AT_ONCE = 1_000  # kilobytes of rows that one statement inserts
# What is exported in place of a column's content, by table.
REPLACED: dict[str, dict[str, Any]] = {
    DeliveryEndpoint._meta.db_table: {
        "secret": "left out", "former_secret": "", "former_until": None, "is_enabled": False,
        "note": "It was imported. Rotate its secret and enable it.", "worker": "",
        "lease_until": None,
    }
}  # fmt: skip
MEMBERS, MEMBER_OF = "members.jsonl", "member_of.jsonl"
MEMBERSHIPS = {  # file → columns (other user, tenant); an import restores only MEMBERS
    MEMBERS: ("member_id", "tenant_id"),
    MEMBER_OF: ("tenant_id", "member_id"),
}


class TransferError(Exception):
    """Raised if the file, or an existing tenant, prevents the import. The message says what is
    wrong."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """The result of an export or import: the number of rows by table, and of other files.

    `left_out` counts, by table, the rows whose user, group or permission the installation does not
    have.
    """

    user_id: UUID
    rows: dict[str, int]
    files: int
    left_out: dict[str, int] = field(default_factory=dict)


def export(user: User, into: Path) -> Transfer:
    """Write all data of the tenant as a ZIP to the file `into`, from one snapshot of all tables.
    The file appears complete or not at all.

    Raises FileExistsError, OSError.
    """
    if into.exists():
        raise FileExistsError(f"{into} is there already: name another file, or move it away.")
    part = into.with_name(f".{into.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            transfer = _written(user, archive)
        part.replace(into)
    finally:
        part.unlink(missing_ok=True)
    return transfer


def _written(user: User, archive: zipfile.ZipFile) -> Transfer:
    sums: dict[str, str] = {}
    rows: dict[str, int] = {}
    with transaction.atomic(using=ROLE), connections[ROLE].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for table in tenant_tables.of_tenants(cursor):
            if table.name not in LEFT_OUT:
                name = f"tables/{table.name}.jsonl"
                rows[table.name], sums[name] = _lines(archive, name, _rows_of(table, user.pk))
        for name in MEMBERSHIPS:
            rows[name], sums[name] = _lines(archive, name, _memberships(name, user.pk))
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


def _rows_of(table: Table, user_id: UUID) -> Composed:
    """The SQL query for the tenant's rows of the table. It returns one column `line`: the row as
    JSON text, with names in place of ids of the installation."""
    names = [
        SQL("{}, (SELECT {} FROM {} AS named WHERE named.id = t.{})").format(
            Literal(column),
            SQL(tenant_tables.NAMED[column][1]),
            Identifier(tenant_tables.NAMED[column][0]),
            Identifier(column),
        )
        for column in table.named
    ]
    return SQL(
        "SELECT ((to_jsonb(t) - {}::text[]) || jsonb_build_object({}) || {}::jsonb)::text AS line "
        "FROM {} AS t WHERE user_id = {}"
    ).format(
        Literal(list(table.numbered)), SQL(", ").join(names),
        Literal(json.dumps(REPLACED.get(table.name, {}))), Identifier(table.name), Literal(user_id),
    )  # fmt: skip


def _memberships(name: str, user_id: UUID) -> Composed:
    other, own = MEMBERSHIPS[name]
    return SQL(
        "SELECT jsonb_build_object('user', u.email, 'role', m.role, 'created', m.created, "
        "'accepted', m.accepted)::text "
        "AS line FROM {} AS m JOIN {} AS u ON u.id = m.{} WHERE m.{} = {}"
    ).format(
        Identifier(tenant_tables.MEMBERS),
        Identifier(tenant_tables.USERS),
        Identifier(other),
        Identifier(own),
        Literal(user_id),
    )


def _lines(archive: zipfile.ZipFile, name: str, query: Composed) -> tuple[int, str]:
    """Write the query's lines to the file `name` of the ZIP, sorted as text. Return their number
    and the file's SHA-256 sum."""
    copied = SQL('COPY (SELECT line FROM ({}) AS lines ORDER BY line COLLATE "C") TO STDOUT')
    count, digest = 0, hashlib.sha256()
    driver = connections[ROLE].connection
    with (
        driver.cursor() as cursor,
        cursor.copy(copied.format(query)) as copy,
        archive.open(name, "w") as out,
    ):
        for (line,) in copy.rows():
            data = f"{line}\n".encode()
            out.write(data)
            digest.update(data)
            count += 1
    return count, digest.hexdigest()


def rejects_of(user_id: UUID) -> Iterator[Path]:
    """The rejects files that syncs of the tenant's connections have written."""
    with connections[ROLE].cursor() as cursor:
        cursor.execute("SELECT id FROM sync_connections WHERE user_id = %s", [user_id])
        ids = [row[0] for row in cursor.fetchall()]
    for connection_id in sorted(map(str, ids)):
        yield from sorted((Path(settings.STATE_DIR) / "rejects" / connection_id).glob("*"))


def import_(path: Path) -> Transfer:
    """Import an exported tenant under its own id, wholly or not at all.

    The view must be refreshed afterwards. The user has no password and no token. Raises
    TransferError if the file is damaged or not an export, or if the tenant exists already.
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
    for name, stated_digest in manifest["sha256"].items():
        digest = hashlib.sha256()
        with archive.open(name) as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        if digest.hexdigest() != stated_digest:
            raise TransferError(f"{name} is not what the manifest says: the file was changed.")


def _read(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> Transfer:
    user_id = UUID(manifest["tenant"]["id"])
    rows: dict[str, int] = {}
    with transaction.atomic(using=ROLE), connections[ROLE].cursor() as cursor:
        existing = User.objects.using(ROLE).filter(pk=user_id) | User.objects.using(ROLE).filter(
            email__iexact=manifest["tenant"]["email"]
        )
        if existing.exists():
            raise TransferError("A user of this id or e-mail address is there already.")
        user = User(pk=user_id, email=manifest["tenant"]["email"])
        user.first_name = manifest["tenant"]["first_name"]
        user.last_name = manifest["tenant"]["last_name"]
        user.legal_hold = manifest["tenant"].get("legal_hold", "")
        user.set_unusable_password()
        user.save(using=ROLE, force_insert=True)
        for table in tenant_tables.of_tenants(cursor):
            name = f"tables/{table.name}.jsonl"
            if name in manifest["sha256"]:
                rows[table.name] = _inserted(archive, name, table, user_id)
        rows[MEMBERS] = _let_in(archive, user_id)
        _silence(user_id)
    differences = {name: manifest["rows"][name] - count for name, count in rows.items()}
    left_out = {name: count for name, count in differences.items() if count}
    return Transfer(user_id, rows, _unpacked(archive, manifest), left_out)


def _silence(user_id: UUID) -> None:
    """Disable the tenant's endpoints and delete the messages that wait there, because the old
    installation may send them, too. Each webhook gets a new secret that nobody knows; a person has
    to set another one."""
    Delivery.objects.using(ROLE).filter(user_id=user_id, state=DeliveryState.WAITING).delete()
    for endpoint in DeliveryEndpoint.objects.using(ROLE).filter(user_id=user_id):
        for name, value in REPLACED[DeliveryEndpoint._meta.db_table].items():
            setattr(endpoint, name, value)
        is_signed = endpoint.channel == Channel.WEBHOOK
        endpoint.secret = sealed_secrets.seal(signatures.new_secret()) if is_signed else ""
        endpoint.save(using=ROLE)


def _inserted(archive: zipfile.ZipFile, name: str, table: Table, user_id: UUID) -> int:
    """Insert the file's rows and return their number. A row that needs a missing group or
    permission is left out."""
    query = _insertion(table)
    count = 0
    with connections[ROLE].cursor() as cursor:
        for lines in _read_lines(archive, name):
            if any(json.loads(line)["user_id"] != str(user_id) for line in lines):
                raise TransferError(f"{name} holds rows of another tenant.")
            cursor.execute(query, [f"[{b','.join(lines).decode()}]"])
            count += cursor.rowcount
    return count


def _insertion(table: Table) -> Composed:
    numbers = {
        column: SQL("(SELECT named.id FROM {} AS named WHERE {} = line ->> {})").format(
            Identifier(tenant_tables.NAMED[column][0]),
            SQL(tenant_tables.NAMED[column][1]),
            Literal(column),
        )
        for column in table.named
    }
    needed = [SQL("TRUE"), *(number + SQL(" IS NOT NULL") for column, number in numbers.items()
                             if column in table.needed)]  # fmt: skip
    plain = SQL("{} - {}::text[]").format(Identifier("line"), Literal(list(table.named)))
    return SQL(
        "INSERT INTO {table} ({columns}) SELECT {values} "
        "FROM jsonb_array_elements(%s::jsonb) AS line, "
        "jsonb_populate_record(NULL::{table}, {plain}) AS r WHERE {needed}"
    ).format(
        table=Identifier(table.name),
        columns=SQL(", ").join(map(Identifier, table.columns)),
        values=SQL(", ").join(numbers.get(c, Identifier("r", c)) for c in table.columns),
        plain=plain,
        needed=SQL(" AND ").join(needed),
    )


def _let_in(archive: zipfile.ZipFile, user_id: UUID) -> int:
    """Restore the memberships of those members whose e-mail addresses belong to users of this
    installation. Return their number."""
    query = SQL(
        "INSERT INTO {} (member_id, tenant_id, role, created, accepted) SELECT u.id, %s, "
        "line ->> 'role', (line ->> 'created')::timestamptz, "
        "(line ->> 'accepted')::timestamptz "
        "FROM jsonb_array_elements(%s::jsonb) AS line "
        "JOIN {} AS u ON lower(u.email) = lower(line ->> 'user')"
    ).format(Identifier(tenant_tables.MEMBERS), Identifier(tenant_tables.USERS))
    count = 0
    with connections[ROLE].cursor() as cursor:
        for lines in _read_lines(archive, MEMBERS):
            cursor.execute(query, [user_id, f"[{b','.join(lines).decode()}]"])
            count += cursor.rowcount
    return count


def _read_lines(archive: zipfile.ZipFile, name: str) -> Iterator[list[bytes]]:
    with archive.open(name) as file:
        while lines := file.readlines(AT_ONCE * 1000):
            yield lines


def _unpacked(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> int:
    """Write the rejects files to their folders and return their number. Names in the archive cannot
    lead to other folders."""
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
