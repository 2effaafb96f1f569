"""Views whose POST may be repeated with an Idempotency-Key. graph.http.idempotency stores the
keys."""

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from graph.api.tenant_view import TenantView
from graph.http.idempotency import IdempotentRequest
from graph.models import RepeatedRequest

KEY = "Idempotency-Key"
KEY_LENGTH = 200
REPLAYED = "Idempotent-Replayed"
Post = Callable[..., Response]


class IdempotentView(TenantView):
    """A view whose POST takes an Idempotency-Key. A repeated key returns the first response.

    Subclasses need nothing for this: the class wraps each `post` that they define with
    `idempotent`.
    """

    post: Post

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "post" in cls.__dict__:
            cls.post = idempotent(cls.post)

    def before_post(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Do what a POST needs from other services. It is called before the POST, outside of any
        transaction."""


def idempotent(post: Post) -> Post:
    """Return the handler, changed to run once per Idempotency-Key. Without a key it runs each
    time."""

    @wraps(post)
    def once(view: IdempotentView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = _key(request)
        if key is None:
            view.before_post(request, *args, **kwargs)
            return post(view, request, *args, **kwargs)
        repeated = IdempotentRequest(view.tenant(request), key, _digest(request))
        if recorded := repeated.answered():
            return _again(recorded)
        view.before_post(request, *args, **kwargs)
        with repeated.first() as first:
            if first.known is not None:
                return _again(first.known)
            answer = post(view, request, *args, **kwargs)
            if answer.status_code < 300:
                first.keep(answer.status_code, _text(answer), answer.headers.get("Location", ""))
            return answer

    return once


def _key(request: Request) -> str | None:
    """Return the request's Idempotency-Key, or None. Raises ValidationError for a malformed key."""
    key: str | None = request.headers.get(KEY)
    if key is None:
        return None
    if not (1 <= len(key) <= KEY_LENGTH and key.isascii() and key.isprintable()):
        raise ValidationError({KEY: [f"Must be 1 to {KEY_LENGTH} printable ASCII characters."]})
    return key


def _digest(request: Request) -> str:
    """Return a hash of the path and the body. Equal JSON has equal hashes."""
    text = json.dumps([request.get_full_path(), request.data], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _text(answer: Response) -> str:
    if answer.data is None:
        return ""
    rendered: bytes = JSONRenderer().render(answer.data)
    return rendered.decode()


def _again(recorded: RepeatedRequest) -> Response:
    headers = {REPLAYED: "true", **({"Location": recorded.location} if recorded.location else {})}
    data = json.loads(recorded.answer) if recorded.answer else None
    return Response(data, recorded.status, headers=headers)
