"""Template filters that format amounts, days and parties."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import template
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString

from finley.web.words import choices, evidence, sources, text
from graph.words import FREQUENCIES

register = template.Library()
STATES = {"alive": "works", "suspect": "has trouble", "dead": "connect it again"}

for _filter in (
    text.money,
    text.day,
    text.moment,
    text.weekday,
    text.month,
    text.number,
    evidence.percent,
):
    register.filter(_filter.__name__, _filter)


@register.filter
def prose(value: str | None) -> str:
    """The sentence with days and amounts in the pages' format, and with names of sources."""
    return sources.readable(text.prose(value))


@register.filter
def source(value: str) -> str:
    """The name of the source with this key."""
    return sources.readable(str(value))


@register.filter
def words(value: str) -> str:
    """The name in words, such as `same transaction` for same_transaction."""
    return str(value).replace("_", " ")


@register.filter
def frequency(value: str) -> str:
    """The frequency in words, such as `every two weeks` for fortnightly."""
    return FREQUENCIES.get(value, value)


@register.filter
def expected_state(value: str) -> str:
    """The state of an expected payment in words."""
    return evidence.STATES.get(value, value)


@register.filter
def party_kind(value: str) -> str:
    """The words for a kind of entity, such as `customer`."""
    return choices.PARTIES.get(value, value)


@register.filter
def decided(value: str) -> str:
    """What was done to a case, such as `dismissed` for dismiss."""
    return choices.DECISIONS.get(value, value)


@register.filter
def shown_type(row: dict[str, Any]) -> str:
    """What a row of a file is, such as `bill`. The row is that of a preview."""
    owed = choices.OWED.get(row["direction"], "invoice or bill")
    return choices.ROWS.get(row["records"], owed)


@register.filter
def decider(value: str) -> str:
    """Who decided, by name; the program that finds cases is finley."""
    return "finley" if value == "enrichment" else value


@register.filter
def scopes(value: list[str]) -> str:
    """What a token with these scopes may do, in words."""
    return ", ".join(choices.SCOPES.get(scope, scope) for scope in value)


@register.filter
def lowfirst(value: str) -> str:
    """The text with a small first letter."""
    return f"{value[:1].lower()}{value[1:]}"


@register.filter
def direction(value: str) -> str:
    """The direction in words, such as `money in` for in."""
    return choices.DIRECTIONS.get(value, value)


@register.filter
def way(value: str) -> str:
    """The CSS class of a direction's colour: `in`, `out` or ""."""
    return {"+": "in", "\N{MINUS SIGN}": "out"}.get(choices.SIGNS.get(value, ""), "")


@register.filter
def sign(value: str) -> str:
    """A plus for money in or to receive, a minus for money out or to pay, and "" for other
    directions."""
    return choices.SIGNS.get(value, "")


@register.filter
def summed(value: str | None) -> str:
    """The word for rows that record `value`, such as `payments`, to be shown beside a sum."""
    return choices.SUMMED.get(value or "", "links")


@register.filter
def state(value: str) -> str:
    """The words for the state of a connection."""
    return STATES.get(value, value)


@register.simple_tag
def party(entity: Any) -> SafeString | str:
    """A link to a party's page with its name. Takes a model's row, a mapping, or None."""
    if entity is None:
        return "a party not known"
    entity_id, name = _party(entity)
    return format_html('<a href="/parties/{}/">{}</a>', entity_id, name)


def _party(entity: Any) -> tuple[UUID | str, str]:
    if isinstance(entity, dict):
        return entity["id"], entity["name"]
    return entity.id, entity.name


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """The page's query string with these parameters changed. The value None removes a parameter."""
    parameters: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"


@register.simple_tag
def address(path: str, **parameters: Any) -> str:
    """The URL of `path` with these parameters. Parameters whose value is None or "" are left
    out."""
    chosen = {name: str(value) for name, value in parameters.items() if value not in (None, "")}
    return f"{path}?{urlencode(chosen)}" if chosen else path
