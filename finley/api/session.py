"""Signing in and out, and whose data the session reads."""

from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.middleware.csrf import get_token
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from finley.api import serializers as shapes
from finley.auth import members, second_factor
from finley.auth.session_authentication import SessionAuthentication
from finley.models import User
from graph.api import problems
from graph.api.shapes.common_serializers import Problem
from graph.database.role import as_owner
from syncjobs.api.bodies import BoundedJSON

CODE_NEEDED = "Your second factor is needed, too: send its `code`."
WRONG = "The e-mail address or the password is wrong, or you have to wait."
NOBODY = {
    401: OpenApiResponse(Problem, description="Nobody is signed in, or the password is wrong")
}


class SessionView(APIView):
    """Needs no authentication, because it is for signing in. It accepts JSON only, which no HTML
    form can send."""

    permission_classes = (AllowAny,)
    parser_classes = (BoundedJSON,)

    def get_authenticators(self) -> list[Any]:
        method = self.request.method if self.request else ""
        return [] if method == "POST" else [SessionAuthentication(of_person=True)]

    @extend_schema(
        operation_id="session_read",
        summary="Who is signed in",
        responses={200: shapes.SessionAnswer},
    )
    def get(self, request: Request) -> Response:
        """Who is signed in, whose data the session reads, and the token for X-CSRFToken."""
        return _answer(request)

    @extend_schema(
        operation_id="session_sign_in",
        summary="Sign in",
        auth=[],
        request=shapes.SignInBody,
        responses={200: shapes.SessionAnswer, 400: OpenApiResponse(Problem), **NOBODY},
    )
    def post(self, request: Request) -> Response:
        """Sign in with an e-mail address, a password, and the code of the second factor if the
        person has one. The answer sets the session's cookie."""
        wanted = shapes.SignInBody(data=request.data).checked()
        with as_owner():
            person = authenticate(
                request._request, username=wanted["email"], password=wanted["password"]
            )
            if not isinstance(person, User):
                return problems.response(401, WRONG)
            needs_code = second_factor.is_on(person)
            if needs_code and not wanted["code"]:
                return problems.response(401, CODE_NEEDED)
            verified: dict[str, Any] = {}
            if needs_code:
                second_factor.check(person, wanted["code"], verified)
            login(request._request, person)
            if needs_code:
                second_factor.verified(request._request.session)
        request.user = person
        return _answer(request)

    @extend_schema(
        operation_id="session_change",
        summary="Read another tenant's data",
        request=shapes.TenantBody,
        responses={200: shapes.SessionAnswer, 400: OpenApiResponse(Problem), **NOBODY},
    )
    def patch(self, request: Request) -> Response:
        """Read another tenant's data from now on, one of `tenants`."""
        person = _person(request)
        wanted = shapes.TenantBody(data=request.data).checked()["tenant"]
        if wanted not in {each.tenant_id for each in members.tenants_of(person)}:
            raise PermissionDenied("You are not a member of this tenant.")
        request._request.session[members.SESSION_TENANT] = str(wanted)
        return _answer(request)

    @extend_schema(
        operation_id="session_sign_out",
        summary="Sign out",
        request=None,
        responses={204: OpenApiResponse(description="Signed out")},
    )
    def delete(self, request: Request) -> Response:
        """End the session."""
        with as_owner():
            logout(request._request)
        return Response(status=204)


def _person(request: Request) -> User:
    if not isinstance(request.user, User):
        raise AuthenticationFailed("Nobody is signed in.")
    return request.user


def _answer(request: Request) -> Response:
    person = request.user if isinstance(request.user, User) else None
    choices = members.tenants_of(person) if person else []
    answer = {
        "person": person.email if person else None,
        "tenant": members.access(person, request._request.session) if person else None,
        "tenants": choices,
        "csrf_token": get_token(request._request),
    }
    response = Response(shapes.SessionAnswer(answer).data)
    response["Cache-Control"] = "no-store"
    return response
