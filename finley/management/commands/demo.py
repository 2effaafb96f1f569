"""`manage.py demo`: a development tool, whose code is in finley/demo/."""

from graph.management.development_tools import command

Command = command("demo", "finley.demo.command")
