"""Template filters that format amounts, days and parties."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import template
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
MISSING = "\N{EN DASH}"
STATES = {"alive": "works", "suspect": "has trouble", "dead": "connect it again"}


@register.filter
def money(amount: Any, currency: str | None = "") -> str:
    """`GBP 1,260.16`. A minus is before the currency. A dash if there is no amount."""
    if amount is None or amount == "":
        return MISSING
    value = Decimal(amount)
    text = f"{currency or ''} {abs(value):,.2f}".strip()
    return f"\N{MINUS SIGN}{text}" if value < 0 else text


@register.filter
def day(value: date | datetime | str | None) -> str:
    """`3 Jul 2025`, also for a text such as 2025-07-03."""
    if not value:
        return MISSING
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return f"{value.day} {value:%b %Y}"


@register.filter
def month(value: str) -> str:
    """`Jul 2025` for 2025-07."""
    return f"{date.fromisoformat(f'{value}-01'):%b %Y}"


@register.filter
def percent(share: float | None) -> str:
    """`95 %` for 0.95."""
    return MISSING if share is None else f"{share:.0%}".replace("%", " %")


@register.filter
def words(value: str) -> str:
    """`same transaction` for same_transaction."""
    return str(value).replace("_", " ")


@register.filter
def state(value: str) -> str:
    """A connection's state in words."""
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
    """The page's query with these parameters changed. None removes a parameter."""
    parameters: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"
