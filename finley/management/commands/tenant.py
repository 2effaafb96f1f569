"""`manage.py tenant`: archive, import or erase all data of a tenant."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from finley.models import User
from finley.tenant_data import archive
from finley.tenant_data.archive import TransferError
from finley.tenant_data.erase import Erasure, erase
from graph import tenant_lookup
from graph.database.role import as_owner
from graph.errors import TenantUnknown


@contextmanager
def _new_certificate(path: Path) -> Iterator[TextIO]:
    """Create the certificate's file and open it for writing; an error in the block removes it.

    Raises CommandError if the file exists or cannot be written.
    """
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        raise CommandError(f"{path} is there already: nothing was erased.") from None
    except OSError as error:
        reason = error.strerror or error
        raise CommandError(f"{path} cannot be written ({reason}): nothing was erased.") from None
    try:
        with file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


class Command(BaseCommand):
    help = "Export all that is kept of a tenant, import such an archive, or erase the tenant."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        exported = deeds.add_parser(
            "export", help="one ZIP of JSON lines: every table, and the rejects files"
        )
        exported.add_argument("--user", required=True, help="id or e-mail address")
        exported.add_argument("--into", required=True, type=Path, metavar="FILE")
        imported = deeds.add_parser(
            "import", help="the tenant of an archive, under its own id, without password and tokens"
        )
        imported.add_argument("file", type=Path)
        erased = deeds.add_parser("erase", help="rows, view, caches, jobs and files, for good")
        erased.add_argument("--user", required=True, help="id or e-mail address")
        erased.add_argument("--confirm", required=True, help="repeat --user to confirm")
        erased.add_argument(
            "--legal-hold", default="", metavar="REASON", help="keep the books, for this reason"
        )
        erased.add_argument(
            "--certificate", required=True, type=Path, metavar="FILE", help="JSON: what was erased"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            getattr(self, f"_{options['deed']}")(**options)

    def _export(self, user: str, into: Path, **_: Any) -> None:
        try:
            transfer = archive.export(self._user(user), into)
        except OSError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{sum(transfer.rows.values()):,} rows and {transfer.files} files in {into}"
        )

    def _import(self, file: Path, **_: Any) -> None:
        try:
            transfer = archive.import_(file)
        except (TransferError, OSError) as error:
            raise CommandError(str(error)) from None
        rows = sum(transfer.rows.values())
        self.stdout.write(
            f"{rows:,} rows and {transfer.files} files of tenant {transfer.user_id}. "
            "Run manage.py refresh_enriched_view."
        )
        for name, count in transfer.left_out.items():
            self.stdout.write(
                f"{count} of {name} were left out: their users, groups or permissions are not here."
            )

    def _erase(self, user: str, confirm: str, legal_hold: str, certificate: Path, **_: Any) -> None:
        if user != confirm:
            raise CommandError("--confirm does not repeat --user: nothing was erased.")
        with _new_certificate(certificate) as file:
            erasure = self._erased(self._user(user, may_be_gone=True), legal_hold)
            file.write(json.dumps(erasure.certificate(legal_hold), indent=2) + "\n")
        rows = sum(erasure.rows.values())
        self.stdout.write(
            f"{rows:,} rows and {erasure.files} files erased; {certificate} says "
            "what, and what could not be reached."
        )
        if erasure.redis_missed:
            raise CommandError("Redis could not be reached: repeat this with the tenant's id.")

    def _erased(self, tenant: User, hold: str) -> Erasure:
        erasure = erase(tenant, hold=hold)
        if settings.TOKEN_SECONDS:  # other processes accept cached tokens for this long
            time.sleep(settings.TOKEN_SECONDS)
            erasure = erase(tenant, hold=hold, before=erasure)
        return erasure

    def _user(self, text: str, *, may_be_gone: bool = False) -> User:
        """The user with this id or e-mail address. Raises CommandError.

        With `may_be_gone`, the id may belong to a tenant whose user is erased already.
        """
        try:
            return User.objects.get(pk=tenant_lookup.find(text))
        except TenantUnknown as error:
            with suppress(ValueError):
                if may_be_gone:
                    return User(pk=UUID(text), email=text)
            raise CommandError(str(error)) from None
