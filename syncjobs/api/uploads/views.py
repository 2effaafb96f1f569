"""Endpoints of uploaded files: receive, preview, decide, import, and their rejected rows."""

from dataclasses import asdict
from typing import IO, Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from graph.api.shapes.common_serializers import Problem
from graph.questions import relationships
from graph.questions.rows import of_file
from graph.reading import row_ids
from syncjobs.api.bodies import raw
from syncjobs.api.serializers import NoBody
from syncjobs.api.uploads import serializers as shapes
from syncjobs.api.views import NOT_FOUND, READ_ERRORS, SENT, Api
from syncjobs.models import Upload
from syncjobs.uploads import lifecycle, rejected_rows, take_back_upload

UPLOAD_ID = OpenApiParameter("upload_id", OpenApiTypes.UUID, "path")
TAGS = ["uploads"]
TAKEN = {
    409: OpenApiResponse(Problem, description="It is taken back already, or has other rows now")
}
FULL = {429: OpenApiResponse(Problem, description="Too many open files, or too many requests")}


def _id(text: str) -> UUID:
    return row_ids.required(text, "There is no such file.")


def _answer(upload: Upload, code: int = status.HTTP_200_OK) -> Response:
    missing = lifecycle.missing(upload)
    return Response({**shapes.UploadDetailAnswer(upload).data, "missing": missing}, code)


class UploadsView(Api):
    @extend_schema(
        operation_id="uploads_list",
        summary="List files",
        tags=TAGS,
        responses={200: shapes.UploadsAnswer, **READ_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """The newest 50 files that were sent for import, without their contents."""
        self.parameters(request)
        return Response(
            shapes.UploadsAnswer({"results": lifecycle.listed(self.tenant(request))}).data
        )

    @extend_schema(
        operation_id="uploads_begin",
        summary="Begin to send a file",
        tags=TAGS,
        request=shapes.UploadBody,
        responses={201: shapes.UploadDetailAnswer, **SENT, **FULL},
    )
    def post(self, request: Request) -> Response:
        """Announce a file of books by its name and size. Its pieces are sent afterwards. Nothing is
        imported yet."""
        body = self.body(request, shapes.UploadBody)
        by = str(getattr(request.user, "email", request.user))
        upload = lifecycle.begin(self.tenant(request), body["name"], body["size"], by)
        answer = _answer(upload, status.HTTP_201_CREATED)
        answer["Location"] = reverse("upload", [upload.pk])
        return answer


@extend_schema(parameters=[UPLOAD_ID])
class UploadView(Api):
    @extend_schema(
        operation_id="uploads_read",
        summary="Read how a file would be imported, or what became of it",
        tags=TAGS,
        responses={200: shapes.UploadDetailAnswer, **READ_ERRORS, **NOT_FOUND},
    )
    def get(self, request: Request, upload_id: str) -> Response:
        """One file: its state, its first rows as they would be imported, and its doubts."""
        self.parameters(request)
        return _answer(lifecycle.get(self.tenant(request), _id(upload_id)))

    @extend_schema(
        operation_id="uploads_discard",
        summary="Forget a file",
        tags=TAGS,
        responses={204: OpenApiResponse(description="Forgotten"), **SENT, **NOT_FOUND},
    )
    def delete(self, request: Request, upload_id: str) -> Response:
        """Delete the file. The rows that were imported from it stay, and their import cannot be
        taken back any more."""
        self.body(request, NoBody)
        lifecycle.discard(self.tenant(request), _id(upload_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Bytes(BaseParser):
    """A parser that returns the body's bytes."""

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
        tags=TAGS,
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: shapes.MissingAnswer, **SENT, **NOT_FOUND},
    )
    def put(self, request: Request, upload_id: str, number: int) -> Response:
        """Store one piece of the file. Pieces are numbered from 0 and may be sent in any order.
        Each has `piece_bytes` bytes, and the last one has the rest.

        Sending a piece again changes nothing. After the last missing piece a worker reads the file.
        """
        self.parameters(request)
        data: Any = request.data
        tenant, upload = self.tenant(request), _id(upload_id)
        lifecycle.piece(tenant, upload, number, data)
        return Response(shapes.MissingAnswer({"missing": lifecycle.received(tenant, upload)}).data)


@extend_schema(parameters=[UPLOAD_ID])
class ChoicesView(Api):
    @extend_schema(
        operation_id="uploads_choose",
        summary="Decide how a file is read",
        tags=TAGS,
        request=shapes.ChoicesBody,
        responses={202: shapes.UploadDetailAnswer, **SENT, **NOT_FOUND},
    )
    def post(self, request: Request, upload_id: str) -> Response:
        """Decide what the file leaves open, such as whose account it is. A worker then reads the
        file again."""
        body = self.body(request, shapes.ChoicesBody)
        tenant, upload = self.tenant(request), _id(upload_id)
        lifecycle.choose(tenant, upload, body)
        return _answer(lifecycle.get(tenant, upload), status.HTTP_202_ACCEPTED)


@extend_schema(parameters=[UPLOAD_ID])
class ConfirmView(Api):
    @extend_schema(
        operation_id="uploads_confirm",
        summary="Import a file",
        tags=TAGS,
        request=shapes.ConfirmBody,
        responses={202: shapes.UploadDetailAnswer, **SENT, **NOT_FOUND},
    )
    def post(self, request: Request, upload_id: str) -> Response:
        """Import the file as its preview shows. This is refused while a blocking doubt is open."""
        body = self.body(request, shapes.ConfirmBody)
        tenant, upload = self.tenant(request), _id(upload_id)
        lifecycle.confirm(tenant, upload, save_mapping=body["save_mapping"])
        return _answer(lifecycle.get(tenant, upload), status.HTTP_202_ACCEPTED)


@extend_schema(parameters=[UPLOAD_ID])
class TakeBackView(Api):
    @extend_schema(
        operation_id="uploads_take_back_preview",
        summary="What taking an import back would remove",
        tags=TAGS,
        responses={200: shapes.TakeBackAnswer, **READ_ERRORS, **NOT_FOUND, **TAKEN},
    )
    def get(self, request: Request, upload_id: str) -> Response:
        """The rows that would go, their sums, and what depends on them. Nothing is changed."""
        self.parameters(request)
        answer = take_back_upload.shown(self.tenant(request), _id(upload_id))
        return Response(shapes.TakeBackAnswer(answer).data)

    @extend_schema(
        operation_id="uploads_take_back",
        summary="Take an import back",
        tags=TAGS,
        request=shapes.TakeBackBody,
        responses={202: shapes.UploadDetailAnswer, **SENT, **NOT_FOUND, **TAKEN},
    )
    def post(self, request: Request, upload_id: str) -> Response:
        """Let a worker remove the rows that only this import brought. Those that other imports
        hold, too, stay. The same file can be imported again afterwards."""
        body = self.body(request, shapes.TakeBackBody)
        by = str(getattr(request.user, "email", request.user))
        tenant, upload = self.tenant(request), _id(upload_id)
        take_back_upload.request(tenant, upload, rows=body["rows"], by=by)
        return _answer(lifecycle.get(tenant, upload), status.HTTP_202_ACCEPTED)


@extend_schema(parameters=[UPLOAD_ID])
class RowsView(Api):
    query = shapes.RowsQuery

    @extend_schema(
        operation_id="uploads_rows",
        summary="List the rows of an imported file",
        tags=TAGS,
        parameters=[shapes.RowsQuery],
        responses={200: shapes.RowsAnswer, **READ_ERRORS, **NOT_FOUND},
    )
    def get(self, request: Request, upload_id: str) -> Response:
        """The rows of an imported file as the books have them, newest first. The other sources'
        rows of one payment are those of its `payment_group_id`."""
        parameters, tenant = self.parameters(request), self.tenant(request)
        outcome = lifecycle.get(tenant, _id(upload_id)).outcome or {}
        parts, start = outcome.get("parts", []), parameters["offset"]
        count, end = of_file.count(tenant, parts), start + parameters["limit"]
        rows = relationships.with_ids(tenant, of_file.ids(tenant, parts, start, end))
        following = end if end < count else None
        answer = {"count": count, "results": rows, "next": following}
        return Response(shapes.RowsAnswer(answer).data)


@extend_schema(parameters=[UPLOAD_ID])
class RejectedView(Api):
    @extend_schema(
        operation_id="uploads_rejected_rows",
        summary="List rejected rows",
        tags=TAGS,
        responses={200: shapes.RejectedAnswer, **READ_ERRORS, **NOT_FOUND},
    )
    def get(self, request: Request, upload_id: str) -> Response:
        """The rows of an imported file that could not be read, with line, column and reason."""
        self.parameters(request)
        table = rejected_rows.listed(self.tenant(request), _id(upload_id))
        rows = [{**asdict(row), "cells": table.cells(row)} for row in table.rows]
        return Response(shapes.RejectedAnswer({"header": table.header, "results": rows}).data)

    @extend_schema(
        operation_id="uploads_mend_rows",
        summary="Mend rejected rows and import them",
        tags=TAGS,
        request=shapes.RejectedBody,
        responses={200: shapes.MendedAnswer, **SENT, **NOT_FOUND},
    )
    def post(self, request: Request, upload_id: str) -> Response:
        """Import corrected rows by their line numbers, and delete dropped rows. Either all changes
        are made or none."""
        body = self.body(request, shapes.RejectedBody)
        contents = {row["line"]: row.get("text", row.get("cells")) for row in body["rows"]}
        mended = rejected_rows.mend(self.tenant(request), _id(upload_id), contents, body["drop"])
        return Response(shapes.MendedAnswer(mended).data)
