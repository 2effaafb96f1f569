"""What can go wrong in the graph, as one small tree.

GraphError
├── ViewError            the view cannot be read or refreshed as asked
│   ├── ViewMissing      it does not exist
│   ├── ViewUnpopulated  it exists, but was never refreshed
│   └── RefreshRunning   another refresh holds the lock
├── Later            not now; `after` says in how many seconds it is worth asking again
│   ├── TooMany      the tenant has as much of this under way as it may
│   ├── Busy         this process has
│   └── TookTooLong  it was ended at its limit
├── TenantUnknown        no user goes by that id or address
├── LedgerError          a ledger file cannot be imported
├── DocumentError        a document cannot be read as text
├── AdoptError           another system's tables cannot be brought over as asked
└── QuestionError        a question's argument is out of range; `field` names it
    ├── KeyReused        the idempotency key was given with another request
    ├── KeyInUse         the request that it was given with is under way
    ├── NotFound         the entity or relationship is not in this tenant's graph
    └── TooOld           what has changed since a version is not known any more
"""


class GraphError(Exception):
    """Its text is one sentence for a person: what, where and what to do."""


class ViewError(GraphError):
    pass


class ViewMissing(ViewError):
    HINT = "Run: manage.py migrate"

    def __init__(self) -> None:
        super().__init__(f"The view view_enriched_relationships is missing. {self.HINT}")


class ViewUnpopulated(ViewError):
    HINT = "Run: manage.py refresh_enriched_view --no-concurrently"

    def __init__(self, message: str = "The view was never refreshed.") -> None:
        super().__init__(f"{message} {self.HINT}")


class RefreshRunning(ViewError):
    pass


class Later(GraphError):
    def __init__(self, message: str, after: float) -> None:
        super().__init__(message)
        self.after = after


class TooMany(Later):
    pass


class Busy(Later):
    pass


class TookTooLong(Later):
    def __init__(self) -> None:
        super().__init__(
            "It took longer than a question may. Narrow it (a shorter time, fewer types, a smaller "
            "limit or depth), or where the schema offers it ask with `Prefer: respond-async`: then "
            "a worker computes it.",
            after=10,
        )


class TenantUnknown(GraphError):
    pass


class LedgerError(GraphError):
    pass


class DocumentError(GraphError):
    pass


class AdoptError(GraphError):
    pass


class QuestionError(GraphError):
    """An argument that cannot be answered; `field` is the parameter's name."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class NotFound(QuestionError):
    pass


class TooOld(QuestionError):
    pass


class KeyReused(QuestionError):
    def __init__(self) -> None:
        super().__init__(
            "This key was given with another request: choose a new one.", "Idempotency-Key"
        )


class KeyInUse(QuestionError):
    def __init__(self) -> None:
        super().__init__(
            "The request with this key is under way: ask again for its answer.", "Idempotency-Key"
        )
