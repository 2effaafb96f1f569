"""The page on which an owner exports everything, and its user has everything erased."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from finley.api import tenant_data
from finley.models import Role
from finley.tenant_data import erasure_requests, export_requests
from finley.web.access import PageRequest, page, require_same_tenant


@page(Role.OWNER)
def your_data(request: PageRequest) -> HttpResponse:
    """The page with the tenant's exports, and with the erasure of the tenant if one is
    requested."""
    return _shown(request)


def _shown(request: PageRequest, **more: Any) -> HttpResponse:
    access = request.access
    exports = export_requests.listed(access.tenant_id)
    context = {
        "exports": exports,
        "working": any(row.state in export_requests.ACTIVE for row in exports),
        "erasure": tenant_data.erasure(erasure_requests.pending(access)),
        "may_erase": access.person.pk == access.tenant_id,
    }
    return render(request, "web/your_data.html", {**context, **more})


@require_POST
@page(Role.OWNER)
def export(request: PageRequest) -> HttpResponse:
    """Let a worker make an export of all data of the tenant."""
    require_same_tenant(request, must_name=True)
    export_requests.begin(request.access.tenant_id, request.access.person.email)
    messages.success(request, "The export is being made. Load this page again in a while.")
    return redirect("your-data")


@page(Role.OWNER)
def download(request: PageRequest, export_id: UUID) -> HttpResponseBase:
    """The file of the export, as a download."""
    access = request.access
    return tenant_data.file_of(
        export_requests.ready(access.tenant_id, export_id, access.person.email)
    )


@require_POST
@page(Role.OWNER)
def remove(request: PageRequest, export_id: UUID) -> HttpResponse:
    """Delete an export and its file."""
    require_same_tenant(request, must_name=True)
    export_requests.remove(request.access.tenant_id, export_id)
    messages.success(request, "The export is deleted.")
    return redirect("your-data")


@require_POST
@page(Role.OWNER)
def erase(request: PageRequest) -> HttpResponse:
    """Request the erasure of the tenant. Only this response shows the address of the
    certificate."""
    require_same_tenant(request, must_name=True)
    form = request.POST
    _, secret = erasure_requests.request(
        request.access, form.get("confirm", ""), form.get("legal_hold", "")[:500]
    )
    address = request.build_absolute_uri(reverse("erasure-certificate", args=[secret]))
    return _shown(request, certificate=address)


@require_POST
@page(Role.OWNER)
def keep(request: PageRequest) -> HttpResponse:
    """Cancel the erasure of the tenant."""
    require_same_tenant(request, must_name=True)
    erasure_requests.cancel(request.access)
    messages.success(request, "The erasure is cancelled. Nothing was erased.")
    return redirect("your-data")
