"""Authenticates API requests by token, and determines the tenant whose rows they read."""

import logging
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox import auth
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from finley.auth import client_address, failed_tokens, token_cache, token_lookup
from finley.models import ApiToken, User
from graph.database.role import as_owner
from graph.http.scopes import ADMIN
from graph.http.tenant_request import TenantRequest

log = logging.getLogger("finley.audit")
HEADER = "X-Finley-User"
UNKNOWN = "Invalid token."


class TokenAuthentication(auth.TokenAuthentication):  # type: ignore[misc]
    """knox's authentication. A token that PostgreSQL cannot store as text is invalid.

    `request.tenant_id` is the tenant of the request. It is the token's user, or the user in the
    header X-Finley-User. Only staff with the scope admin may send this header, for read requests
    only. Such reads are logged.
    """

    _address = client_address.UNKNOWN

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        self._address = client_address.of_meta(request.META)
        credentials: tuple[User, ApiToken] | None = super().authenticate(request)
        if credentials is not None:
            cast(TenantRequest, request._request).tenant_id = _tenant(request, *credentials)
        return credentials

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        if not token.isascii() or b"\0" in token:
            failed_tokens.failed(self._address)
            raise AuthenticationFailed(UNKNOWN)
        text = token.decode("ascii")
        if cached := token_cache.get(text):
            return cached
        if wait := failed_tokens.wait(self._address):
            raise Throttled(wait, "Too many invalid tokens came from your address.")
        row = token_lookup.find(hash_token(text))
        if row is None:
            failed_tokens.failed(self._address)
            raise AuthenticationFailed(UNKNOWN)
        validated = token_cache.made(*row)
        self.validate_user(validated[1])
        token_cache.keep(text, validated)
        return validated

    def still_valid(self, request: Request, scope: str) -> bool:
        """Return whether the token of a long request is still valid and its user active. Queries
        the database."""
        user: Any = request.user
        token: Any = request.auth
        now = token_cache.current(token.digest)
        return now is not None and now[0].pk == user.pk and scope in now[1].scopes


def _tenant(request: Request, user: User, token: ApiToken) -> UUID:
    user_id = request.headers.get(HEADER)
    if user_id is None:
        return user.id
    if settings.ONLY_API:
        raise PermissionDenied(f"{HEADER} is not answered here: ask finley's other process.")
    if not (user.is_staff and ADMIN in token.scopes and request.method in SAFE_METHODS):
        raise PermissionDenied(
            f"{HEADER} is only for staff, in read requests, by a token with the scope admin."
        )
    with as_owner():
        tenant = _user(user_id)
        _log(request, user, tenant)
    return tenant.id


def _user(user_id: str) -> User:
    try:
        return User.objects.get(pk=UUID(user_id))
    except (ValueError, User.DoesNotExist):
        raise PermissionDenied(f"{HEADER} must be the id of a user.") from None


def _log(request: Request, user: User, tenant: User) -> None:
    """Record in the tenant's admin history, and in the log, that the user reads the tenant's rows.
    This happens before anything is read."""
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
    """The authentication scheme in the API schema."""

    target_class = "finley.auth.authentication.TokenAuthentication"
    name = "token"
