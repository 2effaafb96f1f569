"""Admin pages: dead letters to act on; connections, runs, items and periodic tasks to read."""

from syncjobs.admin import alerts, connections, failures, runs, uploads

__all__ = ["alerts", "connections", "failures", "runs", "uploads"]
