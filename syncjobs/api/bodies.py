"""Parses request bodies: JSON of limited size."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from syncjobs.api import bounds


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE

    def __init__(self) -> None:
        super().__init__(bounds.sentence())


def raw(request: Request) -> bytes:
    """Read the body of the request. Raises TooLarge, after at most the limit of bytes was read."""
    return _bounded(request, request.META)


def _bounded(stream: IO[bytes] | Request, meta: Mapping[str, Any]) -> bytes:
    if bounds.states_more(str(meta.get("CONTENT_LENGTH", ""))):
        raise TooLarge
    body: bytes = stream.read(bounds.most() + 1)
    if len(body) > bounds.most():
        raise TooLarge
    return body


def decoded(body: bytes) -> Any:
    """Parse the body as JSON and return its value.

    Raises ParseError for invalid JSON, and for text that is not valid Unicode.
    """
    try:
        value = json.loads(body.decode(), parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise ParseError(f"The body is not JSON: {reason}.") from None
    return value


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


class BoundedJSON(BaseParser):
    """A parser for JSON of limited size. Other media types are refused."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        request = (parser_context or {})["request"]
        return decoded(_bounded(stream, request.META))
