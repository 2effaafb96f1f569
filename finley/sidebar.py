"""The admin's sidebar. It lists every table in a section, by the task that people use it for."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

# Section → (title, the table's model) of its links, in their order.
SECTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "Operate": (
        ("Job failures", "syncjobs.jobfailure"),
        ("Bulk replays", "syncjobs.replaybatch"),
        ("Runs", "syncjobs.syncrun"),
        ("Attempts", "syncjobs.jobattempt"),
        ("Connections", "syncjobs.syncconnection"),
        ("Items at providers", "syncjobs.externalitem"),
        ("Uploaded files", "syncjobs.upload"),
        ("Saved mappings", "graph.savedmapping"),
        ("Exports of tenants", "syncjobs.tenantexport"),
        ("Periodic tasks", "syncjobs.duty"),
        ("Alerts and webhooks", "syncjobs.deliveryendpoint"),
        ("Messages", "syncjobs.delivery"),
        ("Tasks of the project", "syncjobs.projecttask"),
        ("Questions for workers", "graph.askedquestion"),
        ("Enrichments", "graph.enrichment"),
        ("View refreshes", "graph.viewrefresh"),
    ),
    "Review": (
        ("Possible double payments", "graph.paymentcase"),
        ("Their payments", "graph.paymentcaserow"),
        ("Their history", "graph.paymentcaseentry"),
        ("Possible duplicates", "graph.duplicatetransaction"),
        ("Overdue and expected", "graph.predictedrelationship"),
        ("Entities that may be one", "graph.entityresolution"),
        ("Changes in the books", "graph.eventdeltalog"),
    ),
    "Books": (
        ("Events", "graph.rawevent"),
        ("Entities", "graph.normalizedentity"),
        ("Matches", "graph.entitymatch"),
        ("Relationships", "graph.relationshipinstance"),
        ("Relationships in the view", "graph.enrichedrelationship"),
        ("Causes", "graph.causalrelationship"),
        ("Recurrences", "graph.temporalpattern"),
        ("Seasons", "graph.seasonalpattern"),
        ("Patterns", "graph.relationshippattern"),
        ("Across platforms", "graph.crossplatformrelationship"),
        ("Root causes", "graph.rootcauseanalysis"),
    ),
    "Access": (
        ("Users", "finley.user"),
        ("Groups", "auth.group"),
        ("API tokens", "finley.apitoken"),
        ("Tenants' preferences", "graph.tenantpreference"),
    ),
}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """unfold's SIDEBAR.navigation: below the console's links, the links that this person may
    follow.

    A table that no section names is in the last section, "Other".
    """
    tables = {model._meta.label_lower: table for model, table in admin.site._registry.items()}
    labels = {label for links in SECTIONS.values() for _, label in links}
    other = [
        (str(table.opts.verbose_name_plural).capitalize(), label)
        for label, table in tables.items()
        if label not in labels
    ]
    console = {"title": "Console", "icon": "monitoring", "link": reverse("admin:index")}
    sections: list[dict[str, Any]] = [{"items": [console]}]
    for section, links in [*SECTIONS.items(), ("Other", other)]:
        items = [
            {"title": title, "link": reverse(f"admin:{label.replace('.', '_')}_changelist")}
            for title, label in links
            if label in tables and tables[label].has_view_permission(request)
        ]
        sections.append({"title": section, "items": items})
    return [section for section in sections if section["items"]]
