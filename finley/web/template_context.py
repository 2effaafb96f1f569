"""The variables of every page's template."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from graph.questions import pending_layers

NAVIGATION = (  # title, the page's name, and the names of pages that belong to it
    ("Overview", "overview", ("open-invoices", "cash-rows")),
    ("Review", "review", ("case", "review-parties", "review-missed")),
    ("Recurring", "recurring", ("calendar", "series", "due")),
    ("Spending", "spending", ("spending-rows",)),
    ("Payments", "payments", ("payment", "new-rows")),
    ("Parties", "parties", ("party", "party-rows")),
    ("Graph", "whole-graph", ("explorer",)),
    ("Import", "imports", ("import", "import-same", "import-rows")),
)


def layout(request: HttpRequest) -> dict[str, Any]:
    """The variables of the page's frame: the signed-in person's access, the links of the
    navigation, whether layers are pending, and whether finley can send mail."""
    match = request.resolver_match
    place = match.url_name if match else ""
    access = getattr(request, "access", None)
    return {
        "access": access,
        "layers_pending": access and partial(pending_layers.are_pending, access.tenant_id),
        "pages": [
            {"title": title, "address": reverse(name), "here": place in (name, *others)}
            for title, name, others in NAVIGATION
        ],
        "sends_mail": bool(settings.EMAIL_HOST_NAME),
    }
