"""Endpoints for a tenant's owner: export everything, and erase everything.

All need a session; API tokens are refused, so that a stolen token cannot do either.
"""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import PermissionDenied, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from finley.api import data_serializers as shapes
from finley.api.members import DONE, PersonsView, signed_in
from finley.auth import client_address, failed_tokens
from finley.auth.members import Access
from finley.models import Erasure
from finley.tenant_data import erasure_requests, export_requests
from graph.api.shapes.common_serializers import Problem
from graph.errors import NotFound
from syncjobs.api.views import NOT_FOUND, READ_ERRORS, SENT
from syncjobs.models import TenantExport

EXPORT_ID = OpenApiParameter("export_id", OpenApiTypes.UUID, "path")
SECRET = OpenApiParameter("secret", OpenApiTypes.STR, "path")
TOO_MANY = {429: OpenApiResponse(Problem, description="Too many exports, or one is being made")}
ZIP = "application/zip"


class OwnersView(PersonsView):
    """A view for people who own the tenant that the session reads."""

    def owner(self, request: Request) -> Access:
        """Return the signed-in person and the tenant. Raises PermissionDenied if the person does
        not own the tenant."""
        access = signed_in(request).access
        if not access.owns:
            raise PermissionDenied(f"Only an owner may do this; you are {access.role}.")
        return access


class ExportsView(OwnersView):
    @extend_schema(
        operation_id="exports_list",
        summary="Your exports",
        responses={200: shapes.ExportsAnswer, **READ_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Exports of the last 24 hours, newest first."""
        rows = export_requests.listed(self.owner(request).tenant_id)
        return Response(shapes.ExportsAnswer({"results": rows}).data)

    @extend_schema(
        operation_id="exports_begin",
        summary="Export everything",
        request=None,
        responses={202: shapes.ExportAnswer, **READ_ERRORS, **TOO_MANY},
    )
    def post(self, request: Request) -> Response:
        """Let a worker make a ZIP of everything that finley has of your tenant.

        It has one file of JSON lines a table, and the files of rejected rows. `manage.py tenant
        import` reads it.

        One export at a time, five in 24 hours. This needs a session.
        """
        access = self.owner(request)
        row = export_requests.begin(access.tenant_id, access.person.email)
        location = reverse("tenant-export", args=[row.pk], request=request)
        return Response(shapes.ExportAnswer(row).data, 202, headers={"Location": location})


@extend_schema(parameters=[EXPORT_ID])
class ExportView(OwnersView):
    @extend_schema(
        operation_id="exports_read",
        summary="The state of an export",
        responses={200: shapes.ExportAnswer, **READ_ERRORS, **NOT_FOUND},
    )
    def get(self, request: Request, export_id: UUID) -> Response:
        """The state of an export, and how large its file is."""
        row = export_requests.get(self.owner(request).tenant_id, export_id)
        return Response(shapes.ExportAnswer(row).data)

    @extend_schema(
        operation_id="exports_delete",
        summary="Delete an export",
        request=None,
        responses={**DONE, **READ_ERRORS, **NOT_FOUND},
    )
    def delete(self, request: Request, export_id: UUID) -> Response:
        """Delete the export and its file now. It is deleted 24 hours after it was made anyway."""
        export_requests.remove(self.owner(request).tenant_id, export_id)
        return Response(status=204)


@extend_schema(parameters=[EXPORT_ID])
class ExportFileView(OwnersView):
    @extend_schema(
        operation_id="exports_download",
        summary="Download an export",
        responses={(200, ZIP): OpenApiTypes.BINARY, **READ_ERRORS, **NOT_FOUND},
    )
    def get(self, request: Request, export_id: UUID) -> StreamingHttpResponse:
        """The ZIP file, streamed. `sha256` of the export says whether it arrived whole."""
        access = self.owner(request)
        row = export_requests.ready(access.tenant_id, export_id, access.person.email)
        return file_of(row)


class ErasureView(OwnersView):
    @extend_schema(
        operation_id="erasure_read",
        summary="Whether your tenant will be erased",
        responses={200: shapes.ErasureAnswer, **READ_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """The erasure that is requested, and when it begins; `none` if there is none."""
        row = erasure_requests.pending(self.owner(request))
        return Response(shapes.ErasureAnswer(erasure(row)).data)

    @extend_schema(
        operation_id="erasure_request",
        summary="Erase everything",
        request=shapes.ErasureBody,
        responses={202: shapes.NewErasureAnswer, **SENT},
    )
    def post(self, request: Request) -> Response:
        """Have your tenant erased for good: rows, texts, caches, files, members, tokens and the
        user. Only the tenant's own user may request it, in a session, and `confirm` must repeat the
        tenant's name.

        A worker erases it after a wait (24 hours, unless the operator set another). Until then
        DELETE cancels it. The address of the certificate is in this answer only. With `legal_hold`,
        or if the operator has put the tenant under one, the books stay under the tenant's id.
        """
        access = self.owner(request)
        wanted = shapes.ErasureBody(data=request.data).checked()
        row, secret = erasure_requests.request(access, wanted["confirm"], wanted["legal_hold"])
        address = reverse("erasure-certificate", args=[secret], request=request)
        body = shapes.NewErasureAnswer({**erasure(row), "certificate": address}).data
        return Response(body, status=202, headers={"Cache-Control": "no-store"})

    @extend_schema(
        operation_id="erasure_cancel",
        summary="Cancel the erasure",
        request=None,
        responses={**DONE, **READ_ERRORS, **NOT_FOUND},
    )
    def delete(self, request: Request) -> Response:
        """Cancel the erasure before it begins."""
        erasure_requests.cancel(self.owner(request))
        return Response(status=204)


@extend_schema(parameters=[SECRET])
class CertificateView(APIView):
    """Needs no authentication, because the user does not exist after the erasure. The secret in the
    address is 256 random bits."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="erasures_certificate",
        summary="The certificate of an erasure",
        auth=[],
        responses={200: shapes.CertificateAnswer, **NOT_FOUND},
    )
    def get(self, request: Request, secret: str) -> Response:
        """What was erased, and what could not be reached. Kept for 90 days after the erasure."""
        address = client_address.of_meta(request.META)
        if wait := failed_tokens.wait(address):
            raise Throttled(wait, "Too many wrong addresses came from your address.")
        try:
            row, certificate = erasure_requests.by_secret(secret)
        except NotFound:
            failed_tokens.failed(address)
            raise
        body = {**erasure(row), "certificate": certificate}
        answer = shapes.CertificateAnswer(body).data
        return Response(answer, headers={"Cache-Control": "no-store"})


def erasure(row: Erasure | None) -> dict[str, Any]:
    """The erasure as JSON for answers and pages: state, requested_at, erase_at and legal_hold. The
    state is "none" if `row` is None."""
    if row is None:
        return {"state": "none", "requested_at": None, "erase_at": None, "legal_hold": ""}
    state = "ended" if row.ended_at else "begun" if row.begun_at else "waiting"
    return {
        "state": state,
        "requested_at": row.requested_at,
        "erase_at": row.erase_at if state == "waiting" else None,
        "legal_hold": row.legal_hold,
    }


def file_of(row: TenantExport) -> StreamingHttpResponse:
    """A response with the export's file, which is read from the database one piece at a time."""
    return StreamingHttpResponse(
        _pieces(row),
        headers={
            "Content-Type": ZIP,
            "Content-Length": str(row.size),
            "Content-Disposition": f'attachment; filename="finley-{row.created_at:%Y-%m-%d}.zip"',
            "Cache-Control": "private, no-store",
            "X-Accel-Buffering": "no",
        },
    )


async def _pieces(row: TenantExport) -> AsyncIterator[bytes]:
    read = sync_to_async(_piece, thread_sensitive=False)
    for number in range(row.pieces):
        yield await read(row, number)


def _piece(row: TenantExport, number: int) -> bytes:
    try:
        return export_requests.piece(row.user_id, row.pk, number)
    finally:
        connections["default"].close()  # back to the pool, because the client may read slowly
