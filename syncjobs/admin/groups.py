"""The list of failures by group, with the list's own filters and search; and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import Paginator
from django.http import HttpRequest

from syncjobs.admin.links import failures
from syncjobs.failures import groups
from syncjobs.failures.groups import Counted
from syncjobs.models.choices import FailureStatus, Provider

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList

    Pages = Paginator[int]
else:
    from unfold.views import ChangeList

    Pages = Paginator

FARTHEST = 1_000_000  # pages


class GroupPaginator(Pages):
    """It counts groups."""

    template_name = "syncjobs/groups_pages.html"


class GroupList(ChangeList):
    """Its rows are groups of the failures that the filters leave, not the failures."""

    def get_results(self, request: HttpRequest) -> None:
        size, before = self.list_per_page, self.page_num - 1
        if not 0 <= before < FARTHEST:
            raise IncorrectLookupParameters
        found = groups.page(self.queryset, limit=size, offset=before * size)
        if before and not found.groups:
            raise IncorrectLookupParameters
        self.result_list: Any = found.groups
        self.result_count = self.full_result_count = found.total
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all, self.multi_page = False, found.total > size
        self.paginator = GroupPaginator(range(found.total), size)


@dataclass(frozen=True, slots=True)
class Row:
    """A provider's counts by state, each with the list that it counts."""

    provider: str
    cells: list[tuple[int, str]]


def matrix(counted: Sequence[Counted]) -> list[Row]:
    """A row a provider that has failures, with a count for each state, and one of all."""
    known = {(each.provider, each.status): each.count for each in counted}
    providers = list(dict.fromkeys(each.provider for each in counted))
    rows = [_row(known, provider) for provider in providers]
    return [*rows, _total(counted)] if len(rows) > 1 else rows


def _row(known: dict[tuple[str, str], int], provider: str) -> Row:
    name = Provider(provider).label if provider in Provider.values else provider or "none"
    cells = [
        (
            known.get((provider, status), 0),
            failures(provider=provider or "none", status__exact=status),
        )
        for status in FailureStatus.values
    ]
    return Row(name, cells)


def _total(counted: Sequence[Counted]) -> Row:
    cells = [
        (
            sum(each.count for each in counted if each.status == status),
            failures(status__exact=status),
        )
        for status in FailureStatus.values
    ]
    return Row("all", cells)


STATES = FailureStatus.choices
__all__ = ["STATES", "GroupList", "matrix"]
