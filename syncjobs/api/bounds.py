"""The maximum size of a request body.

The server imports this before Django's setup, so it does not import REST framework.
"""

from django.conf import settings


def most() -> int:
    """The number of bytes that a request's body may have at most."""
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def states_more(content_length: str) -> bool:
    """Return whether a Content-Length exceeds the maximum."""
    return content_length.isdigit() and int(content_length[:20]) > most()


def sentence() -> str:
    return f"The body is too large. The maximum is {most():,} bytes."
