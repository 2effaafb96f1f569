"""The page of the whole graph: a picture drawn in the browser, and a table of its greatest
edges."""

import gzip
from pathlib import Path

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from finley.web import graph_filters
from finley.web.access import PageRequest, page
from graph.questions import grouped_sums, picture

VENDOR = Path(__file__).parent / "static" / "web" / "vendor"
LIBRARIES = ("graphology.min.js", "sigma.min.js")
SHOWN = 100  # edges in the table


@page()
def whole_graph(request: PageRequest) -> HttpResponse:
    """The page. The filters of `graph_filters` select the edges; the script reads the rest of the
    URL."""
    filters = graph_filters.read(request)
    user_id = request.access.tenant_id
    context = {
        "rows": grouped_sums.groups(user_id, filters.of_rows(), "pair", most=SHOWN),
        "shown": SHOWN,
        "filters": filters,
        "narrowed": bool(request.GET),
        **graph_filters.choices(user_id),
        "drawable": all((VENDOR / name).is_file() for name in LIBRARIES),
    }
    return render(request, "web/whole_graph.html", context)


@require_safe
@page()
def data(request: PageRequest) -> HttpResponse:
    """The result of `graph.questions.picture` for the script."""
    filters = graph_filters.read(request)
    content = picture.picture(request.access.tenant_id, kind=filters.kind, only=filters.of_edges())
    accepts = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(
        gzip.compress(content, 4) if accepts else content, content_type="application/octet-stream"
    )
    if accepts:
        response["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response
