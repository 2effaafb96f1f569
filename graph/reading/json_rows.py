"""Relationships as JSON that the database writes: one round trip, and no objects in between.

Each function returns None where the longer way is needed: the request has not read the state, the
view does not show it all, the data has changed since, or the page needs a wider look. The caller
then asks `graph.reading.current_rows`, whose rows are the same.
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
from graph.reading import cursors, newest_pages
from graph.reading.current_rows import readable_view
from graph.reading.cursors import Position
from graph.view import version
from graph.view.version import Seen

FEW = 1_000  # rows that are sorted at once; more are read in windows


@dataclass(frozen=True, slots=True)
class Page:
    """The rows as a JSON array, and the position of the next page."""

    rows: str
    size: int
    following: Position | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of at most `most` of the tenant's relationships that meet the condition, newest
    first."""

    user_id: UUID
    condition: Q
    write: Query  # an expression that writes the rows of {ids}
    most: int
    after: Position | None

    def since(self, when: datetime) -> "Wanted":
        return replace(self, condition=self.condition & Q(occurred_at__gte=when))


def relationships(user_id: UUID, day: date | None = None) -> Query:
    """Writes relationships; a prediction's status is as of the day, or the stored one."""
    return Query("relationships_json(%s, {ids}, %s)", (user_id, day))


def insights(user_id: UUID, layer: str, day: date) -> Query:
    """Writes the layer's rows of relationships, with their evidence."""
    return Query("insights_json(%s, {ids}, %s, %s)", (user_id, day, layer))


def one(user_id: UUID, relationship_id: UUID | str, *, today: date) -> str | None:
    """The relationship as a JSON object; a prediction's status is as of that day."""
    seen, key = version.seen(user_id), _key(relationship_id)
    if seen is None or key is None:
        return None
    written: LiteralString = ", relationships_json(%s, ARRAY[%s], %s) AS rows"
    query = version.unchanged(user_id, seen, written, (user_id, key, today))
    with readable_view():
        row = tenant_row(user_id, query)
    return row["rows"][1:-1] or None if row["unchanged"] else None


def entity(
    user_id: UUID, entity_id: UUID | str, edges: str, kinds: Sequence[str] | None, limit: int
) -> str | None:
    """The entity with its counterparties as a JSON object."""
    seen, key = version.seen(user_id), _key(entity_id)
    if seen is None or key is None:
        return None
    written: LiteralString = ", entity_json(%s, %s, %s, %s, %s) AS entity"
    parameters = (user_id, key, edges, kinds, limit)
    with readable_view():
        row = tenant_row(user_id, version.unchanged(user_id, seen, written, parameters))
    text: str | None = row["entity"]
    return text if row["unchanged"] else None


def _key(text: UUID | str) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def newest(wanted: Wanted) -> Page | None:
    """The page, read as by `newest_pages`."""
    seen, looked_at = version.seen(wanted.user_id), newest_pages.FIRST
    while seen is not None:
        since = _dated(wanted.user_id, wanted.after, looked_at)
        page = _page(seen, wanted if since is None else wanted.since(since))
        if page is None or since is None or page.following is not None:
            return page
        looked_at *= newest_pages.wider(wanted.most, page.size)
    return None


def newest_of_few(wanted: Wanted) -> Page | None:
    """The page, if at most FEW rows meet the condition, which are then all sorted."""
    seen = version.seen(wanted.user_id)
    return None if seen is None else _page(seen, wanted, few=True)


def _page(seen: Seen, wanted: Wanted, *, few: bool = False) -> Page | None:
    try:
        where, parameters = _where(wanted)
    except EmptyResultSet:  # no row can match, as with an empty list of ids
        return Page("[]", 0, None)
    most = wanted.most
    bound = FEW if few else most + 1
    written = wanted.write.text.format(ids="page.ids[:%s]")
    text = sql.read("reading/json_page").format(
        written=written,
        where=where,
        limit="" if few else "ORDER BY occurred_at DESC, id DESC",
    )
    tenant, *rest = wanted.write.parameters
    query = Query(
        text,
        (
            wanted.user_id,
            seen.snapshot,
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
        row = tenant_row(wanted.user_id, query)
    if not row["unchanged"] or row["rows"] is None:
        return None
    following = (row["last_at"], row["last_id"]) if row["size"] > most else None
    return Page(row["rows"], min(row["size"], most), following)


def _where(wanted: Wanted) -> tuple[LiteralString, Any]:
    condition = wanted.condition
    if wanted.after is not None:
        condition &= cursors.beyond("occurred_at", *wanted.after)
    query = TenantRelationship.objects.filter(condition).query
    text, parameters = query.get_compiler("default").compile(query.where)
    return cast(LiteralString, text), parameters


def _dated(user_id: UUID, after: Position | None, n: int) -> datetime | None:
    at = after or newest_pages.NEWEST
    query = Query("SELECT relationships_nth(%s, %s, %s, false) AS since", (*at, n))
    with readable_view():
        since: datetime | None = tenant_row(user_id, query)["since"]
    return since
