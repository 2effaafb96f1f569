"""Admin lists of huge tables. The cost of pages, counts and searches does not depend on the table's
size."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin import actions
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import (
    BooleanField,
    F,
    ForeignObjectRel,
    Func,
    Model,
    Q,
    QuerySet,
    Value,
)
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponseBase
from psycopg.sql import SQL, Composable, Identifier

from graph import tenant_lookup
from graph.admin import tenants
from graph.admin.theme import ModelAdmin
from graph.errors import TenantUnknown
from graph.models.tenant_row import TenantRow

if TYPE_CHECKING:
    AnyPaginator = Paginator[Any]
else:
    AnyPaginator = Paginator

MOST = 10_000
MOST_FOUND = 1_000
MOST_AT_ONCE = 1_000
TRIGRAM = 3


class Estimate(int):
    """An estimated number of rows. Its text says that it is an estimate."""

    def __str__(self) -> str:
        return f"about {int(self):,}"


class MoreThan(int):
    """The number of rows at which counting stopped. Its text says that there are more."""

    def __str__(self) -> str:
        return f"more than {int(self):,}"


class BoundedPaginator(AnyPaginator):
    """Pages over at most the first MOST rows, with a count that never reads a whole table.

    The count of an unfiltered queryset is estimated from the table's statistics. A filtered
    queryset, a small table and a table that was never analyzed are counted up to MOST.
    """

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return (not rows.query.where and _estimated(rows)) or _counted(rows)

    @cached_property
    def num_pages(self) -> int:
        return min(-(-self.count // self.per_page) or 1, MOST // self.per_page)


def _estimated(rows: QuerySet[Any]) -> Estimate | None:
    """Return the number of rows of the queryset's whole table as of the last ANALYZE.

    Returns None for a table of at most MOST rows, which is cheap to count exactly.
    """
    connection = connections[rows.db]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)",
            [connection.ops.quote_name(rows.model._meta.db_table)],
        )
        (row_estimate,) = cursor.fetchone() or (0,)
    return Estimate(row_estimate) if row_estimate > MOST else None


def _counted(rows: QuerySet[Any]) -> int:
    count = rows.order_by().values("pk")[: MOST + 1].count()
    return count if count <= MOST else MoreThan(MOST)


class _ILike(Func):
    """`a ILIKE b`. Unlike Django's UPPER(a) LIKE, it can use a trigram index."""

    template = "%(expressions)s"
    arg_joiner = " ILIKE "
    arity = 2
    output_field = BooleanField()


def containing(rows: QuerySet[Any], column: str, text: str) -> QuerySet[Any]:
    """Return at most MOST_FOUND rows whose column contains the text. A short text must begin the
    column.

    A subquery with a LIMIT selects the ids. With an ORDER BY in the same query the planner would
    read the whole table in that order. For a text shorter than a trigram, an index can only find
    the beginning of the column.
    """
    escaped = connections[rows.db].ops.prep_for_like_query(text)
    pattern = f"%{escaped}%" if len(text) >= TRIGRAM else f"{escaped}%"
    ids = rows.order_by().filter(_ILike(F(column), Value(pattern))).values("pk")[:MOST_FOUND]
    return rows.filter(pk__in=ids)


_WALK = SQL("""(
    WITH RECURSIVE prefix AS (
        (SELECT {leading} FROM {table} ORDER BY {leading} LIMIT 1)
        UNION ALL
        SELECT following.*
        FROM prefix
        CROSS JOIN LATERAL (
            SELECT {leading} FROM {table} AS later
            WHERE ({of_later}) > ({of_prefix})
            ORDER BY {leading} LIMIT 1
        ) AS following
    )
    SELECT found.id FROM prefix JOIN {table} AS found USING ({leading}) WHERE found.{column} = %s
)""")


def ids_with(model: type[Model], columns: dict[str, tuple[str, ...]], value: object) -> RawSQL:
    """Return SQL for the ids of the rows, of any tenant, that have the value in one of the columns.

    `columns` maps each column to the columns before it in its index. The query reads the few
    distinct values of those, and looks up the value under each. Before PostgreSQL 18 nothing else
    uses an index without its first column.
    """
    walks = [_walk(model, column, leading) for column, leading in columns.items()]
    return RawSQL(SQL(" UNION ALL ").join(walks).as_string(None), [value] * len(walks))  # noqa: S611


def _walk(model: type[Model], column: str, leading: tuple[str, ...]) -> Composable:
    def of(*table: str) -> Composable:
        return SQL(", ").join(Identifier(*table, name) for name in leading)

    return _WALK.format(
        table=Identifier(model._meta.db_table),
        column=Identifier(column),
        leading=of(),
        of_later=of("later"),
        of_prefix=of("prefix"),
    )


class HugeTable(ModelAdmin):
    """An admin table whose pages cost the same at a thousand and at a million rows.

    Rows are in the order of an index; nothing sorts or counts the whole table. The search box
    accepts the row's id, its tenant's id or e-mail address, and an id in one of `references` or in
    an `indexed` column (the first of an index). A subclass can add more in `named`.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_before_template = "graph/search_help.html"  # the search box itself truncates the text
    sortable_by = ()
    list_per_page = 50
    actions: Any = ("delete_selected",)
    search_fields = ("id",)
    search_help_text: ClassVar[str | None] = "Its id, or its tenant's id or e-mail address."
    references: ClassVar[dict[str, tuple[str, ...]]] = {}
    indexed: ClassVar[tuple[str, ...]] = ()

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = super().get_list_display(request)
        return [tenants.tenant if column == "user_id" else column for column in columns]

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        changelist = super().get_changelist_instance(request)
        if "user_id" in self.list_display:
            tenants.read_addresses(changelist.result_list)
        return changelist

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if queryset.query.is_empty():
            return queryset, False
        text = search_term.replace("\0", "").strip()
        words = text.split()
        other = []
        for word in words:
            condition = self.identified(word)
            if condition is None:
                other.append(word)
            else:
                queryset = queryset.filter(condition)
        if not other:
            return queryset, False
        return self.named(queryset, text if other == words else " ".join(other)), False

    def identified(self, word: str) -> Q | None:
        """Return the condition that selects the rows with this id or this tenant's e-mail address.

        Returns None for a word that is neither an address nor the id of any row.
        """
        if "@" in word:
            return _of_tenant_called(word)
        try:
            value = UUID(word)
        except ValueError:
            return None
        ways = [Q(pk=value), Q(user_id=value), *(Q((column, value)) for column in self.indexed)]
        if self.references:
            ways.append(Q(pk__in=ids_with(self.model, self.references, value)))
        return next((way for way in ways if self.model._default_manager.filter(way).exists()), None)

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        """Return the rows that match a search text which is no id and no address.

        There are none unless a subclass overrides this.
        """
        return queryset.none()

    def get_deleted_objects(
        self, objs: Sequence[Model] | QuerySet[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return what Django's page that confirms a deletion shows: texts, and row counts by kind.

        The texts name each row to delete. Rows that the database deletes along with them are named
        by kind only, in one sentence.
        """
        rows = [str(row) for row in objs]
        follow = ", ".join(sorted(deleted_along(self.model)))
        note = [f"and the rows that refer to it: {follow}"] if follow else []
        return [*rows, *note], {str(self.opts.verbose_name_plural): len(rows)}, set(), []

    @admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
    def delete_selected(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponseBase | None:
        if queryset.order_by().values("pk")[: MOST_AT_ONCE + 1].count() > MOST_AT_ONCE:
            self.message_user(
                request, f"Select at most {MOST_AT_ONCE:,} rows to delete at once.", messages.ERROR
            )
            return None
        return actions.delete_selected(self, request, queryset)


class ReadOnly(HugeTable):
    """The admin page of a table that only programs write: people cannot add, change or delete
    rows."""

    actions: Any = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _of_tenant_called(address: str) -> Q | None:
    try:
        return Q(user_id=tenant_lookup.find(address))
    except TenantUnknown:
        return None


def deleted_along(model: type[Model]) -> set[str]:
    """Return the plural names of the tables whose rows the database deletes along with a row of
    this model, directly or through another table."""
    kinds: set[str] = set()
    for pointing in _pointing_at(model):
        kinds |= {str(pointing._meta.verbose_name_plural)} | deleted_along(pointing)
    return kinds


def _pointing_at(model: type[Model]) -> Iterable[type[Model]]:
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel) and not relation.field.null:
            pointing = relation.related_model
            if isinstance(pointing, type) and issubclass(pointing, TenantRow):
                yield pointing
