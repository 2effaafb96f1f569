"""Admin pages: dead letters to act on; connections, runs, items and periodic tasks to read."""

from syncjobs.admin import alerts, bulk_replays, connections, failures, runs, uploads

__all__ = ["alerts", "bulk_replays", "connections", "failures", "runs", "uploads"]
