"""Request and response shapes of sessions, members and tokens."""

from rest_framework import serializers

from finley.auth import tokens
from finley.models import Role
from graph.api.shapes.common_serializers import Answer
from graph.api.shapes.request_bodies import StrictBody


class TenantAnswer(Answer):
    id = serializers.UUIDField(source="tenant_id")
    name = serializers.CharField(source="tenant", help_text="Its user's e-mail address")
    role = serializers.ChoiceField(Role.choices, help_text="Yours in it")


class SessionAnswer(Answer):
    person = serializers.CharField(allow_null=True, help_text="null: nobody is signed in")
    tenant = TenantAnswer(allow_null=True, help_text="Whose data this session reads")
    tenants = TenantAnswer(many=True, help_text="Whose data it may read")
    csrf_token = serializers.CharField(help_text="For the header X-CSRFToken")


class SignInBody(StrictBody):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)
    code = serializers.CharField(
        max_length=64, required=False, default="", help_text="Of the person's second factor"
    )


class TenantBody(StrictBody):
    tenant = serializers.UUIDField(help_text="One of `tenants`")


class MemberAnswer(Answer):
    id = serializers.IntegerField()
    email = serializers.EmailField(source="member.email")
    role = serializers.ChoiceField(Role.choices)
    created = serializers.DateTimeField()
    accepted = serializers.DateTimeField(allow_null=True, help_text="null: invited")


class MembersAnswer(Answer):
    results = MemberAnswer(many=True)


class InviteBody(StrictBody):
    email = serializers.EmailField(max_length=254, help_text="Of another user of finley")
    role = serializers.ChoiceField(Role.choices)


class InvitationAnswer(Answer):
    id = serializers.IntegerField()
    tenant = serializers.EmailField(source="tenant.email")
    role = serializers.ChoiceField(Role.choices)
    created = serializers.DateTimeField()
    accepted = serializers.DateTimeField(allow_null=True)


class InvitationsAnswer(Answer):
    results = InvitationAnswer(many=True)


class TokenAnswer(Answer):
    id = serializers.CharField(source="token_key", help_text="The token's first letters")
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created = serializers.DateTimeField()
    expires = serializers.DateTimeField(source="expiry", allow_null=True)


class TokensAnswer(Answer):
    results = TokenAnswer(many=True)


class NewTokenAnswer(TokenAnswer):
    token = serializers.CharField(help_text="Keep it: it is not shown again")


class TokenBody(StrictBody):
    name = serializers.CharField(max_length=100, help_text="What it is for")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(tokens.SCOPES), allow_empty=False, max_length=2
    )
    days = serializers.IntegerField(
        default=tokens.DAYS, min_value=1, max_value=tokens.DAYS, help_text="Until it expires"
    )
