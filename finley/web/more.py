"""The link "More" below a list, which adds rows to those that the page shows.

htmx adds them. The link's URL shows all rows up to its place, so the page stays the same when it is
loaded again, when a person comes back to it, and without JavaScript. From MOST rows on, the URL
shows only the last ones.
"""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict

from finley.web import list_filters
from graph.errors import QuestionError
from graph.reading.cursors import Position

MOST = 200  # rows of a whole page
ROWS = "rows"  # the id of the element that has the rows


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a list that a page shows: the rows from `start` up to `end`."""

    start: int
    end: int
    query: QueryDict

    def link(self, count: int) -> dict[str, Any]:
        """The template's variables `more` and `is_cut`, for a list of `count` rows."""
        more = _address(self.query, offset=self.end) if self.end < count else ""
        return {"more": more, "is_cut": self.start > 0}


def by_offset(request: HttpRequest, page: int, most: int = MOST) -> Slice:
    """Which rows of a list to show: the `page` rows after the parameter `offset`. All rows before
    them are shown, too, unless the request comes from htmx. Raises QuestionError."""
    offset = list_filters.offset(request.GET)
    end = offset + page
    start = offset if adds(request) else max(0, end - most)
    return Slice(start, end, request.GET)


@dataclass(frozen=True, slots=True)
class Pages:
    """The part of a list with cursors that a page shows: how many rows, and whether they are the
    first."""

    most: int
    is_first: bool
    shown: int
    query: QueryDict

    def link(self, **cursor: Any) -> dict[str, Any]:
        """The template's variables `more` and `is_cut`. `cursor` has the parameters of the next
        page; it is empty at the list's end."""
        more = _address(self.query, **cursor, shown=self.shown) if cursor else ""
        return {"more": more, "is_cut": not self.is_first}


def by_cursor(request: HttpRequest, page: int, cursor: str = "cursor") -> Pages:
    """Which rows of a list with cursors to show.

    The parameter `shown` is the number of rows up to the page's end. Without it, the page has the
    `page` rows after the parameter `cursor`. Raises QuestionError.
    """
    text = request.GET.get("shown", "0")
    if not text.isdecimal() or len(text) > 9:
        raise QuestionError("The number of rows is a number from 0.", "shown")
    shown = max(int(text), page)
    is_known = not request.GET.get(cursor) or (text != "0" and shown <= MOST)
    is_first = not adds(request) and is_known
    return Pages(shown if is_first else page, is_first, shown + page, request.GET)


def after(request: HttpRequest, pages: Pages) -> Position | None:
    """The position after which the rows begin; None for the list's beginning. Raises
    QuestionError."""
    return None if pages.is_first else list_filters.position(request.GET)


def adds(request: HttpRequest) -> bool:
    """Return whether htmx sends the request, so that the rows are added to those on the page."""
    return request.headers.get("HX-Target") == ROWS


def _address(query: QueryDict, **changes: Any) -> str:
    parameters = query.copy()
    for name, value in changes.items():
        parameters[name] = str(value)
    return f"?{parameters.urlencode()}"
