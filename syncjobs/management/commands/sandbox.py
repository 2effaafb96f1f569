"""`manage.py sandbox`: a development tool, whose code is in syncjobs/sandbox/."""

from graph.management.development_tools import command

Command = command("sandbox", "syncjobs.sandbox.command")
