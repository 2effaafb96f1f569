"""The names of sources in pages, by the tenant whose page it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from graph.questions import source_names

_tenant: ContextVar[UUID | None] = ContextVar("tenant of the page", default=None)


@contextmanager
def of_tenant(user_id: UUID) -> Iterator[None]:
    """While the block runs, `readable` uses this tenant's names of sources, which are read once."""
    token = _tenant.set(user_id)
    try:
        with source_names.read_once():
            yield
    finally:
        _tenant.reset(token)


def readable(text: str) -> str:
    """The text with names of sources in place of keys that programs made. The names are those of
    the tenant of `of_tenant`."""
    user_id = _tenant.get()
    return source_names.in_words(user_id, text) if user_id else source_names.readable(text, {})
