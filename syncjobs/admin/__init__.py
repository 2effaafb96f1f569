"""Admin pages: dead letters to act on; connections, runs, items and periodic tasks to read."""

from syncjobs.admin import connections, failures, runs, uploads

__all__ = ["connections", "failures", "runs", "uploads"]
