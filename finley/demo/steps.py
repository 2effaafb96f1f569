"""The steps of `manage.py demo`, one function each. Each returns its result."""

import secrets
import socket
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management import call_command

from finley.demo import books
from finley.models import ApiToken, User
from graph.database.role import as_owner
from graph.errors import LedgerError
from graph.ingest.import_file import Imported, format_of, import_file
from graph.models import NormalizedEntity, PaymentCase, RawEvent
from graph.questions import whole_graph
from graph.view import refresh as view_refresh
from syncjobs.models import ExternalItem, SyncConnection

ADMIN = "admin@finley.example"
TENANT = "demo@finley.example"
LEDGERS = ("*.csv", "*.csv.gz", "*.csv.zst")


@dataclass(frozen=True, slots=True)
class Access:
    """The token and the passwords of the demo. They are new for each demo and stored nowhere."""

    user_id: UUID
    email: str
    tenant_password: str
    token: str
    admin: str
    password: str


def migrate() -> None:
    call_command("migrate", verbosity=0)


def let_in(email: str) -> Access:
    """Create what a person needs to use the demo: a tenant's user with one token, and an
    administrator. Return their addresses, passwords and the token.

    Both users get new passwords if they exist already, which is safe because the demo serves on
    loopback only.
    """
    password, tenant_password = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    with as_owner():
        admin = User.objects.filter(email=ADMIN).first() or User.objects.create_superuser(ADMIN)
        admin.set_password(password)
        admin.save()
        user = User.objects.filter(email=email).first() or User.objects.create_user(email)
        user.set_password(tenant_password)
        user.save()
        ApiToken.objects.filter(user=user, name="demo").delete()
        _, token = ApiToken.objects.create(user, name="demo")
    return Access(user.pk, email, tenant_password, token, ADMIN, password)


def ledgers(data: Path | None, state: Path, seed: int, end: date) -> list[Path]:
    """The ledger files of `data` (a folder or one file), or the demo's own, newly written.

    Raises LedgerError if there is none.
    """
    if data is None:
        folder = state / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        return [path for path in books.write(folder, seed, end=end).files if path.suffix == ".csv"]
    if data.is_file():
        return [data]
    files = sorted({path for pattern in LEDGERS for path in data.rglob(pattern)})
    if not files:
        raise LedgerError(f"{data} is no file and holds none: DATA takes CSV files (.gz, .zst).")
    return files


def yesterday() -> date:
    """The last day of the demo's books. Payments that are due next are then in the future."""
    return datetime.now(UTC).date() - timedelta(days=1)


def forget_other_days(user_id: UUID, state: Path, seed: int, end: date) -> None:
    """Delete the demo's old books if they end on another day, because their keys differ.

    Synced items are deleted, too, and listed again. Otherwise a sync would take them for stored.
    """
    label_file, label = state / "demo" / "books.txt", f"seed {seed}, until {end.isoformat()}"
    if not label_file.exists() or label_file.read_text() != label:
        for model in (RawEvent, NormalizedEntity, PaymentCase, ExternalItem):
            model.objects.using("owner").filter(user_id=user_id).delete()
        SyncConnection.objects.using("owner").filter(user_id=user_id).update(cursor=None)
        label_file.parent.mkdir(parents=True, exist_ok=True)
        label_file.write_text(label)


def tenant_of(data: Path | None) -> str:
    """The tenant for these books. A user's own books get another tenant than the demo's."""
    if data is None:
        return TENANT
    name = "".join(c if c.isalnum() else "-" for c in data.resolve().name.lower()).strip("-")
    return f"{name or 'books'}@finley.example"


def import_all(user_id: UUID, files: list[Path], rejects: Path, progress: Any) -> list[Imported]:
    """Import every file. `progress(path)` returns a progress bar as a context manager."""
    imports = []
    for path in files:
        with progress(path) as bar:
            imports.append(import_file(user_id, path, format_of(path), rejects, bar.update_to))
    return imports


def refresh() -> view_refresh.Refresh:
    """Refresh the materialized view, and say how it went. Readers wait for it only if the view has
    never been filled."""
    return view_refresh.refresh(concurrently=view_refresh.state() is view_refresh.State.READY)


def a_path(user_id: UUID, top: list[dict[str, Any]]) -> dict[str, Any] | None:
    """A path from the first of the `top` entities to another of them; the last one that it can
    reach. None if it reaches none."""
    for other in reversed(top[1:]):
        path = whole_graph.path(user_id, UUID(top[0]["id"]), UUID(other["id"]))
        if path["found"]:
            return path
    return None


def free_port(preferred: int) -> int:
    """`preferred`, or another port of 127.0.0.1 if that one is taken."""
    for port in (preferred, 0):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port of 127.0.0.1 is free")
