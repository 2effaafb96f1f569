"""Untrusted content (mail, HTML, PDF, archives, tables) is parsed in child processes with limits.

`pool` is the worker's part, `process` the child's, `tasks` what a child can do, `frames` how values
are encoded. A child imports no Django, has no secret in its environment and opens no connection.
"""
