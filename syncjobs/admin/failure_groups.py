"""The list of failures by group, with the list's filters and search, and counts above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import Paginator
from django.http import HttpRequest

from syncjobs.admin.page_links import failures
from syncjobs.failures import groups
from syncjobs.failures.groups import Counted
from syncjobs.models.choices import FailureStatus, Provider

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList

    Pages = Paginator[int]
else:
    from unfold.views import ChangeList

    Pages = Paginator

FARTHEST = 1_000_000  # highest page number
ORDER_NUMBERS = {"1": "last", "2": "count", "3": "age"}


class GroupPaginator(Pages):
    """A paginator over groups."""

    template_name = "syncjobs/groups_pages.html"


class GroupList(ChangeList):
    """A change list whose rows are groups of the failures that the filters select."""

    def get_results(self, request: HttpRequest) -> None:
        size, before = self.list_per_page, self.page_num - 1
        if not 0 <= before < FARTHEST:
            raise IncorrectLookupParameters
        self.order = order_of(request)
        page = groups.page(self.queryset, limit=size, offset=before * size, order=self.order)
        if before and not page.groups:
            raise IncorrectLookupParameters
        self.result_list: Any = page.groups
        self.result_count = self.full_result_count = page.total
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all, self.multi_page = False, page.total > size
        self.paginator = GroupPaginator(range(page.total), size)


def order_of(request: HttpRequest) -> str:
    """The name of the groups' order: "last", "count" or "age", for the values 1, 2 and 3 of the
    URL's parameter `o`. "last" for any other value."""
    number = request.GET.get("o", "")
    return next((name for nth, name in ORDER_NUMBERS.items() if nth == number), "last")


@dataclass(frozen=True, slots=True)
class Row:
    """A provider's counts by state, each with a link to its failures."""

    provider: str
    cells: list[tuple[int, str]]


def matrix(cells: Sequence[Counted]) -> list[Row]:
    """The table of counts above the list: one row per provider that has failures, with a count per
    state. If there are several providers, a row of totals is last."""
    counts = {(cell.provider, cell.status): cell.count for cell in cells}
    providers = list(dict.fromkeys(cell.provider for cell in cells))
    rows = [_row(counts, provider) for provider in providers]
    return [*rows, _total(cells)] if len(rows) > 1 else rows


def _row(counts: dict[tuple[str, str], int], provider: str) -> Row:
    name = Provider(provider).label if provider in Provider.values else provider or "none"
    cells = [
        (
            counts.get((provider, status), 0),
            failures(provider=provider or "none", status__exact=status),
        )
        for status in FailureStatus.values
    ]
    return Row(name, cells)


def _total(counts: Sequence[Counted]) -> Row:
    cells = [
        (
            sum(cell.count for cell in counts if cell.status == status),
            failures(status__exact=status),
        )
        for status in FailureStatus.values
    ]
    return Row("all", cells)


STATES = FailureStatus.choices
__all__ = ["STATES", "GroupList", "matrix"]
