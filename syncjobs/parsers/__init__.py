"""What strangers write (mail, HTML, PDF, archives, tables) is parsed by limited child processes.

`pool` is the worker's side, `process` the child's, `tasks` what a child can do, `wire` how values
cross. A child imports no Django, has no secret in its environment and opens no connection.
"""
