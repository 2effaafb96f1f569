"""Endpoints of a tenant's members, of the person's memberships, and of the person's tokens."""

from typing import Any, cast
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from finley.api import serializers as shapes
from finley.auth import members, tokens
from finley.auth.session_authentication import SessionCredentials
from finley.models import User
from graph.http.scopes import READ, SYNC
from graph.http.tenant_request import TenantRequest
from syncjobs.api.bodies import BoundedJSON
from syncjobs.api.views import NOT_FOUND, READ_ERRORS, SENT

DONE = {204: OpenApiResponse(description="Done")}
MEMBER = OpenApiParameter("membership_id", OpenApiTypes.INT, "path")
NO_TOKENS = "A token cannot do this. Sign in."


class PersonsView(APIView):
    """A view about the signed-in person. It reads rows that only the owner's role may read."""

    parser_classes = (BoundedJSON,)

    def person(self, request: Request) -> User:
        person: User = cast(Any, request).user  # authenticated, so never an AnonymousUser
        return person

    def tenant(self, request: Request) -> UUID:
        return cast(TenantRequest, request._request).tenant_id


class MembersView(PersonsView):
    scope = SYNC

    @extend_schema(
        operation_id="members_list",
        summary="Who may see your data",
        responses={200: shapes.MembersAnswer, **READ_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Members and invitations of your tenant, the oldest first."""
        rows = members.members(self.tenant(request))
        return Response(shapes.MembersAnswer({"results": rows}).data)

    @extend_schema(
        operation_id="members_invite",
        summary="Invite a user, or change a role",
        request=shapes.InviteBody,
        responses={200: shapes.MemberAnswer, **SENT},
    )
    def post(self, request: Request) -> Response:
        """Invite a user, or change a member's role. An invited user has to accept the invitation.

        This needs a session; API tokens are refused. Members invited with a stolen token would
        remain when the token is revoked.
        """
        signed_in(request)
        wanted = shapes.InviteBody(data=request.data).checked()
        row = members.invite(self.tenant(request), wanted["email"], wanted["role"])
        return Response(shapes.MemberAnswer(row).data)


@extend_schema(parameters=[MEMBER])
class MemberView(PersonsView):
    @extend_schema(
        operation_id="members_remove",
        summary="Remove a member",
        request=None,
        responses={**DONE, **READ_ERRORS, **NOT_FOUND},
    )
    def delete(self, request: Request, membership_id: int) -> Response:
        """End the membership: the member cannot read your data any more. This needs a session."""
        signed_in(request)
        members.remove(self.tenant(request), membership_id)
        return Response(status=204)


class InvitationsView(PersonsView):
    @extend_schema(
        operation_id="invitations_list",
        summary="Invitations to see others' data",
        responses={200: shapes.InvitationsAnswer, **READ_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Invitations that you have not accepted. `session/` lists the tenants that you may see."""
        rows = members.invitations(self.person(request))
        return Response(shapes.InvitationsAnswer({"results": rows}).data)


@extend_schema(parameters=[MEMBER])
class InvitationView(PersonsView):
    scope = READ  # it is about the person, whatever role the session's tenant gives

    @extend_schema(
        operation_id="invitations_accept",
        summary="Accept an invitation",
        request=None,
        responses={200: shapes.InvitationAnswer, **READ_ERRORS, **NOT_FOUND},
    )
    def post(self, request: Request, membership_id: int) -> Response:
        """Accept the invitation. You may then choose this tenant in your session."""
        signed_in(request)
        row = members.accept(self.person(request), membership_id)
        return Response(shapes.InvitationAnswer(row).data)

    @extend_schema(
        operation_id="invitations_decline",
        summary="Decline an invitation, or leave",
        request=None,
        responses={**DONE, **READ_ERRORS, **NOT_FOUND},
    )
    def delete(self, request: Request, membership_id: int) -> Response:
        """Decline the invitation, or end your membership."""
        signed_in(request)
        members.leave(self.person(request), membership_id)
        return Response(status=204)


class TokensView(PersonsView):
    scope = READ

    @extend_schema(
        operation_id="tokens_list",
        summary="Your API tokens",
        responses={200: shapes.TokensAnswer, **READ_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Your tokens by their first letters, the oldest first."""
        rows = tokens.listed(self.person(request))
        return Response(shapes.TokensAnswer({"results": rows}).data)

    @extend_schema(
        operation_id="tokens_make",
        summary="Make an API token",
        request=shapes.TokenBody,
        responses={201: shapes.NewTokenAnswer, **SENT},
    )
    def post(self, request: Request) -> Response:
        """Create a token for your own data. This needs a session. The token is shown only once."""
        signed_in(request)
        wanted = shapes.TokenBody(data=request.data).checked()
        row, token = tokens.make(self.person(request), **wanted)
        body = {**shapes.TokenAnswer(row).data, "token": token}
        return Response(body, status=201, headers={"Cache-Control": "no-store"})


@extend_schema(parameters=[OpenApiParameter("token_key", OpenApiTypes.STR, "path")])
class TokenView(PersonsView):
    scope = READ

    @extend_schema(
        operation_id="tokens_revoke",
        summary="Revoke an API token",
        request=None,
        responses={**DONE, **READ_ERRORS, **NOT_FOUND},
    )
    def delete(self, request: Request, token_key: str) -> Response:
        """Revoke the token."""
        signed_in(request)
        tokens.revoke(self.person(request), token_key)
        return Response(status=204)


def signed_in(request: Request) -> SessionCredentials:
    """Return the rights of the request's session. Raises PermissionDenied if the request has a
    token instead of a session."""
    if not isinstance(request.auth, SessionCredentials):
        raise PermissionDenied(NO_TOKENS)
    return request.auth
