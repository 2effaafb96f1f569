"""Parses untrusted content (mail, HTML, PDF, archives, tables) in child processes with limits.

`pool` runs in the worker and `parser_process` in the child. `parser_tasks` has the tasks of a
child, and `frames` encodes values between the two. A child imports no Django, has no secret in its
environment and opens no connection.
"""
