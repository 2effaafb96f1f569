"""Erasures that a tenant's owner requests: confirmed by name, carried out by a worker after a wait.

The tables are the owner's role's, and so is everything here. After the erasure only the person who
requested it can read the certificate, by an address with a secret in it.
"""

import hashlib
import json
import logging
import secrets
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models.functions import Coalesce, Now

from finley.auth.members import Access
from finley.models import Erasure, User
from finley.tenant_data import erase
from finley.tenant_data.archive import ROLE
from graph.database.role import as_owner
from graph.errors import NotFound, QuestionError
from syncjobs.alerts import sealed_secrets

log = logging.getLogger("finley.audit")

CERTIFICATE_KEPT = timedelta(days=90)
REDIS_AGAIN = timedelta(minutes=1)
AGAIN = timedelta(minutes=5)  # until an erasure is tried again that failed or whose worker died
NOT_YOURS = "Only the user whose tenant it is can have it erased."
MAIL = (
    "The erasure of all data of {tenant} was requested. It begins at {when:%Y-%m-%d %H:%M} UTC.\n"
    "If you did not request it, sign in, cancel it on the page /data/, and change your password.\n"
)
BEGUN = "The erasure has begun. It cannot be cancelled."


def request(access: Access, confirm: str, hold: str = "") -> tuple[Erasure, str]:
    """Accept an erasure of the tenant. Return it, and the secret of its certificate's address.

    `confirm` must be the tenant's name, its user's e-mail address. A legal `hold` is the reason why
    the books stay. A worker erases the tenant FINLEY_ERASE_AFTER_HOURS later. Raises QuestionError.
    """
    _must_be_its_user(access)
    if confirm.strip().casefold() != access.tenant.casefold():
        raise QuestionError(
            f"Nothing will be erased: type the tenant's name ({access.tenant}) to confirm.",
            "confirm",
        )
    secret = secrets.token_urlsafe(32)
    row = Erasure(
        tenant_id=access.tenant_id,
        digest=_digest(secret),
        legal_hold=hold.strip(),
        erase_at=Now() + timedelta(hours=settings.ERASE_AFTER_HOURS),
    )
    with as_owner():
        try:
            with transaction.atomic(using=ROLE):
                row.save(force_insert=True)
        except IntegrityError:
            raise QuestionError("An erasure is already requested.", "state") from None
        row.refresh_from_db()
    log.warning("%s requested the erasure of tenant %s", access.person.pk, access.tenant_id)
    _send_mail(access, row)
    return row, secret


def _send_mail(access: Access, row: Erasure) -> None:
    """Tell the tenant's user, who may not have requested it. Needs a mail server."""
    if not settings.EMAIL_HOST_NAME:
        return
    text = MAIL.format(tenant=access.tenant, when=row.erase_at)
    try:
        send_mail("finley will erase your data", text, None, [access.tenant])
    except OSError as error:  # also each error of SMTP
        log.warning("no mail about erasure %s (%s)", row.pk, type(error).__name__)


def pending(access: Access) -> Erasure | None:
    """The tenant's erasure, which waits for its time or has begun; None if there is none."""
    with as_owner():
        return Erasure.objects.filter(tenant_id=access.tenant_id).first()


def cancel(access: Access) -> None:
    """Cancel the erasure before it begins. Waits while its rows are being deleted. Raises NotFound,
    QuestionError."""
    _must_be_its_user(access)
    with as_owner(), transaction.atomic(using=ROLE):
        mine = Erasure.objects.filter(tenant_id=access.tenant_id)
        row = mine.select_for_update().first()
        if row is None:
            raise NotFound("No erasure is requested.", "id")
        if row.begun_at is not None:
            raise QuestionError(BEGUN, "state")
        row.delete()
    log.warning("%s cancelled the erasure of tenant %s", access.person.pk, access.tenant_id)


def by_secret(secret: str) -> tuple[Erasure, dict[str, Any] | None]:
    """The erasure that belongs to the secret of a certificate's address, and the certificate if the
    erasure has ended, else None. Raises NotFound."""
    with as_owner():
        row = Erasure.objects.filter(digest=_digest(secret)).first()
    if row is None:
        raise NotFound("There is no such certificate.", "secret")
    certificate = _unsealed(row)["certificate"] if row.ended_at else None
    return row, certificate


def erase_next() -> bool:
    """Carry out the erasure that has been due longest. Return False if none is due.

    A tenant is erased twice: again after FINLEY_TOKEN_SECONDS, because other processes accept
    cached tokens until then. If it fails, or if its worker dies, it is tried again after AGAIN, and
    others are carried out meanwhile.
    """
    with as_owner():
        row = _claimed()
        if row is None:
            return False
        _erase(row)
        return True


def _claimed() -> Erasure | None:
    """The erasure that has been due longest, which other workers leave alone for AGAIN."""
    with transaction.atomic(using=ROLE):
        due = Erasure.objects.filter(ended_at=None, erase_at__lte=Now())
        row = due.select_for_update(skip_locked=True).order_by("erase_at").first()
        if row is None:
            return None
        Erasure.objects.filter(pk=row.pk).update(erase_at=Now() + AGAIN)
        row.refresh_from_db()
    return row


def forget_certificates() -> int:
    """Delete certificates that are older than CERTIFICATE_KEPT. Return their number."""
    with as_owner():
        return Erasure.objects.filter(ended_at__lt=Now() - CERTIFICATE_KEPT).delete()[0]


def rotate_keys() -> int:
    """Encrypt the certificates by the newest key. Return their number. Raises SecretUnreadable."""
    with as_owner():
        rows = list(Erasure.objects.exclude(certificate=""))
        for row in rows:
            mine = Erasure.objects.filter(pk=row.pk, certificate=row.certificate)
            mine.update(certificate=sealed_secrets.rotated(row.certificate))
    return len(rows)


def _erase(claimed: Erasure) -> None:
    tenant_id = claimed.tenant_id
    assert tenant_id is not None  # noqa: S101 - a constraint: it has not ended
    with erase.alone(tenant_id) as cursor:
        row = _locked(claimed)
        if row is None:
            log.warning("erasure %s was cancelled or is another worker's now", claimed.pk)
            return
        tenant = User.objects.filter(pk=tenant_id).first()
        row.legal_hold = "; ".join(
            filter(None, (getattr(tenant, "legal_hold", ""), row.legal_hold))
        )
        is_first = row.begun_at is None
        erasure = erase.Erasure(tenant_id) if is_first else _so_far(row)
        erase.delete_rows(
            cursor, erasure, tenant or User(pk=tenant_id, email=str(tenant_id)), row.legal_hold
        )
        _record(row, erasure)
    erase.delete_the_rest(erasure)
    if is_first or erasure.redis_missed:
        _record(row, erasure, again=None if is_first else REDIS_AGAIN)
    else:
        _end(row, erasure)


def _locked(claimed: Erasure) -> Erasure | None:
    """The erasure, which nobody can cancel until this transaction ends. None if it was cancelled,
    or if another worker has claimed it since."""
    same = Erasure.objects.filter(pk=claimed.pk, erase_at=claimed.erase_at, ended_at=None)
    return same.select_for_update().first()


def _record(row: Erasure, erasure: erase.Erasure, again: timedelta | None = None) -> None:
    """Store what has been erased so far, and when the tenant is erased again."""
    wait = again or timedelta(seconds=settings.TOKEN_SECONDS)
    state = {"erasure": {**asdict(erasure), "user_id": str(erasure.user_id)}}
    _change(
        row, state, begun_at=Coalesce("begun_at", Now()), erase_at=Now() + wait,
        legal_hold=row.legal_hold,
    )  # fmt: skip


def _end(row: Erasure, erasure: erase.Erasure) -> None:
    state = {"certificate": {**erasure.certificate(row.legal_hold), "erasure": str(row.pk)}}
    if _change(row, state, tenant_id=None, legal_hold="", ended_at=Now()):
        log.warning("erasure %s has ended", row.pk)


def _change(row: Erasure, state: dict[str, Any], **values: Any) -> bool:
    """Store the state and the values, unless another process has stored a state since this one
    did. Then return False: the counts of the other process are newer."""
    same = Erasure.objects.filter(pk=row.pk, certificate=row.certificate)
    row.certificate = sealed_secrets.seal(json.dumps(state))
    return bool(same.update(certificate=row.certificate, **values))


def _so_far(row: Erasure) -> erase.Erasure:
    state = _unsealed(row)["erasure"]
    return erase.Erasure(**{**state, "user_id": UUID(state["user_id"])})


def _unsealed(row: Erasure) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(sealed_secrets.unseal(row.certificate))
    return state


def _must_be_its_user(access: Access) -> None:
    if access.person.pk != access.tenant_id:
        raise QuestionError(NOT_YOURS, "tenant")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
