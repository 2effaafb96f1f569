"""Request and response shapes of exports and erasures."""

from rest_framework import serializers

from graph.api.shapes.common_serializers import Answer
from graph.api.shapes.request_bodies import StrictBody
from syncjobs.models.choices import ExportState

ERASURE_STATES = ("none", "waiting", "begun", "ended")


class ExportAnswer(Answer):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(ExportState.choices)
    requested_by = serializers.CharField(help_text="A person's e-mail address")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="When the file is deleted; null before it is ready"
    )
    size = serializers.IntegerField(allow_null=True, help_text="bytes of the ZIP file")
    rows = serializers.IntegerField(allow_null=True, help_text="rows of all tables")
    sha256 = serializers.CharField(help_text="Of the file, in hexadecimal digits")
    error = serializers.CharField(help_text="Why it was not made")


class ExportsAnswer(Answer):
    results = ExportAnswer(many=True)


class ErasureBody(StrictBody):
    confirm = serializers.CharField(
        max_length=254, help_text="The tenant's name: its user's e-mail address"
    )
    legal_hold = serializers.CharField(
        max_length=500,
        required=False,
        default="",
        allow_blank=True,
        help_text="Why the law requires that the books stay. Without it, everything is erased",
    )


class ErasureAnswer(Answer):
    state = serializers.ChoiceField(ERASURE_STATES)
    requested_at = serializers.DateTimeField(allow_null=True)
    erase_at = serializers.DateTimeField(
        allow_null=True, help_text="Until then it can be cancelled"
    )
    legal_hold = serializers.CharField()


class NewErasureAnswer(ErasureAnswer):
    certificate = serializers.CharField(
        help_text="The address of the certificate. Keep it: it is not shown again"
    )


class CertificateAnswer(Answer):
    state = serializers.ChoiceField(ERASURE_STATES)
    erase_at = serializers.DateTimeField(allow_null=True)
    certificate = serializers.JSONField(
        allow_null=True, help_text="null before the erasure has ended"
    )
