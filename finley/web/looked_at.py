"""Tells an open page that the layers of the newest rows have been computed."""

from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import render

from finley.web.access import PageRequest, page
from graph.questions import pending_layers

READ_ONLY = ("/parties/", "/payments/")  # pages in which nobody types what a reload would lose


@page()
def looked_at(request: PageRequest) -> HttpResponse:
    """An empty response while layers are pending. Then the page is loaded again if it only shows
    rows; other pages get a link that does so."""
    if pending_layers.are_pending(request.access.tenant_id):
        return HttpResponse(status=204)
    response = render(request, "web/looked_at.html", {"done": True})
    if urlsplit(request.headers.get("HX-Current-URL", "")).path.startswith(READ_ONLY):
        response["HX-Refresh"] = "true"
    return response
