"""Who asks: the user of the token in the Authorization header, or whom its staff user names."""

import logging
from hmac import compare_digest
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox import auth
from knox.crypto import hash_token
from knox.settings import CONSTANTS
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from finley.auth import token_cache
from finley.models import ApiToken, User
from graph.database.role import as_owner
from graph.http.scopes import ADMIN

log = logging.getLogger("finley.audit")
HEADER = "X-Finley-User"
UNKNOWN = "Invalid token."


class TokenAuthentication(auth.TokenAuthentication):  # type: ignore[misc]
    """knox's, where a token that cannot be text in the database is invalid like any other.

    `request.tenant_id` is whose rows are read: the token's user's, or, for staff with the scope
    admin who only reads, those of the user whom X-Finley-User names. That is written down.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        found: tuple[User, ApiToken] | None = super().authenticate(request)
        if found is not None:
            request._request.tenant_id = _tenant(request, *found)  # type: ignore[attr-defined]
        return found

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        if not token.isascii() or b"\0" in token:
            raise AuthenticationFailed(UNKNOWN)
        text = token.decode("ascii")
        if kept := token_cache.get(text):
            return kept
        alike = ApiToken.objects.filter(token_key=text[: CONSTANTS.TOKEN_KEY_LENGTH])
        for known in alike.select_related("user").defer("user__password"):
            if not self._cleanup_token(known) and compare_digest(hash_token(text), known.digest):
                validated: tuple[User, ApiToken] = self.validate_user(known)
                token_cache.keep(text, validated)
                return validated
        raise AuthenticationFailed(UNKNOWN)


def _tenant(request: Request, user: User, token: ApiToken) -> UUID:
    named = request.headers.get(HEADER)
    if named is None:
        return user.id
    if not (user.is_staff and ADMIN in token.scopes and request.method in SAFE_METHODS):
        raise PermissionDenied(
            f"{HEADER} is for staff who read, with a token that has the scope admin."
        )
    with as_owner():
        tenant = _known(named)
        _write_down(request, user, tenant)
    return tenant.id


def _known(named: str) -> User:
    try:
        return User.objects.get(pk=UUID(named))
    except (ValueError, User.DoesNotExist):
        raise PermissionDenied(f"{HEADER} names no user: say a user's id.") from None


def _write_down(request: Request, user: User, tenant: User) -> None:
    """Before anything is read: in the admin's log of that user, and in the program's."""
    LogEntry.objects.create(
        user_id=user.pk,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(tenant.pk),
        object_repr=str(tenant)[:200],
        action_flag=CHANGE,
        change_message=f"Read as this user: {request.method} {request.path}"[:1000],
    )
    log.warning("%s reads as %s: %s %s", user.pk, tenant.pk, request.method, request.path)


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """What the schema says of it."""

    target_class = "finley.auth.authentication.TokenAuthentication"
    name = "token"
