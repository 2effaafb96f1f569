"""Parses the filters of a list from a page's query."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import QueryDict

from graph.errors import QuestionError
from graph.questions import counted_rows, search
from graph.questions.rows import search_text
from graph.reading import cursors
from graph.reading.cursors import Position

TEXTS = ("type", "records", "currency", "document_ref", "party")
ENDS = ("source", "target")
AMOUNTS = ("min_amount", "max_amount")
PERIOD = {"since": time.min, "until": time.max}
UNKNOWN = "a party not known"
PLACES = ("format", "cursor", "offset", "shown")  # of a file, and of a page in its list


def require_known(query: QueryDict, *names: str) -> None:
    """Raises QuestionError if the query has a parameter that is neither one of `names` nor a
    position in the list. If the page ignored it, it would show rows that were not wanted."""
    for name in query:
        if name not in (*names, *PLACES):
            raise QuestionError(
                f"This list has no filter “{name[:100]}”. It has {', '.join(names)}. "
                "Names, amounts and numbers are found by the search above.",
                name,
            )


def of_payments(query: QueryDict) -> dict[str, Any]:
    """The filters in the form that `graph.questions.relationships` takes. Each payment is listed
    once, unless `once` is no. Raises QuestionError naming the field."""
    require_known(query, *TEXTS, *AMOUNTS, *PERIOD, *ENDS, "kind", "once", "has")
    filters: dict[str, Any] = {name: text for name in TEXTS if (text := text_of(query, name))}
    for name in AMOUNTS:
        if text := text_of(query, name):
            filters[name] = amount(name, text)
    for name, at in PERIOD.items():
        if text := text_of(query, name):
            filters[name] = datetime.combine(day(name, text), at, UTC)
    filters |= {name: _id(name, text) for name in ENDS if (text := text_of(query, name))}
    if kind := text_of(query, "kind"):
        filters["kind"] = kind_of(kind)
    if text_of(query, "once") != "no":
        filters["once"] = True
    layers = [layer for name in query.getlist("has") for layer in name.split(",") if layer]
    require_order(filters)
    return {**filters, "has": layers} if layers else filters


def require_order(filters: Mapping[str, Any]) -> None:
    """Raises QuestionError naming the field if no row can match, because a period ends before it
    begins, or the greatest amount is below the least."""
    (since, until), (least, most) = (
        [filters.get(name) for name in names] for names in (PERIOD, AMOUNTS)
    )
    if since is not None and until is not None and until < since:
        raise QuestionError("This date is before the “from” date.", "until")
    if least is not None and most is not None and most < least:
        raise QuestionError("This is below the minimum amount.", "max_amount")


def kind_of(text: str) -> str:
    """Return `text` if it is a kind of rows (what they record). Raises QuestionError if not."""
    if text not in counted_rows.KINDS:
        raise QuestionError(f"There is no kind {text}.", "kind")
    return text


def _id(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise QuestionError("There is no such party.", name) from None


def names(user_id: UUID, query: QueryDict) -> dict[str, str]:
    """The names of the parties that the query's filters name by id: the filter (party, source or
    target) → the party's name."""
    ids = {}
    for name in ("party", *ENDS):
        try:
            ids[name] = UUID(text_of(query, name))
        except ValueError:
            continue
    if not ids:
        return {}
    rows = {name: search.entities_of(user_id, [id_]) for name, id_ in ids.items()}
    return {name: found[0]["name"] if found else UNKNOWN for name, found in rows.items()}


def party_name(user_id: UUID, query: QueryDict) -> str:
    """The name of the party for which the query's parameter `party` filters; the parameter's text
    if it is not an id."""
    return names(user_id, query).get("party", text_of(query, "party"))


def days(query: QueryDict) -> tuple[date | None, date | None]:
    """The parameters `since` and `until`, each None if it is missing. Raises QuestionError."""
    since, until = (day(name, text) if (text := text_of(query, name)) else None for name in PERIOD)
    require_order({"since": since, "until": until})
    return since, until


def text_of(query: QueryDict, name: str) -> str:
    """The parameter, stripped and without NUL, which PostgreSQL refuses in texts."""
    return query.get(name, "").replace("\0", "").strip()


def day(name: str, text: str) -> date:
    """The ISO date that `text` states; `name` is the field that an error names. Raises
    QuestionError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QuestionError(f"{text} is not a date. Write it as 2025-07-31.", name) from None


def amount(name: str, text: str) -> Decimal:
    """The amount that `text` states in a form of `search_text.number`; `name` is the field that an
    error names. Raises QuestionError."""
    value = search_text.number(text)
    if value is None:
        raise QuestionError(f"{text} is not an amount, or is ambiguous. Write it as 1260.16.", name)
    return value


def offset(query: QueryDict) -> int:
    """The query's parameter `offset`: how many rows of the list are before the page, 0 if it is
    missing. Raises QuestionError."""
    text = query.get("offset", "0")
    if not text.isdecimal() or len(text) > 9:
        raise QuestionError("The offset is a number from 0.", "offset")
    return int(text)


def position(query: QueryDict) -> Position | None:
    """The position in the list that the query's cursor names; None for the list's beginning. Raises
    QuestionError."""
    text = query.get("cursor")
    if not text:
        return None
    try:
        return cursors.position(text)
    except ValueError:
        raise QuestionError(
            "This page of the list no longer exists. Begin again.", "cursor"
        ) from None
