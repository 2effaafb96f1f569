"""How large a request's body may be. It is read before Django is set up: no REST framework here."""

from django.conf import settings


def most() -> int:
    """In bytes."""
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def states_more(content_length: str) -> bool:
    """Whether a Content-Length says more than that."""
    return content_length.isdigit() and int(content_length[:20]) > most()


def sentence() -> str:
    return f"The body is too large: {most():,} bytes at most."
