"""The ledger in the admin: dead letters to act on; connections, runs, items and duties to read."""

from syncjobs.admin import connections, failures, ledger

__all__ = ["connections", "failures", "ledger"]
