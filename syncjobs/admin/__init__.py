"""The ledger in the admin: dead letters to act on; connections, runs, items and duties to read."""

from syncjobs.admin import connections, failures, runs

__all__ = ["connections", "failures", "runs"]
