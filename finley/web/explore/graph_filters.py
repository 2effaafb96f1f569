"""The filters of the explorer's pages: days, amounts, type, layer, and what rows record."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.http import urlencode

from finley.web import answer_cache, list_filters
from finley.web.access import PageRequest
from finley.web.list_filters import AMOUNTS
from finley.web.words import choices as choices_in_words
from graph.database.tenancy import tenant_transaction
from graph.engine.edge_filters import Only
from graph.errors import QuestionError
from graph.layers import BY_NAME
from graph.models import RelationshipInstance
from graph.questions import counted_rows

ENDS = {"since": time.min, "until": time.max}
FIELDS = ("depth", "kind", "type", "has", *ENDS, *AMOUNTS)  # of the form
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GraphFilters:
    """The filters of the drawn graph: it shows rows that record `kind` and meet all other
    conditions. "" and None mean no condition."""

    kind: str = counted_rows.DEFAULT
    type: str = ""
    has: str = ""
    since: date | None = None
    until: date | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None

    def of_edges(self, **more: Any) -> Only:
        """The filters as the Only that the engine takes, without `kind`."""
        return Only(
            types=(self.type,) if self.type else (),
            since=self.since,
            until=self.until,
            layers=(self.has,) if self.has else (),
            min_amount=None if self.min_amount is None else float(self.min_amount),
            max_amount=None if self.max_amount is None else float(self.max_amount),
            **more,
        )

    def of_rows(self) -> Row:
        """The filters as the parameters that `graph.questions.grouped_sums` takes."""
        wanted: Row = {
            "kind": self.kind,
            "type": self.type,
            "has": [self.has] if self.has else None,
        }
        for name, at in ENDS.items():
            if (day := getattr(self, name)) is not None:
                wanted[name] = datetime.combine(day, at, UTC)
        wanted |= {"min_amount": self.min_amount, "max_amount": self.max_amount}
        return {name: value for name, value in wanted.items() if value is not None and value != ""}

    def address(self, source: Any, target: Any, currency: str | None, **more: str) -> str:
        """The URL of the list of payments from `source` to `target` that meet the filters. `more`
        are further parameters of the list."""
        wanted = {
            "source": source and _key(source),
            "target": target and _key(target),
            "currency": currency,
            "once": "yes",
            "type": self.type,
            "has": self.has,
            "since": self.since,
            "until": self.until,
            "min_amount": self.min_amount,
            "max_amount": self.max_amount,
            **more,
        }
        chosen = {name: str(value) for name, value in wanted.items() if value not in (None, "")}
        return f"{reverse('payments')}?{urlencode(chosen)}"


def _key(entity: Any) -> str:
    return str(entity["id"] if isinstance(entity, dict) else entity.id)


NONE = GraphFilters()


def read(request: PageRequest) -> GraphFilters:
    """The filters of the page's query. Raises QuestionError naming the field."""
    texts = {
        name: list_filters.text_of(request.GET, name)
        for name in ("kind", "type", "has", *ENDS, *AMOUNTS)
    }
    kind = texts["kind"] or counted_rows.DEFAULT
    if kind not in counted_rows.KINDS:
        raise QuestionError(f"There is no kind {kind}.", "kind")
    if texts["has"] and texts["has"] not in BY_NAME:
        raise QuestionError(f"There is no layer {texts['has']}.", "has")
    filters = GraphFilters(
        kind=kind,
        type=texts["type"],
        has=texts["has"],
        since=_day("since", texts),
        until=_day("until", texts),
        min_amount=_amount("min_amount", texts),
        max_amount=_amount("max_amount", texts),
    )
    list_filters.require_order({name: getattr(filters, name) for name in (*ENDS, *AMOUNTS)})
    return filters


def _day(name: str, texts: dict[str, str]) -> date | None:
    return list_filters.day(name, texts[name]) if texts[name] else None


def _amount(name: str, texts: dict[str, str]) -> Decimal | None:
    return list_filters.amount(name, texts[name]) if texts[name] else None


def form(request: PageRequest, error: QuestionError | None = None) -> Row:
    """The template's variables of the filters' form: the possible values of its fields, whether the
    form is open, and what is wrong. The template takes the entries from the URL."""
    user_id = request.access.tenant_id
    return {
        "error": error,
        "is_beside": error is not None and error.field in FIELDS,
        "narrowed": bool(request.GET),
        "kinds": choices_in_words.KINDS.items(),
        "types": answer_cache.answer(_types, user_id),
        "layers": choices_in_words.layers(),
    }


def _types(user_id: UUID) -> list[str]:
    """The types of the tenant's rows that move money, by name."""
    with tenant_transaction(user_id):
        rows = RelationshipInstance.objects.filter(
            user_id=user_id, edge_class="flow", deleted_at__isnull=True
        )
        names = rows.order_by("relationship_type").values_list("relationship_type", flat=True)
        return list(names.distinct())
