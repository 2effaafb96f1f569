"""Admin pages for pairs of entities that may be one party: compare, merge, keep apart, undo."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db import connections, router
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from graph import sql
from graph.admin.open_rows_filter import open_first
from graph.admin.paginator import ReadOnly
from graph.admin.readonly_fields import TENANT, as_json, as_link
from graph.enrich.resolution import step
from graph.models import EntityResolution, NormalizedEntity
from graph.models.choices import ResolutionDecision

FACTS = ("payments", "sums", "first", "last", "names", "keys", "descriptions")


@admin.register(EntityResolution)
class EntityResolutionAdmin(ReadOnly):
    """Admin page of pairs of entities that may be one party, as entity resolution wrote them.

    A person with the right to change pairs can merge a pair, keep it apart, or undo the decision.
    """

    list_display = ("pair", "confidence", "reason", "decided", "decided_by", "user_id")
    list_filter = (open_first("decided", ResolutionDecision, ResolutionDecision.OPEN),)
    list_select_related = ("kept", "merged")
    raw_id_fields = ("kept", "merged")
    list_fullwidth = True
    ordering = ("user_id", "decided", "id")
    actions = ("merge", "keep_apart", "undo")
    references = {"kept_id": TENANT, "merged_id": TENANT}
    search_help_text = "The id of a pair, an entity or a tenant, or a tenant's e-mail address."
    fields = readonly_fields = (
        "pair",
        "side_by_side",
        "confidence",
        "reason",
        "decided",
        "decided_by",
        "decided_at",
        as_link("kept_id", NormalizedEntity),
        as_link("merged_id", NormalizedEntity),
        as_json("evidence"),
        "user_id",
    )

    def has_judge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("graph.change_entityresolution")

    @admin.display(description="pair")
    def pair(self, row: EntityResolution) -> str:
        return f"{row.kept} · {row.merged}"

    @admin.display(description="side by side")
    def side_by_side(self, row: EntityResolution) -> str:
        """Return an HTML table that compares the pair's two entities, one column each: name and
        kind as before any merge, then the facts of `_facts`."""
        facts = _facts(row.user_id, (row.kept_id, row.merged_id))
        both = [
            {"name": entity.name, "kind": entity.kind, **facts[entity.id]}
            for entity in (row.kept, row.merged)
        ]
        lines = [
            (name, both[0].get(name, "-"), both[1].get(name, "-"))
            for name in ("name", "kind", *FACTS)
        ]
        return format_html(
            "<table><tbody>{}</tbody></table>",
            format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", lines),
        )

    @admin.action(permissions=["judge"], description="Merge: they are one party")
    def merge(self, request: HttpRequest, queryset: QuerySet[EntityResolution]) -> None:
        self._judge(request, queryset, "merge", "merged")

    @admin.action(permissions=["judge"], description="Keep apart: they are two")
    def keep_apart(self, request: HttpRequest, queryset: QuerySet[EntityResolution]) -> None:
        self._judge(request, queryset, "apart", "kept apart")

    @admin.action(permissions=["judge"], description="Undo")
    def undo(self, request: HttpRequest, queryset: QuerySet[EntityResolution]) -> None:
        by = request.user.get_username()
        self._apply(request, queryset, "undone", lambda user, ids: step.undo(user, ids, by))

    def _judge(
        self,
        request: HttpRequest,
        queryset: QuerySet[EntityResolution],
        decided: step.Decided,
        outcome: str,
    ) -> None:
        by = request.user.get_username()
        self._apply(
            request, queryset, outcome, lambda user, ids: step.judge(user, ids, decided, by)
        )

    def _apply(
        self,
        request: HttpRequest,
        queryset: QuerySet[EntityResolution],
        outcome: str,
        action: Callable[[UUID, Sequence[UUID]], int],
    ) -> None:
        by_tenant: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for user_id, pair in queryset.order_by().values_list("user_id", "id"):
            by_tenant[user_id].append(pair)
        count = sum(action(user_id, pairs) for user_id, pairs in by_tenant.items())
        level = messages.SUCCESS if count else messages.WARNING
        pairs = "1 pair" if count == 1 else f"{count:,} pairs"
        messages.add_message(request, level, f"{pairs} {outcome}.")


def _facts(user_id: UUID, entities: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return, for each entity's id, a dict of what the tenant's books have about it.

    Its keys are the names in FACTS, such as payments, sums by currency, first and last day, names,
    keys and descriptions. The dict is empty for an entity without rows.
    """
    with connections[router.db_for_read(EntityResolution)].cursor() as cursor:
        cursor.execute(
            sql.read("resolution/facts"), {"user_id": user_id, "entities": list(entities)}
        )
        facts = {row[0]: dict(zip(FACTS, row[1:], strict=True)) for row in cursor.fetchall()}
    return {entity: facts.get(entity, {}) for entity in entities}
