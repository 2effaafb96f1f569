"""What a token may let its bearer do: read, sync (and change connections), administer.

A session of the pages has these, too, by the member's role; a reviewer's has `review`, by which
people decide about cases, parties and predictions. Whoever may sync may also review.
"""

from collections.abc import Iterable

READ, SYNC, ADMIN = "read", "sync", "admin"
SCOPES = (READ, SYNC, ADMIN)
REVIEW = "review"
IMPLIED = {SYNC: (REVIEW,)}


def allowed(scopes: Iterable[str]) -> set[str]:
    """The scopes, and those that they imply."""
    return {*scopes, *(implied for scope in scopes for implied in IMPLIED.get(scope, ()))}
