"""All errors of syncs, and of requests by people and programs, as two small trees.

SyncError
├── Transient       try again, after `after` seconds if the provider asked for a wait
├── Permanent       trying again cannot help; `reauthorise`: the person must connect anew
│   ├── Refused     a provider's 4xx, for its source to interpret: `status` and `reason`
│   └── Unreadable  this one item cannot be read; the rest of the sync goes on
│       └── ParserFailed  the item's parser was ended or broke: a later sync may try again
├── CursorLost      the cursor is not valid any more: begin a full sync (cursor None)
├── LeaseLost       this attempt may save no more: another has taken over, or the run ended
├── AddressRefused  a webhook may not go to this address
├── HostUnknown     the host of a webhook cannot be resolved
└── SecretUnreadable    a stored secret cannot be decrypted

RequestError        `field` is the wrong argument
├── ConnectionUnknown   the tenant has no such connection
├── ConnectionUnusable  the connection is dead, paused or removed
│   └── StateRefused    this change of the connection's state is not possible
├── AlreadyConnected    Nango's connection is already registered
├── NotYours            Nango knows no such connection of this tenant
├── NangoUnavailable    Nango cannot be reached; retry in `after` seconds
├── RunUnknown          the tenant has no such run
├── AlreadyActive       the run `run_id` of the connection is queued or running
├── AlreadyEnded        the run has ended and cannot be cancelled
├── PayloadRefused      the edited payload of a replay is not valid
├── PaceRefused         the number of replays per minute is not possible
├── ReasonMissing       discarding a failure needs a reason
└── EndpointRefused     an endpoint cannot be made or changed like this
"""

from uuid import UUID


class SyncError(Exception):
    """The root of the errors of syncs. The message is for a person who can act on it, and contains
    no secrets."""


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


class AddressRefused(SyncError):
    pass


class HostUnknown(SyncError):
    pass


class SecretUnreadable(SyncError):
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


class EndpointRefused(RequestError):
    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field
