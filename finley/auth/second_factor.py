"""The second factor at sign-in: set up, checked, replaced by a recovery code, turned off.

A session is marked at its sign-in if its person has a second factor. Until a code was right, such a
session sees no page and no answer of the API (SecondFactorMiddleware, SessionAuthentication).

django-otp is not used: it stores secrets readable, and its tables could not be the owner's role's
alone. Secrets here are encrypted like those of endpoints (`manage.py rotate_keys`).
"""

import hashlib
import logging
import secrets
import time
from collections.abc import MutableMapping
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db.models import F, Func, QuerySet, Value
from django.db.models.functions import Now
from django.dispatch import receiver
from django.http import HttpRequest

from finley.auth import failed_attempts, sessions, totp
from finley.models import SecondFactor, User
from graph.database.role import as_owner
from graph.errors import QuestionError, TooMany
from syncjobs.alerts import sealed_secrets

log = logging.getLogger("finley.audit")

SESSION_PENDING, SESSION_VERIFIED = "second_factor_pending", "second_factor"
FREE = 5  # wrong codes of a person that need no wait
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # of randomness in each
WRONG = "The code is wrong, or was used already. Take the next one that the app shows."
NEEDED = "This session waits for the code of your second factor."
TO_SET_UP = "Staff need a second factor here. Set one up on the page account/second-factor/set-up/."

Session = MutableMapping[str, Any]


class MustWait(TooMany):
    """Raised if the person entered too many wrong codes. `after` is the wait in seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Too many wrong codes. Wait {seconds:.0f} seconds.", after=seconds)


@receiver(user_logged_in)
def mark(request: HttpRequest, user: User, **_: Any) -> None:
    """Note in the new session that a code is still to be entered, if the person has a second
    factor. Called when a person signs in."""
    for name in (SESSION_VERIFIED, SESSION_PENDING):
        request.session.pop(name, None)
    if is_on(user):
        request.session[SESSION_PENDING] = True


def is_on(person: User) -> bool:
    """Return whether the person has a confirmed second factor."""
    with as_owner():
        return SecondFactor.objects.filter(person=person, confirmed_at__isnull=False).exists()


def lacking(person: User, session: Session) -> str:
    """What the session lacks before it may do anything: NEEDED (a code), TO_SET_UP (a second
    factor), or "" for nothing. It no longer waits for a code once the second factor is off."""
    if session.get(SESSION_VERIFIED):
        return ""
    if session.get(SESSION_PENDING):
        if is_on(person):
            return NEEDED
        session.pop(SESSION_PENDING)
    return TO_SET_UP if settings.STAFF_SECOND_FACTOR and person.is_staff else ""


def begin(person: User) -> str:
    """Make and return a new secret for the person's authenticator app, in base32. The former one,
    which somebody else may have seen, cannot be confirmed any more. Raises QuestionError if the
    person has a second factor already."""
    secret = totp.new_secret()
    sealed = sealed_secrets.seal(secret)
    with as_owner():
        SecondFactor.objects.get_or_create(person=person, defaults={"secret": sealed})
        if not _unconfirmed(person).update(secret=sealed, last_step=0):
            raise QuestionError("You have a second factor. Turn it off first.", "code")
    return secret


def unconfirmed_secret(person: User) -> str:
    """Return the secret that `begin` made last, or a new one if there is none. Only for who has
    just entered the person's password. Raises QuestionError as `begin` does."""
    with as_owner():
        factor = _unconfirmed(person).first()
    return sealed_secrets.unseal(factor.secret) if factor else begin(person)


def confirm(person: User, password: str, code: str, session: Session) -> list[str]:
    """Turn the second factor on, if the password and the app's code are right. Return the recovery
    codes, which are not shown again. The person's other sessions end, because they have shown no
    code. Raises QuestionError, MustWait.

    The password is needed, because who only took over a session could lock the person out.
    """
    with as_owner():
        factor = _unconfirmed(person).first()
    if factor is None:
        raise QuestionError("Load the page again, and add the key that it shows.", "secret")
    _must_know_password(person, password)
    _must_be_right(person, code, with_recovery=False)
    with as_owner():  # not if another request has just replaced the secret
        if not _unconfirmed(person).filter(secret=factor.secret).update(confirmed_at=Now()):
            raise QuestionError(WRONG, "code")
    log.warning("%s turned a second factor on", person.pk)
    sessions.end(person.pk, but=getattr(session, "session_key", None))
    verified(session)
    return new_recovery_codes(person)


def _unconfirmed(person: User) -> QuerySet[SecondFactor]:
    return SecondFactor.objects.filter(person=person, confirmed_at=None)


def check(person: User, code: str, session: Session) -> None:
    """Check a code of the app or a recovery code. If it is right, the session may do what its
    person may.

    Raises QuestionError for a wrong code, and MustWait after too many wrong ones.
    """
    _must_be_right(person, code)
    verified(session)


def verified(session: Session) -> None:
    session.pop(SESSION_PENDING, None)
    session[SESSION_VERIFIED] = True


def replace_recovery_codes(person: User, code: str) -> list[str]:
    """Make new recovery codes and return them; the former ones do not work any more. Raises
    QuestionError for a wrong code, and MustWait."""
    _must_be_right(person, code)
    return new_recovery_codes(person)


def turn_off(person: User, code: str) -> None:
    """Delete the second factor if the code is right. Raises QuestionError for a wrong code, or if
    staff must have a second factor; and MustWait."""
    if settings.STAFF_SECOND_FACTOR and person.is_staff:
        raise QuestionError("Staff need a second factor here: it stays on.", "code")
    _must_be_right(person, code)
    forget(person)


def forget(person: User) -> bool:
    """Delete the second factor without a code. Return False if there was none."""
    with as_owner():
        count, _ = SecondFactor.objects.filter(person=person).delete()
    if count:
        log.warning("the second factor of %s was deleted", person.pk)
    return bool(count)


def new_recovery_codes(person: User) -> list[str]:
    """Store new recovery codes as digests and return them. Each works once."""
    codes = [secrets.token_hex(RECOVERY_BYTES) for _ in range(RECOVERY_CODES)]
    with as_owner():
        SecondFactor.objects.filter(person=person).update(recovery=[_digest(c) for c in codes])
    return ["-".join(code[at : at + 5] for at in range(0, len(code), 5)) for code in codes]


def rotate_keys() -> int:
    """Encrypt the secrets by the newest key. Return their number. Raises SecretUnreadable."""
    with as_owner():
        factors = list(SecondFactor.objects.all())
        for factor in factors:
            factor.secret = sealed_secrets.rotated(factor.secret)
            factor.save(update_fields=["secret"])
    return len(factors)


def _must_know_password(person: User, password: str) -> None:
    key = _attempts(person)
    with as_owner():
        if person.check_password(password):
            return
    failed_attempts.count(key)
    raise QuestionError("The password is wrong.", "password")


def _attempts(person: User) -> str:
    """Return the key of the person's wrong codes. Raises MustWait while the next has to wait."""
    key = failed_attempts.key("code", str(person.pk))
    if (seconds := failed_attempts.wait(key, FREE)) > 0:
        raise MustWait(seconds)
    return key


def _must_be_right(person: User, code: str, *, with_recovery: bool = True) -> None:
    key = _attempts(person)
    text = code.replace(" ", "").replace("-", "").lower()
    with as_owner():
        if _is_of_app(person, text) or (with_recovery and _is_for_recovery(person, text)):
            failed_attempts.forget(key)
            return
    failed_attempts.count(key)
    log.warning("a wrong code of the second factor of %s", person.pk)
    raise QuestionError(WRONG, "code")


def _is_of_app(person: User, text: str) -> bool:
    """Return whether the app shows this code now, and use the code up. Each code works only once,
    even if it is sent twice at the same time."""
    factor = SecondFactor.objects.filter(person=person).first()
    if factor is None or not (text.isascii() and text.isdigit()):
        return False
    step = totp.step_of(sealed_secrets.unseal(factor.secret), text, time.time())
    if step is None:
        return False
    unused = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step)
    return bool(unused.update(last_step=step))


def _is_for_recovery(person: User, text: str) -> bool:
    """Return whether this is an unused recovery code, and use it up."""
    digest = _digest(text)
    factor = SecondFactor.objects.filter(person=person, recovery__contains=[digest])
    without = Func(F("recovery"), Value(digest), function="array_remove")
    changed = factor.update(recovery=without)
    if changed:
        log.warning("%s used a recovery code", person.pk)
    return bool(changed)


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
