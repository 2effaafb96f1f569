"""Caches the answers of slow questions in the process while the graph's version stays the same."""

from collections.abc import Callable
from threading import Lock
from typing import Any, Concatenate
from uuid import UUID

from cachetools import LRUCache

from graph.questions import days
from graph.view import version

_answers: LRUCache[tuple[Any, ...], Any] = LRUCache(maxsize=64)
_lock = Lock()


def answer[Answer](
    question: Callable[Concatenate[UUID, ...], Answer], user_id: UUID, *arguments: str
) -> Answer:
    """Call `question(user_id, *arguments)`, or return its stored answer if the tenant's graph and
    the tenant's date are still the same. Callers must not change the answer."""
    key = (question, arguments, user_id, version.version(user_id), days.today(user_id))
    with _lock:
        kept: Answer | None = _answers.get(key)
    if kept is not None:
        return kept
    fresh = question(user_id, *arguments)
    with _lock:
        _answers[key] = fresh
    return fresh


def forget() -> None:
    """Delete all cached answers."""
    with _lock:
        _answers.clear()
