"""Answers of the slower questions, kept in the process while the graph's version holds."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any
from uuid import UUID

from graph.questions import days
from graph.view import version

MOST = 64  # answers
_lock = Lock()
_answers: OrderedDict[tuple[Any, ...], Any] = OrderedDict()


def answer[Answer](question: Callable[[UUID], Answer], user_id: UUID) -> Answer:
    """The question's answer for the tenant's graph as it is today; not to be changed in place."""
    key = (question, user_id, version.version(user_id), days.today(user_id))
    with _lock:
        if key in _answers:
            _answers.move_to_end(key)
            kept: Answer = _answers[key]
            return kept
    fresh = question(user_id)
    with _lock:
        _answers[key] = fresh
        while len(_answers) > MOST:
            _answers.popitem(last=False)
    return fresh
