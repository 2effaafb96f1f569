"""The whole graph as a picture, drawn in the browser, and its greatest edges as a table."""

import gzip
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from finley.web import list_filters
from finley.web.access import PageRequest, page
from graph.engine.edge_filters import Only
from graph.errors import QuestionError
from graph.questions import counted_rows, grouped_sums, picture

VENDOR = Path(__file__).parent / "static" / "web" / "vendor"
LIBRARIES = ("graphology.min.js", "sigma.min.js")
SHOWN = 100  # edges of the table
Row = dict[str, Any]


@page()
def whole_graph(request: PageRequest) -> HttpResponse:
    """`since` and `until` (days), `kind` and `type` narrow the edges; the script reads the rest."""
    wanted = _wanted(request)
    rows = grouped_sums.groups(request.access.tenant_id, _of_table(wanted), "pair", most=SHOWN)
    context = {
        "rows": rows,
        "shown": SHOWN,
        "kinds": counted_rows.KINDS,
        "kind": wanted["kind"],
        "drawable": all((VENDOR / name).is_file() for name in LIBRARIES),
    }
    return render(request, "web/whole_graph.html", context)


@require_safe
@page()
def data(request: PageRequest) -> HttpResponse:
    """What `graph.questions.picture` says, for the script."""
    wanted = _wanted(request)
    only = Only(types=wanted["types"], since=wanted["since"], until=wanted["until"])
    content = picture.picture(request.access.tenant_id, kind=wanted["kind"], only=only)
    accepts = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(
        gzip.compress(content, 4) if accepts else content, content_type="application/octet-stream"
    )
    if accepts:
        response["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _wanted(request: PageRequest) -> Row:
    kind = list_filters.text_of(request.GET, "kind") or counted_rows.DEFAULT
    if kind not in counted_rows.KINDS:
        raise QuestionError(f"There is no kind {kind}.", "kind")
    text = list_filters.text_of(request.GET, "type")
    return {
        "kind": kind,
        "types": (text,) if text else (),
        "since": _day(request, "since"),
        "until": _day(request, "until"),
    }


def _day(request: PageRequest, name: str) -> date | None:
    text = list_filters.text_of(request.GET, name)
    return list_filters.day(name, text) if text else None


def _of_table(wanted: Row) -> Row:
    """As `graph.questions.grouped_sums` takes it."""
    ends = {"since": time.min, "until": time.max}
    days = {name: datetime.combine(wanted[name], at, UTC)
            for name, at in ends.items() if wanted[name]}  # fmt: skip
    types = {"type": wanted["types"][0]} if wanted["types"] else {}
    return {"kind": wanted["kind"], **types, **days}
