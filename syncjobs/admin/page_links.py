"""Links between admin pages."""

from urllib.parse import urlencode

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html

from syncjobs.models import JobFailure


def page_of(model: type[Model], key: object) -> str:
    return reverse(f"admin:syncjobs_{model._meta.model_name}_change", args=[key])


def link(model: type[Model], key: object, text: object = None) -> str:
    """An HTML link to the row's admin page, labelled with its key or `text`. A dash if there is no
    row."""
    if not key:
        return "-"
    return format_html('<a class="text-link" href="{}">{}</a>', page_of(model, key), text or key)


def failures(**filters: str) -> str:
    """The URL of the list of failures with these filters, in all states unless one is given."""
    query = urlencode({"status__exact": "all", **filters})
    return f"{reverse(f'admin:syncjobs_{JobFailure._meta.model_name}_changelist')}?{query}"
