"""The type of a request after authentication has found its tenant."""

from uuid import UUID

from django.http import HttpRequest


class TenantRequest(HttpRequest):
    """`tenant_id` is the user whose rows the request reads."""

    tenant_id: UUID
