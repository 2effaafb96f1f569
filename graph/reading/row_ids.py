"""Reads the id of a row from a request's text."""

from uuid import UUID

from graph.errors import NotFound


def parsed(text: UUID | str) -> UUID | None:
    """Return the text as an id, or None if it is no UUID."""
    try:
        return UUID(str(text))
    except ValueError:
        return None


def required(text: UUID | str, message: str, field: str = "id") -> UUID:
    """Return the text as an id. Raises NotFound with the message, naming the field, if it is no
    UUID."""
    row_id = parsed(text)
    if row_id is None:
        raise NotFound(message, field)
    return row_id
