"""What a token may do: read, sync (which includes changing connections), or admin.

A session of the pages has these scopes according to the member's role. A reviewer's session has
`review`, which allows decisions about cases, parties and predictions. The scope sync implies it.
"""

from collections.abc import Iterable

READ, SYNC, ADMIN = "read", "sync", "admin"
SCOPES = (READ, SYNC, ADMIN)
REVIEW = "review"
IMPLIED = {SYNC: (REVIEW,)}


def allowed(scopes: Iterable[str]) -> set[str]:
    """Return the scopes together with the scopes that they imply."""
    return {*scopes, *(implied for scope in scopes for implied in IMPLIED.get(scope, ()))}
