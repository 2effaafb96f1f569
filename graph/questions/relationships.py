"""A list of relationships, filtered by type, party, time, amount and layers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import Count, F, Q, Sum
from django.db.models.expressions import RawSQL

from graph.errors import QuestionError
from graph.layers import BY_NAME, LAYERS
from graph.models import TenantRelationship
from graph.questions import counted_rows, source_names
from graph.questions.rows import found_rows
from graph.questions.search import representatives_of
from graph.questions.whole_graph import as_answers
from graph.reading import current_rows as reading_rows
from graph.reading import cursors, json_rows, newest_pages, ordered_pages, row_ids
from graph.reading.cursors import Position

Answer = dict[str, Any]
SCORES = tuple(
    column.name for layer in LAYERS for column in layer.columns if column.type == "score"
)
EXACTLY = {
    "type": "relationship_type",
    "payment_group": "payment_group_id",
    "currency": "currency",
    "records": "kind",
    "document_ref": "document_ref",
    "transaction_ref": "transaction_ref",
    "since": "occurred_at__gte",
    "until": "occurred_at__lte",
    "min_amount": "amount__gte",
    "max_amount": "amount__lte",
    "min_confidence": "confidence_score__gte",
    **{f"min_{score}": f"{score}__gte" for score in SCORES},
}
ENDS = ("party", "source", "target")
FEW = {*ENDS, "document_ref", "transaction_ref", "ids"}
AT_ONCE = 1_000  # rows that a text finds, and that are sorted at once
REPRESENTATIVE = (
    "SELECT coalesce(merged_into_id, id) FROM normalized_entities WHERE user_id = %s AND id = %s"
)


def relationships(
    user_id: UUID,
    filters: Mapping[str, Any],
    *,
    most: int = 50,
    after: Position | None = None,
) -> tuple[list[Answer], Position | None]:
    """Return a page of relationships, newest first, and the position of the next page.

    `filters` may have the keys of EXACTLY; `source` and `target` (ids); `party` (an id or a part of
    a name); `edges` (flow, all); `kind` (what the rows record, where "payment" includes fees; the
    filter `records` does not include them); `once` (only the canonical sighting of each payment);
    `has` and `lacks` (names of layers); `text` (words, an amount or a day, as `found_rows` finds
    them) and `text_as` (only this one of its WAYS).

    Raises QuestionError, ViewMissing, ViewUnpopulated.
    """
    with reading_rows.snapshot(user_id) as reader:
        filters = _with_text_found(user_id, filters)
        rows = TenantRelationship.objects.filter(chosen(user_id, filters))
        if len(filters.get("ids", ())) in range(1, AT_ONCE):
            page, following = cursors.page(rows, "occurred_at", most, after, reader.relationships)
        else:
            few = not FEW.isdisjoint(filters)
            page, following = newest_pages.page(reader, rows, most, after, few=few)
        return _answers(user_id, page), following


def as_json(
    user_id: UUID, filters: Mapping[str, Any], *, most: int, after: Position | None
) -> json_rows.Page | None:
    """Return the page of `relationships` as JSON that the database has written, or None if it
    cannot."""
    ends = [filters[name] for name in ENDS if name in filters]
    if "text" in filters or not all(map(is_id, ends)):
        return None
    condition = chosen(user_id, filters, entities_of=representative)
    written = json_rows.relationships(user_id)
    wanted = json_rows.PageQuery(user_id, condition, written, most, after)
    page = json_rows.newest_of_few(wanted) if ends else json_rows.newest(wanted)
    return page and replace(page, rows=source_names.in_json(user_id, page.rows))


def _answers(user_id: UUID, rows: Sequence[TenantRelationship]) -> list[Answer]:
    return source_names.with_reasons(user_id, as_answers(user_id, rows))


def is_id(party: Any) -> bool:
    """Return whether the parameter `party` is an id, and not a part of a name."""
    return row_ids.parsed(party) is not None


def representative(user_id: UUID, party: str) -> RawSQL:
    """Return SQL for the id of the entity, or of the one that it was merged into."""
    return RawSQL(REPRESENTATIVE, [user_id, UUID(party)])  # noqa: S611 - no text of a user in it


def with_ids(user_id: UUID, ids: Sequence[UUID]) -> list[Answer]:
    """Return the relationships with these ids, in their order. Unknown ids are left out."""
    if not ids:
        return []
    with reading_rows.snapshot(user_id) as reader:
        rows = TenantRelationship.objects.filter(user_id=user_id, id__in=ids)
        answers = _answers(user_id, reader.relationships(rows))
    by_id = {row["id"]: row for row in answers}
    return [by_id[id_] for id_ in dict.fromkeys(ids) if id_ in by_id]


def sums(user_id: UUID, filters: Mapping[str, Any]) -> list[Answer]:
    """Return the sums over all relationships that `relationships` lists, by `kind` and `currency`.

    Each has `amount` and `count`; the greatest amounts come first. A row without an amount is left
    out.
    """
    with reading_rows.snapshot(user_id) as reader:
        rows = TenantRelationship.objects.filter(chosen(user_id, filters), amount__isnull=False)
        grouped = rows.order_by().values("kind", "currency")
        summed = grouped.annotate(total=Sum("amount"), count=Count("id"))
        try:
            text, parameters = summed.query.sql_with_params()
        except EmptyResultSet:  # no row can match, for example if no entity has the party's name
            return []
        answers = [{**row, "amount": row.pop("total")} for row in reader.rows(text, parameters)]
    return sorted(answers, key=lambda row: (-row["amount"], str(row["kind"])))


def ordered(
    user_id: UUID, filters: Mapping[str, Any], order: str, *, most: int = 50, after: str | None
) -> tuple[list[Answer], str | None]:
    """Return a page of `relationships` in one of `ordered_pages.ORDERS`, and where the next page
    begins."""
    with reading_rows.snapshot(user_id) as reader:
        rows = TenantRelationship.objects.filter(chosen(user_id, filters))
        page, following = ordered_pages.page(reader, rows, order, most, after)
        return _answers(user_id, page), following


def chosen(
    user_id: UUID,
    filters: Mapping[str, Any],
    *,
    entities_of: Callable[[UUID, str], list[UUID] | RawSQL] = representatives_of,
) -> Q:
    """Return the condition for the `filters` of `relationships`.

    `entities_of` returns the entities that an id or a name stands for. The default must be called
    in the tenant's transaction.
    """
    condition = Q(user_id=user_id)
    filters = _with_text_found(user_id, filters)
    if "ids" in filters:
        condition &= Q(id__in=filters["ids"])
    for name, value in filters.items():
        if name in EXACTLY:
            condition &= Q(**{EXACTLY[name]: value})
    if filters.get("edges", "flow") == "flow":
        condition &= Q(edge_class="flow")
    if (
        "kind" in filters
        and (records := counted_rows.kinds_selected_by(filters["kind"])) is not None
    ):
        condition &= Q(kind__in=records)
    if filters.get("once"):
        condition &= Q(payment_group_id=F("id")) | Q(payment_group_id__isnull=True)
    condition &= _layers(filters.get("has", ()), "has", missing=False)
    condition &= _layers(filters.get("lacks", ()), "lacks", missing=True)
    for end in ("source", "target"):
        if end in filters:
            ids = entities_of(user_id, str(filters[end]))
            condition &= _at(end, ids)
    if party := filters.get("party"):
        condition &= with_party(entities_of(user_id, party))
    return condition


def _with_text_found(user_id: UUID, filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the filters with `ids`, the rows that the text finds, in place of `text` and
    `text_as`."""
    some = {name: value for name, value in filters.items() if name not in ("text", "text_as")}
    if "text" in filters:
        some["ids"] = found_rows.ids(user_id, filters["text"], filters.get("text_as"))
    return some


def with_party(entities: list[UUID] | RawSQL) -> Q:
    """Return the condition that one of the entities is at either end of a relationship."""
    return _at("source", entities) | _at("target", entities)


def _at(end: str, entities: list[UUID] | RawSQL) -> Q:
    """Return the condition that one of the entities is at this end ("source" or "target") of a
    relationship.

    An entity that a query selects is compared by equality, because PostgreSQL uses no index for IN
    of a query.
    """
    lookup = "" if isinstance(entities, RawSQL) else "__in"
    return Q(**{f"{end}_entity_id{lookup}": entities})


def _layers(names: Any, field: str, *, missing: bool) -> Q:
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise QuestionError(
            f"There is no layer {unknown[0]!r}. Known: {', '.join(BY_NAME)}.", field
        )
    condition = Q()
    for name in names:
        condition &= Q(**{f"{BY_NAME[name].id_column}__isnull": missing})
    return condition
