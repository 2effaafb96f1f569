"""Tells a page when the layers of the newest rows are computed."""

from django.http import HttpResponse
from django.shortcuts import render

from finley.web.access import PageRequest, page
from graph.questions import pending_layers


@page()
def looked_at(request: PageRequest) -> HttpResponse:
    """An empty response (204) while layers are pending, then a link that loads the page again.

    The page is not loaded by itself, because that would lose what a person has typed in its filters
    or in the search.
    """
    if pending_layers.are_pending(request.access.tenant_id):
        return HttpResponse(status=204)
    return render(request, "web/looked_at.html", {"done": True})
