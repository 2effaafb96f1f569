"""Admin pages: job failures with actions, and read-only connections, runs, items and periodic
tasks."""

from syncjobs.admin import (
    alerts,
    bulk_replays,
    connections,
    failures,
    project_tasks,
    runs,
    tenant_exports,
    uploads,
)

__all__ = [
    "alerts",
    "bulk_replays",
    "connections",
    "failures",
    "project_tasks",
    "runs",
    "tenant_exports",
    "uploads",
]
