"""What can go wrong, as two small trees: in a sync, and in what a person or a program asks for.

SyncError
├── Transient       try again; not before `after` seconds, where the other side said so
├── Permanent       trying again cannot help; `reauthorise`: the person must connect anew
│   ├── Refused     a provider's 4xx, for its source to interpret: `status` and `reason`
│   └── Unreadable  this one item cannot be read; the rest of the sync goes on
│       └── ParserFailed  its parser was ended or broke: it may be tried again
├── CursorLost      no failure: start again with a full sync (cursor None)
└── LeaseLost       this start of the run may save no more: another one has taken over, or it ended

RequestError        `field` is the argument that is wrong
├── ConnectionUnknown   the tenant has no such connection
├── ConnectionUnusable  it is dead, paused or removed
│   └── StateRefused    it cannot go from its state to that one
├── AlreadyConnected    that connection of Nango's is registered already
├── NotYours            Nango knows no such connection of this tenant's
├── NangoUnavailable    Nango could not be asked; again `after` seconds
├── RunUnknown          the tenant has no such run
├── AlreadyActive       a run of the connection is queued or running: `run_id`
├── AlreadyEnded        the run cannot be cancelled any more
├── PayloadRefused      a replay's edited payload is none that a run can be asked with
├── PaceRefused         so many a minute cannot be
└── ReasonMissing       a failure is discarded with a reason only
"""

from uuid import UUID


class SyncError(Exception):
    """Its text is a sentence a person can act on, and holds no secret."""


class Transient(SyncError):
    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class Permanent(SyncError):
    def __init__(self, message: str, reauthorise: bool = False) -> None:
        super().__init__(message)
        self.reauthorise = reauthorise


class Refused(Permanent):
    def __init__(
        self, message: str, status: int = 400, reason: str = "", reauthorise: bool = False
    ) -> None:
        super().__init__(message, reauthorise)
        self.status = status
        self.reason = reason


class Unreadable(Permanent):
    pass


class ParserFailed(Unreadable):
    pass


class CursorLost(SyncError):
    pass


class LeaseLost(SyncError):
    pass


class RequestError(Exception):
    field = "detail"


class ConnectionUnknown(RequestError):
    field = "connection"


class ConnectionUnusable(RequestError):
    field = "connection"


class StateRefused(ConnectionUnusable):
    field = "state"


class AlreadyConnected(RequestError):
    field = "nango_connection_id"


class NotYours(RequestError):
    field = "nango_connection_id"


class NangoUnavailable(RequestError):
    def __init__(self, message: str, after: float) -> None:
        super().__init__(message)
        self.after = after


class RunUnknown(RequestError):
    field = "id"


class AlreadyActive(RequestError):
    field = "connection"

    def __init__(self, message: str, run_id: UUID) -> None:
        super().__init__(message)
        self.run_id = run_id


class AlreadyEnded(RequestError):
    field = "id"


class PayloadRefused(RequestError):
    field = "payload"


class PaceRefused(RequestError):
    field = "per_minute"


class ReasonMissing(RequestError):
    field = "reason"
