"""The page of the whole graph: a picture drawn in the browser, and a table of its greatest
edges."""

import gzip
from pathlib import Path
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from finley.web import answer_cache
from finley.web.access import PageRequest, page
from finley.web.explore import graph_filters
from finley.web.explore.graph_filters import GraphFilters
from graph.errors import QuestionError
from graph.questions import grouped_sums, picture

VENDOR = Path(__file__).parents[1] / "static" / "web" / "vendor"
LIBRARIES = ("graphology.min.js", "sigma.min.js")
SHOWN = 100  # edges in the table


@page()
def whole_graph(request: PageRequest) -> HttpResponse:
    """The page of the whole graph. The parameters of `graph_filters` select the edges; the page's
    script reads the other parameters of the URL.

    For a filter that cannot be read, the page (status 400) shows the form with the entries, and
    what is wrong beside the field.
    """
    try:
        filters = graph_filters.read(request)
    except QuestionError as error:
        context = graph_filters.form(request, error)
        return render(request, "web/whole_graph.html", context, status=400)
    user_id = request.access.tenant_id
    context = {
        "rows": [_linked(row, filters) for row in _sums(user_id, filters)],
        "shown": SHOWN,
        **graph_filters.form(request),
        "drawable": all((VENDOR / name).is_file() for name in LIBRARIES),
    }
    return render(request, "web/whole_graph.html", context)


@require_safe
@page()
def data(request: PageRequest) -> HttpResponse:
    """The binary data of the picture for the page's script: the result of
    `graph.questions.picture`, compressed by gzip if the browser accepts that."""
    filters = graph_filters.read(request)
    content = _compressed(request.access.tenant_id, filters)
    accepts = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(
        content if accepts else gzip.decompress(content), content_type="application/octet-stream"
    )
    if accepts:
        response["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _linked(row: dict[str, Any], filters: GraphFilters) -> dict[str, Any]:
    """A copy of the sum with `address`, the URL of the list of its rows."""
    kind = row["kind"] or ""
    address = filters.address(row["source"], row["target"], row["currency"], records=kind)
    return {**row, "address": address}


def _sums(user_id: UUID, filters: GraphFilters) -> list[dict[str, Any]]:
    if filters == graph_filters.NONE:
        return answer_cache.answer(_all_sums, user_id)
    return grouped_sums.groups(user_id, filters.of_rows(), "pair", most=SHOWN)


def _all_sums(user_id: UUID) -> list[dict[str, Any]]:
    return grouped_sums.groups(user_id, graph_filters.NONE.of_rows(), "pair", most=SHOWN)


def _compressed(user_id: UUID, filters: GraphFilters) -> bytes:
    """The result of `graph.questions.picture`, compressed. Without filters it is cached in the
    process until the graph changes."""
    if filters == graph_filters.NONE:
        return answer_cache.answer(_all_compressed, user_id)
    only = filters.of_edges()
    return gzip.compress(picture.picture(user_id, kind=filters.kind, only=only), 4)


def _all_compressed(user_id: UUID) -> bytes:
    return gzip.compress(picture.picture(user_id), 4)
