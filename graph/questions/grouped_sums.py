"""Sums of relationships by party, pair of parties, month or category."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import (
    Case,
    Count,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, NullIf, Trim, TruncMonth

from graph.models import NormalizedEntity, RawEvent, TenantRelationship
from graph.questions import spend
from graph.questions.relationships import chosen
from graph.reading import current_rows
from graph.reading.current_rows import Reader

GROUPS = ("party", "pair", "month", "category")
Answer = dict[str, Any]
Rows = QuerySet[TenantRelationship]


def groups(user_id: UUID, wanted: Mapping[str, Any], by: str, *, most: int = 200) -> list[Answer]:
    """Return sums of the matching relationships, by what the rows record and by currency.

    If several sources saw a payment, only the canonical row counts. By `party`, each entity counts
    as payee (direction in) and as payer (out). A category is what `spend` calls so; None where a
    row has none. At most `most` sums are returned, the greatest amounts first, or by month the
    newest first. Raises QuestionError, ViewMissing, ViewUnpopulated.
    """
    with current_rows.snapshot(user_id) as reader:
        counted_once = Q(payment_group_id=F("id")) | Q(payment_group_id__isnull=True)
        relationships = TenantRelationship.objects.filter(chosen(user_id, wanted) & counted_once)
        relationships = relationships.filter(amount__isnull=False)
        answers = [answer for keys in _keys(reader, user_id, relationships, by)
                   for answer in _sums(reader, *keys)]  # fmt: skip
        column = "month" if by == "month" else "amount"
        answers.sort(key=lambda row: (row[column], str(row)), reverse=True)
        return _named(user_id, answers[:most])


def _keys(
    reader: Reader, user_id: UUID, relationships: Rows, by: str
) -> Iterator[tuple[Rows, tuple[str, ...]]]:
    """Yield (query, columns): relationships to sum, and the columns by which to group them."""
    if by == "party":
        for end, direction in (("target", "in"), ("source", "out")):
            entity = F(f"{end}_entity_id")
            yield (
                relationships.annotate(party=entity, direction=Value(direction)),
                ("party", "direction"),
            )
    elif by == "pair":
        yield (relationships.annotate(payer=F("source_entity_id"), payee=F("target_entity_id")),
               ("payer", "payee"))  # fmt: skip
    elif by == "month":
        yield relationships.annotate(month=TruncMonth("occurred_at")), ("month",)
    else:
        yield relationships.annotate(category=_category(reader, user_id)), ("category",)


def _category(reader: Reader, user_id: UUID) -> Subquery:
    """Return the category of a relationship, as `spend` finds it: what a column says that is one by
    its title, or the text of a source whose texts are a vocabulary."""
    sources = spend.vocabularies(reader, user_id)
    titled = [_filled(KT(f"data__{title}")) for title in spend.CATEGORY_TITLES]
    words = Case(When(source__in=sources, then=_filled(F("description"))), output_field=TextField())
    events = RawEvent.objects.filter(user_id=user_id, pk=OuterRef("target_event_id"))
    return Subquery(
        events.annotate(category=Coalesce(*titled, words, output_field=TextField())).values(
            "category"
        )[:1]
    )


def _filled(text: Combinable) -> NullIf:
    return NullIf(Trim(text), Value(""), output_field=TextField())


def _sums(reader: Reader, relationships: Rows, keys: tuple[str, ...]) -> list[Answer]:
    grouped = relationships.order_by().values(*keys, "kind", "currency")
    summed = grouped.annotate(
        total=Sum("amount"), count=Count("id"), first_at=Min("occurred_at"),
        last_at=Max("occurred_at"),
    )  # fmt: skip
    try:
        text, parameters = summed.query.sql_with_params()
    except EmptyResultSet:  # no row can match, for example if no entity has the party's name
        return []
    return [{**row, "amount": row.pop("total")} for row in reader.rows(text, parameters)]


def _named(user_id: UUID, answers: list[Answer]) -> list[Answer]:
    ids = {row[name] for row in answers for name in ("party", "payer", "payee") if row.get(name)}
    entities = NormalizedEntity.objects.filter(user_id=user_id, pk__in=ids)
    by_id: dict[Any, NormalizedEntity] = {entity.id: entity for entity in entities}
    return [
        {
            **row,
            "month": f"{row['month']:%Y-%m}" if row.get("month") else None,
            "party": by_id.get(row.get("party")),
            "source": by_id.get(row.get("payer")),
            "target": by_id.get(row.get("payee")),
        }
        for row in answers
    ]
