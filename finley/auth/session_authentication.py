"""Authenticates API requests by the session of the pages, as an alternative to tokens."""

from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from finley.auth import members, second_factor
from finley.auth.authentication import HEADER
from finley.auth.members import Access
from finley.auth.sessions import SessionStore
from finley.models import Role, User
from graph.http.scopes import READ, REVIEW, SYNC
from graph.http.tenant_request import TenantRequest

TENANT_HEADER = "X-Finley-Tenant"
SCOPES = {Role.VIEWER: (READ,), Role.REVIEWER: (READ, REVIEW), Role.OWNER: (READ, REVIEW, SYNC)}


@dataclass(frozen=True, slots=True)
class SessionCredentials:
    """The rights of a session: the scopes of the member's role. Takes the place of a token."""

    access: Access

    @property
    def scopes(self) -> tuple[str, ...]:
        return SCOPES[self.access.role]

    @property
    def token_key(self) -> str:
        """The key of the rate limit. All sessions of a person count together."""
        return f"session:{self.access.person.pk}"

    @property
    def called(self) -> str:
        return f"Your role {self.access.role}"


class SessionAuthentication(authentication.SessionAuthentication):
    """Django's session authentication, for the tenant that the session has chosen and with the
    scopes of the member's role.

    Requests that change something need the header X-CSRFToken. `request.tenant_id` is the tenant. A
    request may name its tenant in X-Finley-Tenant. It is refused if the session reads another
    tenant's data by now. A change is also refused if the person may no longer see the data that the
    session chose.
    """

    def __init__(self, *, of_person: bool = False) -> None:
        """`of_person`: the request is about the person, whatever data the session reads."""
        self.of_person = of_person

    def authenticate(self, request: Request) -> tuple[User, SessionCredentials] | None:
        plain = request._request
        person = plain.user if plain.COOKIES.get(settings.SESSION_COOKIE_NAME) else None
        if not isinstance(person, User) or not person.is_active:
            return None
        if lacking := second_factor.lacking(person, plain.session):
            if self.of_person:
                return None
            raise PermissionDenied(lacking)
        self.enforce_csrf(request)
        if HEADER in request.headers:
            raise PermissionDenied(f"{HEADER} is for tokens only.")
        access = members.access(person, plain.session)
        self._must_be_meant(request, access)
        cast(TenantRequest, plain).tenant_id = access.tenant_id
        return person, SessionCredentials(access)

    def _must_be_meant(self, request: Request, access: Access) -> None:
        is_change = request.method not in SAFE_METHODS
        if access.fell_back and is_change and not self.of_person:
            raise PermissionDenied(f"{members.NO_LONGER} Choose whose data with PATCH session/.")
        if request.headers.get(TENANT_HEADER, str(access.tenant_id)) != str(access.tenant_id):
            raise PermissionDenied(
                f"Nothing was done: this session reads the data of {access.tenant} now, "
                "and the request was meant for another's. Load the page again."
            )

    def still_valid(self, request: Request, scope: str) -> bool:
        """Return whether the session of a long request is still valid and shows the same tenant.

        This reads the session again, because it may have expired or the person's password may have
        changed.
        """
        plain: Any = request._request
        again = HttpRequest()
        again.session = SessionStore(plain.session.session_key)
        person = get_user(again)
        if not isinstance(person, User):
            return False
        if second_factor.lacking(person, again.session):
            return False
        now = members.access(person, again.session)
        return now.tenant_id == plain.tenant_id and scope in SCOPES[now.role]


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The authentication scheme in the API schema."""

    target_class = "finley.auth.session_authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The pages' session. POST, PUT, PATCH and DELETE need X-CSRFToken, too",
        }
