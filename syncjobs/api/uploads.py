"""Ledger files over HTTP: sent in pieces, looked at, corrected, confirmed."""

from typing import IO, Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from graph.errors import NotFound
from syncjobs.api import upload_serializers as shapes
from syncjobs.api.bodies import raw
from syncjobs.api.serializers import NoBody
from syncjobs.api.views import ASKED, NOT_FOUND, SENT, Api
from syncjobs.models import Upload
from syncjobs.uploads import receive, rejected_rows

UPLOAD_ID = OpenApiParameter("upload_id", OpenApiTypes.UUID, "path")
BINARY = {"application/octet-stream": OpenApiTypes.BINARY}


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such file.", "id") from None


def _answer(upload: Upload) -> dict[str, Any]:
    return dict(shapes.UploadDetailAnswer(upload).data)


class UploadsView(Api):
    @extend_schema(
        operation_id="uploads_list",
        summary="Files that you sent",
        responses={200: shapes.UploadsAnswer, **ASKED},
    )
    def get(self, request: Request) -> Response:
        """Your files, the newest first, at most 50."""
        self.parameters(request)
        rows = receive.listed(self.tenant(request))
        return Response(shapes.UploadsAnswer({"results": rows}).data)

    @extend_schema(
        operation_id="uploads_begin",
        summary="Begin to send a file",
        request=shapes.UploadBody,
        responses={
            201: OpenApiResponse(shapes.UploadAnswer, description="Send its pieces now"), **SENT
        },
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Begin to send a ledger file. Send its pieces next, then `received/`."""
        wanted = self.body(request, shapes.UploadBody)
        by = str(getattr(request.user, "email", request.user))
        upload = receive.begin(self.tenant(request), wanted["name"], wanted["size"], by)
        where = {"Location": reverse("upload", [upload.pk])}
        return Response(shapes.UploadAnswer(upload).data, status.HTTP_201_CREATED, headers=where)


@extend_schema(parameters=[UPLOAD_ID])
class UploadView(Api):
    @extend_schema(
        operation_id="uploads_read",
        summary="A file: its state and its preview",
        responses={200: shapes.UploadDetailAnswer, **ASKED, **NOT_FOUND},
    )
    def get(self, request: Request, upload_id: str) -> Response:
        """Its state, the preview of its rows as they would be read, and what became of it."""
        self.parameters(request)
        return Response(_answer(receive.get(self.tenant(request), _id(upload_id))))

    @extend_schema(
        operation_id="uploads_discard",
        summary="Forget a file",
        responses={
            204: OpenApiResponse(description="Forgotten; what was imported of it stays"),
            **SENT,
            **NOT_FOUND,
        },
    )
    def delete(self, request: Request, upload_id: str) -> Response:
        """Forget the file; what was imported of it stays. Not while a worker has it."""
        self.body(request, NoBody)
        receive.discard(self.tenant(request), _id(upload_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Bytes(BaseParser):
    """The body as it is."""

    media_type = "application/octet-stream"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        return raw((parser_context or {})["request"])


@extend_schema(parameters=[UPLOAD_ID, OpenApiParameter("number", OpenApiTypes.INT, "path")])
class PieceView(Api):
    parser_classes: Any = (Bytes,)

    @extend_schema(
        operation_id="uploads_piece",
        summary="Send a piece of a file",
        request=BINARY,
        responses={204: OpenApiResponse(description="Received"), **SENT, **NOT_FOUND},
    )
    def put(self, request: Request, upload_id: str, number: int) -> Response:
        """Piece `number` from 0: `piece_bytes` bytes, the last one the rest. Repeatable."""
        self.parameters(request)
        data: Any = request.data
        receive.piece(self.tenant(request), _id(upload_id), number, data)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(parameters=[UPLOAD_ID])
class ReceivedView(Api):
    @extend_schema(
        operation_id="uploads_received",
        summary="Say that all pieces are sent",
        request=None,
        responses={200: shapes.MissingAnswer, **SENT, **NOT_FOUND},
    )
    def post(self, request: Request, upload_id: str) -> Response:
        """Which pieces are missing; where none is, a worker reads the file for the preview."""
        self.body(request, NoBody)
        missing = receive.received(self.tenant(request), _id(upload_id))
        return Response(shapes.MissingAnswer({"missing": missing}).data)


@extend_schema(parameters=[UPLOAD_ID])
class MappingView(Api):
    @extend_schema(
        operation_id="uploads_correct",
        summary="Correct how a file is read",
        request=shapes.MappingBody,
        responses={200: shapes.UploadDetailAnswer, **SENT, **NOT_FOUND},
    )
    def post(self, request: Request, upload_id: str) -> Response:
        """Read the file again with these corrections in place of the former ones."""
        wanted = self.body(request, shapes.MappingBody)
        receive.choose(self.tenant(request), _id(upload_id), wanted)
        return Response(_answer(receive.get(self.tenant(request), _id(upload_id))))


@extend_schema(parameters=[UPLOAD_ID])
class ConfirmView(Api):
    @extend_schema(
        operation_id="uploads_confirm",
        summary="Import a file",
        request=shapes.ConfirmBody,
        responses={200: shapes.UploadDetailAnswer, **SENT, **NOT_FOUND},
    )
    def post(self, request: Request, upload_id: str) -> Response:
        """Import the file as its preview shows it; a worker does that."""
        body = self.body(request, shapes.ConfirmBody)
        save = body["save_mapping"]
        receive.confirm(self.tenant(request), _id(upload_id), save_mapping=save)
        return Response(_answer(receive.get(self.tenant(request), _id(upload_id))))


@extend_schema(parameters=[UPLOAD_ID])
class RejectedRowsView(Api):
    @extend_schema(
        operation_id="uploads_rejected_rows",
        summary="Rows of a file that could not be read",
        responses={200: shapes.RejectedRowsAnswer, **ASKED, **NOT_FOUND},
    )
    def get(self, request: Request, upload_id: str) -> Response:
        """The rejected rows of an imported file, with line, column and reason."""
        self.parameters(request)
        rows = rejected_rows.listed(self.tenant(request), _id(upload_id))
        return Response(shapes.RejectedRowsAnswer({"results": rows}).data)

    @extend_schema(
        operation_id="uploads_mend_rows",
        summary="Mend rejected rows and import them",
        request=shapes.RejectedRowsBody,
        responses={200: shapes.MendedRowsAnswer, **SENT, **NOT_FOUND},
    )
    def post(self, request: Request, upload_id: str) -> Response:
        """Import mended rows under their lines, and forget dropped ones: all of it or nothing."""
        body = self.body(request, shapes.RejectedRowsBody)
        texts = {row["line"]: row["text"] for row in body["rows"]}
        mended = rejected_rows.mend(self.tenant(request), _id(upload_id), texts, body["drop"])
        return Response(shapes.MendedRowsAnswer(mended).data)
