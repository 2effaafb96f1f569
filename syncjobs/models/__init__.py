"""The tables of background work: connections, runs, attempts, items, failures, replays,
uploads, deliveries, exports, tasks of the project."""

from syncjobs.models.connections import SyncConnection
from syncjobs.models.deliveries import OPERATORS, AlertRule, Delivery, DeliveryEndpoint
from syncjobs.models.exports import TenantExport, TenantExportPiece
from syncjobs.models.failures import JobFailure
from syncjobs.models.items import ExternalItem
from syncjobs.models.periodic import Duty
from syncjobs.models.project_tasks import ProjectTask
from syncjobs.models.replays import ReplayBatch, ReplayItem
from syncjobs.models.runs import JobAttempt, SyncRun
from syncjobs.models.saved_filters import SavedFilter
from syncjobs.models.uploads import Upload, UploadPiece
from syncjobs.models.workers import WorkerProcess

__all__ = [
    "OPERATORS",
    "AlertRule",
    "Delivery",
    "DeliveryEndpoint",
    "Duty",
    "ExternalItem",
    "JobAttempt",
    "JobFailure",
    "ProjectTask",
    "ReplayBatch",
    "ReplayItem",
    "SavedFilter",
    "SyncConnection",
    "SyncRun",
    "TenantExport",
    "TenantExportPiece",
    "Upload",
    "UploadPiece",
    "WorkerProcess",
]
