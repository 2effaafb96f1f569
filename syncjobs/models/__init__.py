"""The ledger of background work: what was asked, what became of it, what it found."""

from syncjobs.models.connections import SyncConnection
from syncjobs.models.failures import JobFailure
from syncjobs.models.items import ExternalItem
from syncjobs.models.periodic import Duty
from syncjobs.models.runs import JobAttempt, SyncRun
from syncjobs.models.uploads import Upload, UploadPiece

__all__ = [
    "Duty",
    "ExternalItem",
    "JobAttempt",
    "JobFailure",
    "SyncConnection",
    "SyncRun",
    "Upload",
    "UploadPiece",
]
