"""The rows of one layer: the relationships that have one, newest first, with the evidence."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet

from graph import sql
from graph.errors import NotFound, QuestionError
from graph.layers import BY_NAME, FURTHER, Layer
from graph.models import TenantRelationship, answer_json_sql
from graph.models.choices import PredictionStatus
from graph.models.kept_queries import COUNTING
from graph.models.layer_models import model_of, statuses_of
from graph.questions import counted_rows, days, edge_ends, relationships, source_names
from graph.questions.prediction_status import STALE, status_on
from graph.questions.search import representatives_of
from graph.reading import current_rows as reading_rows
from graph.reading import json_rows, newest_pages
from graph.reading.cursors import Position

FACTS = (
    "id",
    "relationship_type",
    "edge_class",
    "confidence_score",
    "reason",
    "occurred_at",
    "amount",
    "currency",
    "document_ref",
    "kind",
    "source_event_id",
)
EXPECTED = "expected"  # a prediction in any state except fulfilled
DUE = (PredictionStatus.PENDING.value, PredictionStatus.OVERDUE.value)
DUE_PAYMENTS = "".join(map(sql.read, (*COUNTING, "questions/due_payments")))
Answer = dict[str, Any]


def insights(
    user_id: UUID,
    layer_name: str,
    *,
    min_score: float | None = None,
    party: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    once: bool = False,
    kind: str | None = None,
    today: date | None = None,
    most: int = 50,
    after: Position | None = None,
) -> tuple[list[Answer], Position | None]:
    """Return a page of the layer's relationships, newest first, and the position of the next page.

    A prediction's status is as of `today`: pending, overdue, fulfilled, or stale. It is stale if
    its source's books ended too long ago to expect a payment. `party` is an entity's id or a part
    of a name, also of a merged entity. Rows that people dismissed or cancelled are left out. `once`
    keeps one sighting of each payment, the canonical one if it has a row of the layer
    (`graph.enrich.canonical`). Raises NotFound for an unknown layer, QuestionError for a filter
    that the layer lacks, ViewMissing, ViewUnpopulated.
    """
    layer = _layer(layer_name)
    day = today or days.today(user_id)
    filters = Filters(min_score, since, until, status, once, kind)
    conditions = _chosen(user_id, layer, filters, day)
    with reading_rows.snapshot(user_id) as reader:
        if party is not None:
            conditions &= relationships.with_party(representatives_of(user_id, party))
        chosen = TenantRelationship.objects.filter(conditions)
        page, following = newest_pages.page(reader, chosen, most, after, few=party is not None)
        rows = _rows(user_id, layer, [getattr(row, layer.id_column) for row in page])
        ends_of = edge_ends.of(user_id, page)
    answers = [{**_answer(layer, row, rows, day), **ends_of[row.id]} for row in page]
    return source_names.with_reasons(user_id, answers), following


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of `insights`, without `party`."""

    min_score: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    status: str | None = None
    once: bool = False
    kind: str | None = None


def as_json(
    user_id: UUID,
    layer_name: str,
    *,
    party: str | None = None,
    today: date,
    most: int,
    after: Position | None,
    **filters: Any,
) -> json_rows.Page | None:
    """Return the page of `insights` as JSON that the database has written, or None if it cannot."""
    if party is not None and not relationships.is_id(party):
        return None
    layer = _layer(layer_name)
    conditions = _chosen(user_id, layer, Filters(**filters), today)
    written = json_rows.insights(user_id, layer.name, today)
    wanted = json_rows.PageQuery(user_id, conditions, written, most, after)
    if party is None:
        rows_of_page = json_rows.newest(wanted)
    else:
        entities = relationships.representative(user_id, party)
        of_party = replace(wanted, condition=conditions & relationships.with_party(entities))
        rows_of_page = json_rows.newest_of_few(of_party)
    return rows_of_page and replace(
        rows_of_page, rows=source_names.in_json(user_id, rows_of_page.rows)
    )


def _chosen(user_id: UUID, layer: Layer, filters: Filters, day: date) -> Q:
    """Return the condition that selects the relationships with a row of the layer that meets the
    filters."""
    conditions = Q(user_id=user_id, **{f"{layer.id_column}__isnull": False})
    conditions &= _scored(layer, filters.min_score) & _within(filters.since, filters.until)
    conditions &= _of_kind(filters.kind) & _of_status(user_id, layer, filters.status, day)
    return conditions & _once(user_id, layer) if filters.once else conditions


def due(
    user_id: UUID,
    *,
    statuses: Sequence[str] = DUE,
    party: str | None = None,
    today: date | None = None,
    limit: int | None = 50,
    offset: int = 0,
) -> Answer:
    """Return a page of the predictions in one of `statuses` on `today`, the earliest first.

    A status is pending, overdue or stale. `counts` has the number of predictions in each of them,
    whatever `statuses` and `limit` are. Each payment counts once. `party` and the rows of `results`
    are as in `insights`; `is_cash` says whether cash flow counts the row's series. Raises
    ViewMissing, ViewUnpopulated.
    """
    day = today or days.today(user_id)
    layer = BY_NAME["prediction"]
    parameters = {"user_id": user_id, "today": day, "statuses": list(statuses)}
    with reading_rows.snapshot(user_id) as reader:
        parties = None if party is None else representatives_of(user_id, party)
        parameters |= {"parties": parties, "limit": limit, "offset": offset}
        parameters |= {"since": None, "until": None}
        (counts,) = reader.rows(DUE_PAYMENTS, parameters)
        page, counting = counts.pop("page"), set(counts.pop("counting"))
        predicted = reader.relationships(_annotated(user_id, layer).filter(id__in=page))
        rows = _rows(user_id, layer, [getattr(row, layer.id_column) for row in predicted])
        ends_of = edge_ends.of(user_id, predicted)
    results = [
        {**_answer(layer, row, rows, day), **ends_of[row.id], "is_cash": row.id in counting}
        for row in predicted
    ]
    places = {id_: place for place, id_ in enumerate(page)}
    results.sort(key=lambda row: places[row["id"]])
    return {"today": day, "counts": counts, "results": results}


def _annotated(user_id: UUID, layer: Layer) -> QuerySet[TenantRelationship]:
    """Return the tenant's relationships that have a row of the layer."""
    return TenantRelationship.objects.filter(
        user_id=user_id, **{f"{layer.id_column}__isnull": False}
    )


def _of_kind(kind: str | None) -> Q:
    records = None if kind is None else counted_rows.kinds_selected_by(kind)
    return Q() if records is None else Q(kind__in=records)


def _layer(name: str) -> Layer:
    if name not in BY_NAME:
        raise NotFound(f"There is no layer {name!r}. Known: {', '.join(BY_NAME)}.", "layer")
    return BY_NAME[name]


def _scored(layer: Layer, least: float | None) -> Q:
    if least is None:
        return Q()
    scores = [column.name for column in layer.columns if column.type == "score"]
    if not scores:
        raise QuestionError(f"The layer {layer.name} has no score.", "min_score")
    return Q(**{f"{scores[0]}__gte": least})


def _once(user_id: UUID, layer: Layer) -> Q:
    """Return the condition that keeps one sighting of each payment that has a row of the layer.

    It keeps the canonical sighting, else the one with the lowest id.
    """
    better = TenantRelationship.objects.filter(
        Q(id=F("payment_group_id")) | Q(id__lt=OuterRef("id")),
        user_id=user_id,
        payment_group_id=OuterRef("payment_group_id"),
        **{f"{layer.id_column}__isnull": False},
    )
    counts = Q(payment_group_id__isnull=True) | Q(payment_group_id=F("id"))
    return counts | Q(~Exists(better))


def _within(since: datetime | None, until: datetime | None) -> Q:
    condition = Q()
    if since is not None:
        condition &= Q(occurred_at__gte=since)
    return condition if until is None else condition & Q(occurred_at__lte=until)


def _of_status(user_id: UUID, layer: Layer, status: str | None, today: date) -> Q:
    if status is None:
        return Q()
    statuses = (*statuses_of(layer), *([STALE, EXPECTED] if layer.name == "prediction" else []))
    if status not in statuses:
        choices = ", ".join(statuses) or "none"
        raise QuestionError(f"No status of the layer {layer.name}. Known: {choices}.", "status")
    if layer.name == "prediction":
        return _expected(status, today)
    rows = model_of(layer).objects.filter(user_id=user_id, status=status).values("id")
    return Q(**{f"{layer.id_column}__in": rows})


def _expected(status: str, today: date) -> Q:
    """Return the condition that a prediction has this status on that day.

    `status_on` computes the same for one prediction.
    """
    fulfilled = Q(status=PredictionStatus.FULFILLED.value)
    stale = Q(stale_from__isnull=False, stale_from__lte=today)
    passed = Q(expected_to__isnull=False, expected_to__lt=today)
    return {
        PredictionStatus.FULFILLED.value: fulfilled,
        EXPECTED: ~fulfilled,
        STALE: ~fulfilled & stale,
        PredictionStatus.OVERDUE.value: ~fulfilled & ~stale & passed,
        PredictionStatus.PENDING.value: ~fulfilled & ~stale & ~passed,
    }[status]


def _rows(user_id: UUID, layer: Layer, ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return the layer's rows by id, with their evidence. They may be newer than the view."""
    return {row.id: row for row in model_of(layer).objects.filter(user_id=user_id, id__in=ids)}


def _answer(
    layer: Layer,
    row: TenantRelationship,
    rows: dict[UUID, Any],
    today: date,
) -> Answer:
    of_layer: Model | None = rows.get(getattr(row, layer.id_column))
    columns = {column.name: getattr(row, column.name) for column in layer.columns}
    more = {}
    if layer.name == "prediction":
        columns["status"] = status_on(today, columns)
        more = {FURTHER: getattr(of_layer, "evidence", {}).get(FURTHER, [])}
    return {
        "layer": layer.name,
        **{name: getattr(row, name) for name in FACTS},
        "insight": {"id": getattr(row, layer.id_column), **columns},
        "evidence": _evidence(of_layer),
        **more,
    }


def evidence_of(user_id: UUID, row_ids: Mapping[str, UUID]) -> dict[str, Answer]:
    """Return the evidence of one row per layer, by layer, read by one query.

    `row_ids` has the row's id by layer. A row that does not exist any more is left out. Must be
    called in the tenant's transaction.
    """
    if not row_ids:
        return {}
    texts = [answer_json_sql.evidence_query(BY_NAME[name]) for name in row_ids]
    parameters = [value for name, row_id in row_ids.items() for value in (name, user_id, row_id)]
    with connections["default"].cursor() as cursor:
        cursor.execute(" UNION ALL ".join(texts), parameters)
        return {name: json.loads(text) for name, text in cursor.fetchall()}


def _evidence(row: Any) -> Answer:
    """Return the row's evidence; for a change, also its old and new values; {} for None.

    The occurrences after a predicted one are left out, because `occurrences` reads them.
    """
    if row is None:
        return {}
    changed = ("changed_fields", "old_values", "new_values")
    own = {name: getattr(row, name) for name in changed if hasattr(row, name)}
    evidence = getattr(row, "evidence", {})
    return {**own, **{name: value for name, value in evidence.items() if name != FURTHER}}
