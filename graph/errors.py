"""All errors of the graph, as one small tree.

GraphError
├── ViewError            the view cannot be read or refreshed
│   ├── ViewMissing      it does not exist
│   ├── ViewUnpopulated  it exists, but was never populated
│   ├── FunctionMissing  the database lacks a function that this release calls
│   └── RefreshRunning   another refresh holds the lock
├── Later                not possible now; retry in `after` seconds
│   ├── TooMany          the tenant runs as much of this work as it may
│   ├── Busy             this process runs as much of this work as it can
│   └── TookTooLong      the question reached its time limit
├── TenantUnknown        no user has that id or email address
├── LedgerError          a ledger file cannot be imported
├── DocumentError        a document cannot be read as text
├── AdoptError           another system's tables cannot be imported
└── QuestionError        a question's argument is invalid; `field` names it
    ├── DecidedMeanwhile what is to be decided has another state than the person saw
    ├── KeyReused        the idempotency key was used with a different request
    ├── KeyInUse         the request with the idempotency key is still running
    ├── NotFound         the entity or relationship is not in this tenant's graph
    └── TooOld           the changes since a version are no longer recorded, or are too many
"""


class GraphError(Exception):
    """An error. The message is for a person: what is wrong, where, and what to do."""


class ViewError(GraphError):
    pass


class ViewMissing(ViewError):
    HINT = "Run: manage.py migrate"

    def __init__(self) -> None:
        super().__init__(f"The view view_enriched_relationships is missing. {self.HINT}")


class ViewUnpopulated(ViewError):
    HINT = "Run: manage.py refresh_enriched_view --no-concurrently"

    def __init__(self, message: str = "The view was never populated.") -> None:
        super().__init__(f"{message} {self.HINT}")


class FunctionMissing(ViewError):
    HINT = "Run: manage.py migrate"

    def __init__(self) -> None:
        super().__init__(f"The database lacks a function that this release calls. {self.HINT}")


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
            "The question reached its time limit. Narrow it (a shorter period, fewer types, a "
            "smaller limit or depth), or send `Prefer: respond-async` where the schema offers it: "
            "a worker then computes the answer.",
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
    """An argument is invalid. `field` is the parameter's name."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class DecidedMeanwhile(QuestionError):
    """Another person has decided the same case, pair or prediction since this person read it.
    Nothing was changed."""


class NotFound(QuestionError):
    pass


class TooOld(QuestionError):
    pass


class KeyReused(QuestionError):
    def __init__(self) -> None:
        super().__init__(
            "This key was used with a different request. Choose a new one.", "Idempotency-Key"
        )


class KeyInUse(QuestionError):
    def __init__(self) -> None:
        super().__init__(
            "The request with this key is still running. Repeat it later for its answer.",
            "Idempotency-Key",
        )
