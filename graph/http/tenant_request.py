"""The request of a tenant, as authentication hands it to the views."""

from uuid import UUID

from django.http import HttpRequest


class TenantRequest(HttpRequest):
    """`tenant_id` is the user whose rows the request reads."""

    tenant_id: UUID
