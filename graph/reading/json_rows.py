"""Relationships as JSON that the database writes: one round trip, and no objects in between.

Each function returns None if the database cannot answer in this way: the request has not read the
graph's state, changes are pending, the data has changed since, or a page needs more rows than one
query reads. The caller then asks `graph.reading.current_rows`, which returns the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, LiteralString, cast
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import Q

from graph import sql
from graph.database.tenancy import Query, tenant_row
from graph.models import TenantRelationship
from graph.reading import cursors, newest_pages, row_ids
from graph.reading.current_rows import readable_view
from graph.reading.cursors import Position
from graph.view import version
from graph.view.version import Seen

FEW = 1_000  # rows that are sorted at once; more are read in windows


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its `rows` as a JSON array, their number, and the position of the `following` page or
    None."""

    rows: str
    size: int
    following: Position | None


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A query for at most `most` of the relationships that meet the condition, newest first.

    `write` is the SQL expression that writes the rows of `{ids}` as JSON.
    """

    user_id: UUID
    condition: Q
    write: Query  # an expression that writes the rows of {ids}
    most: int
    after: Position | None

    def since(self, when: datetime) -> "PageQuery":
        return replace(self, condition=self.condition & Q(occurred_at__gte=when))


def relationships(user_id: UUID, day: date | None = None) -> Query:
    """Return an SQL expression that writes the relationships `{ids}` as JSON.

    A prediction's status is as of the day, or the stored one without a day.
    """
    return Query("relationships_json(%s, {ids}, %s)", (user_id, day))


def insights(user_id: UUID, layer: str, day: date) -> Query:
    """Return an SQL expression that writes the layer's rows of the relationships `{ids}` as
    JSON."""
    return Query("insights_json(%s, {ids}, %s, %s)", (user_id, day, layer))


def one(user_id: UUID, relationship_id: UUID | str, *, today: date) -> str | None:
    """Return the relationship as a JSON object. A prediction's status is as of `today`.

    Returns None if the database cannot answer in this way, and also if there is no such
    relationship.
    """
    seen, key = version.seen(user_id), row_ids.parsed(relationship_id)
    if seen is None or key is None:
        return None
    written: LiteralString = ", relationships_json(%s, ARRAY[%s], %s) AS rows"
    query = version.unchanged(user_id, seen, written, (user_id, key, today))
    with readable_view():
        row = tenant_row(user_id, query)
    is_unchanged = version.holds(user_id, row["unchanged"])
    return row["rows"][1:-1] or None if is_unchanged else None


def entity(
    user_id: UUID, entity_id: UUID | str, edges: str, kinds: Sequence[str] | None, limit: int
) -> str | None:
    """Return the entity and the `limit` counterparties with the most payments as a JSON object, or
    None."""
    seen, key = version.seen(user_id), row_ids.parsed(entity_id)
    if seen is None or key is None:
        return None
    written: LiteralString = ", entity_json(%s, %s, %s, %s, %s) AS entity"
    parameters = (user_id, key, edges, kinds, limit)
    with readable_view():
        row = tenant_row(user_id, version.unchanged(user_id, seen, written, parameters))
    text: str | None = row["entity"]
    return text if version.holds(user_id, row["unchanged"]) else None


def newest(page_query: PageQuery) -> Page | None:
    """Return the page, read in prefixes of growing length as `newest_pages` does, or None."""
    seen, looked_at = version.seen(page_query.user_id), newest_pages.FIRST
    while seen is not None:
        since = _dated(page_query.user_id, page_query.after, looked_at)
        page = _page(seen, page_query if since is None else page_query.since(since))
        if page is None or since is None or page.following is not None:
            return page
        looked_at *= newest_pages.wider(page_query.most, page.size)
    return None


def newest_of_few(page_query: PageQuery) -> Page | None:
    """Return the page if at most FEW rows meet the condition, by sorting all of them; None
    otherwise."""
    seen = version.seen(page_query.user_id)
    return None if seen is None else _page(seen, page_query, few=True)


def _page(seen: Seen, page_query: PageQuery, *, few: bool = False) -> Page | None:
    try:
        where, parameters = _where(page_query)
    except EmptyResultSet:  # no row can match, as with an empty list of ids
        return Page("[]", 0, None)
    most = page_query.most
    bound = FEW if few else most + 1
    written = page_query.write.text.format(ids="page.ids[:%s]")
    text = sql.read("reading/json_page").format(
        written=written,
        where=where,
        limit="" if few else "ORDER BY occurred_at DESC, id DESC",
    )
    tenant, *rest = page_query.write.parameters
    query = Query(
        text,
        (
            *version.checked(page_query.user_id, seen),
            bound,
            tenant,
            most,
            *rest,
            most,
            most,
            *parameters,
            bound + few,
        ),
    )
    with readable_view():
        row = tenant_row(page_query.user_id, query)
    if not version.holds(page_query.user_id, row["unchanged"]) or row["rows"] is None:
        return None
    following = (row["last_at"], row["last_id"]) if row["size"] > most else None
    return Page(row["rows"], min(row["size"], most), following)


def _where(page_query: PageQuery) -> tuple[LiteralString, Any]:
    condition = page_query.condition
    if page_query.after is not None:
        condition &= cursors.beyond("occurred_at", *page_query.after)
    query = TenantRelationship.objects.filter(condition).query
    text, parameters = query.get_compiler("default").compile(query.where)
    return cast(LiteralString, text), parameters


def _dated(user_id: UUID, after: Position | None, n: int) -> datetime | None:
    at = after or newest_pages.NEWEST
    query = Query("SELECT relationships_nth(%s, %s, %s, false) AS since", (*at, n))
    with readable_view():
        since: datetime | None = tenant_row(user_id, query)["since"]
    return since
