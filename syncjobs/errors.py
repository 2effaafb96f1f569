"""What can go wrong in a sync, as one small tree.

SyncError
├── Transient       try again; not before `after` seconds, where the other side said so
├── Permanent       trying again cannot help; `reauthorise`: the person must connect anew
│   ├── Refused     a provider's 4xx, for its source to interpret: `status` and `reason`
│   └── Unreadable  this one item has no bytes to read; the rest of the sync goes on
└── CursorLost      no failure: start again with a full sync (cursor None)
"""


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


class CursorLost(SyncError):
    pass
