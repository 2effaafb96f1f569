"""Endpoint that exports a tenant's whole graph in the requested format."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from graph.api import conditional
from graph.api.changes import EdgeRow
from graph.api.question_view import PROBLEMS, Question
from graph.api.shapes import graph_serializers as shapes
from graph.api.shapes.common_serializers import Answer, StrictQuery
from graph.api.shapes.request_fields import Names
from graph.export import arrow_pages, kept_exports
from graph.export.formats import FORMATS
from graph.export.kept_exports import Wanted
from graph.export.pipe import Pipe
from graph.export.slots import Slots
from graph.reading.load_graph import ALL

_MEDIA_TYPES = [file_format.media_type for file_format in FORMATS.values()]
SLOTS = Slots("An export", after=5)


class ExportQuery(StrictQuery):
    format = serializers.ChoiceField(
        list(FORMATS), required=False, help_text="Overrides the Accept header. Default: json"
    )
    columns = Names(list(ALL), required=False, help_text="Columns of relationships. Default: all")
    edges = serializers.ChoiceField(
        ["all", "flow"], default="all", help_text="flow: money flows; all: links, too."
    )


class NodeLinkEdge(Answer):
    """A relationship in node-link form: `key` is its id, then come both ends and the requested
    columns."""

    key = serializers.UUIDField()
    source: Any = serializers.UUIDField()
    target = serializers.UUIDField()

    def get_fields(self) -> Any:
        fields, of_rows = super().get_fields(), EdgeRow().get_fields()
        for name in ALL:
            fields[name] = of_rows[name]
            fields[name].required = False
        return fields


class ToldAnswer(Answer):
    nodes = serializers.IntegerField()
    edges = serializers.IntegerField()
    unresolved = serializers.IntegerField(help_text="Relationships whose event has no entity")
    dangling = serializers.IntegerField(help_text="Relationships whose entity does not exist")
    as_of_version = serializers.CharField(help_text="The version read, for changes/?since=")


class NodeLinkAnswer(Answer):
    """A whole graph as JSON, which `networkx.node_link_graph` reads."""

    directed = serializers.BooleanField()
    multigraph = serializers.BooleanField()
    nodes = shapes.EntityAnswer(many=True)
    edges = NodeLinkEdge(many=True)
    graph = ToldAnswer()


class Exported(BaseRenderer):
    """A renderer that returns problems as JSON. The export itself is streamed and not rendered."""

    charset = None

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        return JSONRenderer().render(data, *args, **kwargs)


RENDERERS = tuple(
    type(
        f"{name.title()}Export",
        (Exported,),
        {"media_type": file_format.media_type, "format": name},
    )
    for name, file_format in FORMATS.items()
)


class ByFormat(DefaultContentNegotiation):
    """Selects the renderer of the format that the parameter `format` names, else by the Accept
    header.

    For an unknown format it selects the first renderer; the validation of parameters then rejects
    the format.
    """

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        name = request.query_params.get("format")
        if name is None:
            return super().select_renderer(request, renderers, format_suffix)
        by_format = {renderer.format: renderer for renderer in renderers}
        selected = by_format.get(name, renderers[0])
        return selected, selected.media_type


class Export(StreamingHttpResponse):
    """A running export. Closing the response stops it."""

    def __init__(self, pipe: Pipe, first: bytes, **options: Any) -> None:
        super().__init__(_sent(pipe, first), **options)
        self._pipe = pipe

    def close(self) -> None:
        self._pipe.close()
        super().close()


SHAPES = {"json": NodeLinkAnswer, "parquet": OpenApiTypes.BINARY, "arrow": OpenApiTypes.BINARY}
RESPONSES = {
    (200, file_format.media_type): SHAPES.get(name, OpenApiTypes.STR)
    for name, file_format in FORMATS.items()
}


class ExportView(Question):
    query = ExportQuery
    may_assume = False  # the version is in the answer before the rows are read
    renderer_classes = RENDERERS
    content_negotiation_class = ByFormat

    def variant(self) -> str:
        return f"-{self._format}"

    @property
    def _format(self) -> str:
        return str(self.request.accepted_renderer.format)

    @extend_schema(
        operation_id="graph_export",
        parameters=[ExportQuery, conditional.IF_NONE_MATCH],
        responses={
            **RESPONSES,
            **conditional.NOT_MODIFIED,
            **PROBLEMS,
            406: OpenApiResponse(description="Unknown format. Known: " + ", ".join(_MEDIA_TYPES)),
            429: OpenApiResponse(description="Too many requests, or you already run an export"),
        },
    )
    def get(self, request: Request) -> HttpResponse | StreamingHttpResponse:
        """The whole graph in a format for other programs, streamed.

        `json` (networkx's node-link), `graphml` and `gexf` have entities and relationships, the
        others the relationships with the ids of both ends. A response that breaks off is
        incomplete.
        """
        parameters = self.parameters(request)
        parameters.pop("format", None)
        file_format = FORMATS[self._format]
        headers = {
            "Content-Type": file_format.media_type,
            "Content-Disposition": f'attachment; filename="graph.{file_format.suffix}"',
            "ETag": conditional.etag(self.version, self.variant()),
            "Cache-Control": "private, no-cache",
            "X-Accel-Buffering": "no",
        }
        if request.method == "HEAD":
            return HttpResponse(headers=headers)
        edges = parameters["edges"]
        wanted = Wanted(
            self.tenant(request),
            self.version,
            self._format,
            tuple(parameters.get("columns", ALL)),
            None if edges == "all" else edges,
        )
        if (pieces := kept_exports.exports.get(wanted)) is not None:
            return StreamingHttpResponse(_again(pieces), headers=headers)
        return _start(wanted, headers)


def _start(wanted: Wanted, headers: dict[str, str]) -> Export:
    """Start the export, read its first bytes, and return the streaming response.

    Reading first lets an error become a problem response. Raises TooMany if the tenant runs another
    export, Busy if the process has no slot left, and the query's GraphErrors.
    """
    limits = settings.EXPORTS
    SLOTS.take(wanted.user_id, int(limits["at_once"]))
    pipe = Pipe(
        partial(_pieces, wanted), limits["timeout"], partial(SLOTS.give_back, wanted.user_id)
    )
    first = pipe.read()
    connections["default"].close()  # back to the pool, because the client may read slowly
    return Export(pipe, first, headers=headers)


@contextmanager
def _pieces(wanted: Wanted) -> Iterator[Iterator[bytes]]:
    with arrow_pages.graph(
        wanted.user_id, wanted.columns, edge_class=wanted.edge_class
    ) as contents:
        version = str(contents.facts["as_of_version"])
        yield kept_exports.keeping(wanted, version, FORMATS[wanted.format].write(contents))


async def _again(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _sent(pipe: Pipe, first: bytes) -> AsyncIterator[bytes]:
    read = sync_to_async(pipe.read, thread_sensitive=False)
    chunk = first
    while chunk:
        yield chunk
        chunk = await read()
